// Each backend that can run here gives the float64 oracle's numbers, forward and backward.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Branches } from "./contract.ts";
import {
  attend,
  attendBackward,
  causalRanges,
  compressedRanges,
  importanceOf,
  sparseAttention,
  sparseAttentionBackward,
  visibleInBlocks,
  visibleInRanges,
  zeros,
} from "./cpu/mod.ts";
import { createSparseAttention } from "./create.ts";
import type { SparseAttention } from "./sparse_attention.ts";
import { backends, shownByDawn } from "./testing/backends.ts";
import { type Case, caseOf, float32, largest, leaves, relativeError, smallPattern } from "./testing/random_case.ts";

// Compiling is what takes time, so each configuration is made once and meets several lists of segments.
const configurations = {
  "groups of 4, two KV heads, values of another size, learnt φ": {
    options: { queryHeads: 8, kvHeads: 2, headDim: 8, valueDim: 12, hidden: 5 },
    cases: [[1], [5], [101], [9, 3, 1, 40, 18]],
  },
  "groups of 16, l' = 32": {
    options: {
      queryHeads: 16,
      headDim: 8,
      pattern: { ...smallPattern, compressionBlock: 16, compressionStride: 8, selectionBlock: 32, window: 50 },
    },
    cases: [[133]],
  },
  "the paper's heads: keys of 192, values of 128": {
    options: { queryHeads: 4, headDim: 192, valueDim: 128 },
    cases: [[70, 5]],
  },
};

for (const { backend, skip, options: more } of backends)
  for (const [name, { cases, options }] of Object.entries(configurations))
    test(`${[backend, more?.gpuJsMode].join(" ").trim()}: ${name}: forward and backward are the oracle's`, {
      skip: skip || (backend === "webgpu" && !("hidden" in options) && shownByDawn),
    }, async () => {
      const first = caseOf([1], options);
      const nsa = await createSparseAttention({ backend, ...first.heads, ...first.pattern, ...more });
      try {
        for (const lengths of cases) {
          const problem = caseOf(lengths, options);
          const { heads, layout, pattern } = problem;
          const expected = sparseAttention(problem.inputs, heads, layout, pattern);
          const expectedBack = leaves(
            sparseAttentionBackward(expected.residuals, problem.outputGradient, heads, pattern),
          );
          const { input, outputGradient } = float32(problem);
          const { output, residuals } = await nsa.forward(input);
          const error = relativeError(output, expected.output);
          assert.ok(error < 1e-5, `${lengths}: output is off by ${error}`);
          const gradients = leaves(await nsa.backward(residuals, outputGradient));
          assert.deepEqual([...gradients.keys()].sort(), [...expectedBack.keys()].sort());
          // The gradient of the keys' last bias is 0, as it shifts all scores of a query alike: so sizes have a floor.
          const floor = 1e-2 * Math.max(...[...expectedBack.values()].map((array) => largest(array)));
          for (const [path, gradient] of gradients) {
            const off = relativeError(gradient as unknown as Float32Array, expectedBack.get(path)!, floor);
            assert.ok(off < 1e-4, `${lengths}: gradient of ${path} is off by ${off}`);
          }
          if (lengths === cases[0]) {
            const again = leaves(await nsa.backward(residuals, outputGradient));
            for (const [path, gradient] of gradients) assert.deepEqual(again.get(path), gradient, `${path} changes`);
          }
          residuals.dispose();
        }
        if (!("hidden" in options)) return;
        await keepsThePast(nsa, caseOf([40, 31], options));
        await decodes(nsa, caseOf([45, 45], options));
        await attendsInPieces(nsa, caseOf([50, 21], options));
        await isFullWhereAllIsSeen(nsa, caseOf([4 * 16, 33], options), caseOf([12, 5], options));
      } finally {
        await nsa.dispose();
      }
    });

/** Changing tokens changes nothing before them, to the last bit. */
async function keepsThePast(nsa: SparseAttention, problem: Case) {
  const { input } = float32(problem);
  const before = (await nsa.forward(input)).output;
  for (const [path, array] of leaves(input))
    if (!path.startsWith("compression") && path !== "segments") {
      const width = array.length / problem.layout.tokens;
      for (let i = 50 * width; i < array.length; i++) array[i] += 1;
    }
  const after = (await nsa.forward(input)).output;
  const past = (50 * before.length) / problem.layout.tokens;
  assert.deepEqual(after.subarray(0, past), before.subarray(0, past), "the future changes the past");
  assert.notDeepEqual(after, before);
}

/** A prompt and then token after token give the rows that the whole gives. */
async function decodes(nsa: SparseAttention, problem: Case) {
  const { input } = float32(problem);
  const { output } = await nsa.forward(input);
  const [batch, time, prompt] = [2, 45, 38];
  const cache = await nsa.createCache({ batch, capacity: time, compression: input.compression });
  const part = (array: Float32Array, first: number, end: number) => {
    const width = array.length / (batch * time);
    const rows = [0, 1].map((row) => array.subarray((row * time + first) * width, (row * time + end) * width));
    return Float32Array.of(...rows[0], ...rows[1]);
  };
  const branches = ({ compressed, selected, window }: Branches<Float32Array>, first: number, end: number) => ({
    compressed: part(compressed, first, end),
    selected: part(selected, first, end),
    window: part(window, first, end),
  });
  const tokens = (first: number, end: number) => ({
    keys: branches(input.keys, first, end),
    values: branches(input.values, first, end),
  });
  await nsa.append(cache, tokens(0, prompt), prompt);
  for (let t = prompt; t < time; t++) {
    const step = { query: part(input.query, t, t + 1), gates: part(input.gates, t, t + 1), ...tokens(t, t + 1) };
    const row = await nsa.decode(step, cache);
    const error = relativeError(row, part(output, t, t + 1));
    assert.ok(error < 1e-5, `token ${t} is off by ${error}`);
  }
  assert.equal(cache.length, time);
  await assert.rejects(nsa.append(cache, tokens(0, 1)), /the cache holds 45 of 45 tokens, 1 more do not fit/);
  cache.dispose();
}

/** n · l' ≥ T: selected attention is full attention; w ≥ T: so is the window's. */
async function isFullWhereAllIsSeen(nsa: SparseAttention, asSelected: Case, asWindow: Case) {
  for (const problem of [asSelected, asWindow]) {
    const { input, outputGradient } = float32(problem);
    const { query, segments } = input;
    const one = { query, keys: input.keys.selected, values: input.values.selected, segments };
    const full = await nsa.fullAttention(one);
    const importance = await nsa.blockImportance({ query, keys: one.keys, segments });
    const blocks = await nsa.selectBlocks({ importance, segments, time: problem.layout.tokens });
    const sparse =
      problem === asSelected ? await nsa.selectedAttention({ ...one, blocks }) : await nsa.slidingWindowAttention(one);
    assert.ok(relativeError(sparse.output, full.output) < 1e-5, `${sparse.residuals.kind}: not full attention`);
    const expected = leaves(await nsa.attentionBackward(full.residuals, outputGradient));
    for (const [path, array] of leaves(await nsa.attentionBackward(sparse.residuals, outputGradient)))
      assert.ok(relativeError(array, expected.get(path)!) < 1e-4, `${sparse.residuals.kind}: gradient of ${path}`);
  }
}

/** Each attention alone, its gradients, importance and selection. */
async function attendsInPieces(nsa: SparseAttention, problem: Case) {
  const { heads, layout, pattern, inputs } = problem;
  const { input, outputGradient } = float32(problem);
  const { segments } = input;
  const expected = sparseAttention(inputs, heads, layout, pattern).residuals;
  const importance = await nsa.blockImportance({
    query: input.query,
    keys: input.keys.compressed,
    compression: input.compression?.keys,
    segments,
  });
  const { logSumExp } = expected.branches.compressed;
  const oracle = { query: inputs.query, keys: expected.compressedKeys, logSumExp };
  const ranges = compressedRanges(layout, pattern);
  assert.ok(relativeError(importance, importanceOf(oracle, heads, layout, pattern, ranges)) < 1e-5, "importance");
  const blocks = await nsa.selectBlocks({ importance, segments, time: layout.tokens });
  assert.deepEqual(blocks, expected.blocks);

  const of = (name: "compressed" | "selected" | "window") => ({
    query: input.query,
    keys: input.keys[name],
    values: input.values[name],
    segments,
  });
  const { compression } = input;
  for (const [name, keys, seen, run] of [
    ["fullAttention", "window", visibleInRanges(causalRanges(layout)), () => nsa.fullAttention(of("window"))],
    [
      "slidingWindowAttention",
      "window",
      visibleInRanges(causalRanges(layout, pattern.window)),
      () => nsa.slidingWindowAttention(of("window")),
    ],
    [
      "selectedAttention",
      "selected",
      visibleInBlocks(blocks, layout, pattern, heads.kvHeads),
      () => nsa.selectedAttention({ ...of("selected"), blocks }),
    ],
    [
      "compressedAttention",
      undefined,
      visibleInRanges(ranges),
      () => nsa.compressedAttention({ ...of("compressed"), compression }),
    ],
  ] as const) {
    const result = await run();
    const raw = {
      query: inputs.query,
      keys: keys ? inputs.keys[keys] : expected.compressedKeys,
      values: keys ? inputs.values[keys] : expected.compressedValues,
    };
    const attended = attend(raw, heads, seen);
    assert.ok(relativeError(result.output, attended.output) < 1e-5, name);
    assert.ok(relativeError(result.logSumExp, attended.logSumExp) < 1e-5, `${name}: logSumExp`);
    const back = await nsa.attentionBackward(result.residuals, outputGradient);
    const into = {
      query: zeros(raw.query, raw.query.length),
      keys: zeros(raw.keys, raw.keys.length),
      values: zeros(raw.values, raw.values.length),
    };
    attendBackward(raw, heads, seen, attended, problem.outputGradient, into);
    assert.ok(relativeError(back.query, into.query) < 1e-4, `${name}: gradient of the query`);
    if (keys) assert.ok(relativeError(back.keys, into.keys) < 1e-4, `${name}: gradient of the keys`);
    if (keys) assert.ok(relativeError(back.values, into.values) < 1e-4, `${name}: gradient of the values`);
    else assert.deepEqual(Object.keys(back.compression?.keys ?? {}).length, 5);
    await assert.rejects(nsa.backward(result.residuals, outputGradient), /residuals are those of .* attention/);
    result.residuals.dispose();
  }
}
