// `precision: "f16"`: queries, keys and values are stored as float16. Of numbers that are exact in float16 each attention
// gives the float64 reference's result as it does in float32; the whole rounds compressed keys and values besides.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attend,
  causalRanges,
  sparseAttention,
  sparseAttentionBackward,
  visibleInBlocks,
  visibleInRanges,
} from "../cpu/mod.ts";
import { createSparseAttention } from "../create.ts";
import { webgpuMissing } from "../testing/backends.ts";
import { caseOf, float32, largest, leaves, relativeError } from "../testing/random_case.ts";

/** To the nearest float16. */
const half = (x: number): number => {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x) || 1))) - 10);
  return Math.round(x / step) * step;
};

test("float16 storage: attention of numbers that float16 holds is exact to float32, the whole to float16", {
  skip: webgpuMissing,
}, async () => {
  const problem = caseOf([45, 45], { queryHeads: 4, headDim: 8, valueDim: 4, hidden: 3 });
  const { inputs, heads, pattern, layout, outputGradient } = problem;
  for (const [path, array] of leaves(inputs))
    if (/query|keys|values/.test(path) && !path.startsWith("compression")) array.set(array.map(half));
  const { input, outputGradient: gradient } = float32(problem);
  const { segments } = input;
  const nsa = await createSparseAttention({ backend: "webgpu", precision: "f16", ...heads, ...pattern });
  const { output, residuals } = await nsa.forward(input);
  const expected = sparseAttention(inputs, heads, layout, pattern);
  const off = relativeError(output, expected.output);
  assert.ok(off < 1e-3 && off > 1e-6, `output is off by ${off}`);
  const expectedBack = leaves(sparseAttentionBackward(expected.residuals, outputGradient, heads, pattern));
  const floor = 1e-2 * Math.max(...[...expectedBack.values()].map((array) => largest(array)));
  for (const [path, array] of leaves(await nsa.backward(residuals, gradient))) {
    const error = relativeError(array, expectedBack.get(path)!, floor);
    assert.ok(error < 2e-2, `gradient of ${path} is off by ${error}`);
  }

  const { blocks } = expected.residuals;
  const of = (name: "selected" | "window") => ({
    query: input.query,
    keys: input.keys[name],
    values: input.values[name],
  });
  for (const [name, seen, result] of [
    [
      "selected",
      visibleInBlocks(blocks, layout, pattern, heads.kvHeads),
      await nsa.selectedAttention({ ...of("selected"), segments, blocks }),
    ],
    ["window", visibleInRanges(causalRanges(layout)), await nsa.fullAttention({ ...of("window"), segments })],
  ] as const) {
    const there = attend({ query: inputs.query, keys: inputs.keys[name], values: inputs.values[name] }, heads, seen);
    assert.ok(relativeError(result.output, there.output) < 1e-5, name);
  }

  // Decoding stores float16 too: the rows are those of the whole.
  const cache = await nsa.createCache({ batch: 2, capacity: 45, compression: input.compression });
  const part = (array: Float32Array, first: number, end: number) => {
    const width = array.length / 90;
    const row = (start: number) => array.subarray((start + first) * width, (start + end) * width);
    return Float32Array.of(...row(0), ...row(45));
  };
  const tokens = (first: number, end: number) => {
    const all = ({ compressed, selected, window }: typeof input.keys) => ({
      compressed: part(compressed, first, end),
      selected: part(selected, first, end),
      window: part(window, first, end),
    });
    return { keys: all(input.keys), values: all(input.values) };
  };
  await nsa.append(cache, tokens(0, 43), 43);
  for (let t = 43; t < 45; t++) {
    const step = { query: part(input.query, t, t + 1), gates: part(input.gates, t, t + 1), ...tokens(t, t + 1) };
    const row = await nsa.decode(step, cache);
    assert.ok(relativeError(row, part(output, t, t + 1)) < 1e-5, `token ${t}`);
  }
  await nsa.dispose();
});
