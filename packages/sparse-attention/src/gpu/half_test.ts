// `precision: "f16"`: queries, keys and values are stored as float16. Of numbers that are exact in float16 each attention
// gives the float64 reference's result as it does in float32; the whole rounds compressed keys and values besides. Such numbers
// as float16 arrays or buffers give the same bits as in float32, in each precision.
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
import { shownByDawn, webgpuMissing } from "../testing/backends.ts";
import { caseOf, float16, float32, half, largest, leaves, relativeError } from "../testing/random_case.ts";
import { openDevice } from "./device.ts";

test("float16 storage: attention of numbers that float16 holds is exact to float32, the whole to float16", {
  skip: webgpuMissing || shownByDawn,
}, async () => {
  const problem = caseOf([45, 45], { queryHeads: 4, headDim: 8, valueDim: 4, hidden: 3 });
  const { inputs, heads, pattern, layout, outputGradient } = problem;
  for (const [path, array] of leaves(inputs))
    if (/query|keys|values/.test(path) && !path.startsWith("compression")) array.set(array.map(half));
  const { input, outputGradient: gradient } = float32(problem);
  const { segments } = input;
  const opened = await openDevice();
  assert.ok(opened);
  const { device } = opened;
  const nsa = await createSparseAttention({ backend: "webgpu", device, precision: "f16", ...heads, ...pattern });
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

  const bits = float16(input);
  const given = await nsa.forward(bits);
  assert.deepEqual(given.output, output, "bits in place of float32");
  assert.deepEqual(
    (await nsa.backward(given.residuals, gradient)).query,
    (await nsa.backward(residuals, gradient)).query,
  );
  const asked = { query: bits.query, keys: bits.keys.compressed, compression: input.compression!.keys, segments };
  const importance = { ...asked, query: input.query, keys: input.keys.compressed };
  assert.deepEqual(await nsa.blockImportance(asked), await nsa.blockImportance(importance));

  const buffer = (array: Float32Array | Uint16Array) => {
    const made = device.createBuffer({ size: array.byteLength, usage: 0x80 | 0x8 });
    device.queue.writeBuffer(made, 0, array as Float32Array<ArrayBuffer>);
    return made;
  };
  const packed = ({ query, keys, values }: { query: Uint16Array; keys: Uint16Array; values: Uint16Array }) => ({
    query: { float16: buffer(query) },
    keys: { float16: buffer(keys) },
    values: { float16: buffer(values) },
  });
  const windows = { query: bits.query, keys: bits.keys.window, values: bits.values.window };
  const wide = { query: input.query, keys: input.keys.window, values: input.values.window };
  const plain = await createSparseAttention({ backend: "webgpu", device, ...heads, ...pattern });
  for (const one of [nsa, plain]) {
    const inFloat32 = (await one.slidingWindowAttention({ ...wide, segments })).output;
    assert.deepEqual((await one.slidingWindowAttention({ ...windows, segments })).output, inFloat32);
    const onDevice = { ...packed(windows), segments, time: 90 };
    const found = (await one.slidingWindowAttention<GPUBuffer>(onDevice)).output;
    const copy = device.createBuffer({ size: inFloat32.byteLength, usage: 0x8 | 0x1 });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(found, 0, copy, 0, inFloat32.byteLength);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(1);
    assert.deepEqual(new Float32Array(copy.getMappedRange().slice(0)), inFloat32, "buffers of float16");
  }
  await assert.rejects(
    plain.slidingWindowAttention({ ...wide, query: { float16: buffer(wide.query.subarray(0, 8)) }, time: 90 }),
    /query has 32 bytes, expected at least 5760/,
  );
  await plain.dispose();

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
  const part = <A extends Float32Array | Uint16Array>(array: A, first: number, end: number): A => {
    const width = array.length / 90;
    const row = (start: number) => array.subarray((start + first) * width, (start + end) * width);
    return (array.constructor as Uint16ArrayConstructor).of(...row(0), ...row(45)) as A;
  };
  const tokens = (first: number, end: number, { keys, values }: typeof input | typeof bits = input) => {
    const all = ({ compressed, selected, window }: typeof keys) => ({
      compressed: part(compressed, first, end),
      selected: part(selected, first, end),
      window: part(window, first, end),
    });
    return { keys: all(keys), values: all(values) };
  };
  await nsa.append(cache, tokens(0, 43, bits), 43);
  for (let t = 43; t < 45; t++) {
    const from = t === 43 ? input : bits;
    const step = { query: part(from.query, t, t + 1), gates: part(input.gates, t, t + 1), ...tokens(t, t + 1, from) };
    const row = await nsa.decode(step, cache);
    assert.ok(relativeError(row, part(output, t, t + 1)) < 1e-5, `token ${t}`);
  }
  await nsa.dispose();
  opened.close();
  await device.lost; // its threads have ended before the process does
});
