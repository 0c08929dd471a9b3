// float16 arrays as inputs: bits, or a `Float16Array` where there is one. Backends without float16 get float32, which holds it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Half } from "./contract.ts";
import { createSparseAttention } from "./create.ts";
import { bitsOf, float32Of, isFinite16 } from "./half.ts";
import { bits16, caseOf, float16, float32, half, leaves } from "./testing/random_case.ts";

type Float16Constructor = new (buffer: ArrayBufferLike, offset?: number, length?: number) => Half & ArrayLike<number>;
const Float16Array = (globalThis as { Float16Array?: Float16Constructor }).Float16Array;

test("float16's bits are the numbers that IEEE 754 says", () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x3555, 0x8000, 0x7c00, 0xfc00, 0x7e00);
  const numbers = [1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, 0.333251953125, -0, Infinity, -Infinity, NaN];
  assert.deepEqual([...float32Of(bits)], numbers);
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const finite = all.filter(isFinite16);
  assert.equal(finite.length, 2 * 31 * 1024);
  assert.deepEqual(bits16(float32Of(finite)), finite);
});

test("every float16 is what Float16Array says", { skip: !Float16Array && "there is no Float16Array" }, () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const theirs = new Float16Array!(all.buffer);
  assert.ok(float32Of(all).every((x, i) => Object.is(x, theirs[i])));
  assert.deepEqual(bitsOf(new Float16Array!(all.buffer, 4, 10)), all.subarray(2, 12));
});

test("float16 in, on the backends that compute in float32: what float32 in gives", async () => {
  const problem = caseOf([45], { queryHeads: 4, headDim: 4, hidden: 3 });
  for (const [path, array] of leaves(problem.inputs)) if (/^(query|keys|values)/.test(path)) array.set(array.map(half));
  const { input, outputGradient } = float32(problem);
  const bits = float16(input);
  const { heads, pattern } = problem;
  for (const options of [{ backend: "cpu" }, { backend: "gpu.js", gpuJsMode: "cpu" }] as const) {
    const nsa = await createSparseAttention({ ...options, ...heads, ...pattern });
    const [theirs, ours] = [await nsa.forward(input), await nsa.forward(bits)];
    assert.deepEqual(ours.output, theirs.output);
    assert.deepEqual(
      await nsa.backward(ours.residuals, outputGradient),
      await nsa.backward(theirs.residuals, outputGradient),
    );
    const one = (from: typeof input | typeof bits) => ({
      query: from.query,
      keys: from.keys.window,
      values: from.values.window,
    });
    assert.deepEqual((await nsa.fullAttention(one(bits))).output, (await nsa.fullAttention(one(input))).output);
    if (Float16Array) {
      const array = (bits: Uint16Array) => new Float16Array(bits.buffer);
      const { query, keys, values } = { query: bits.query, keys: bits.keys.window, values: bits.values.window };
      const arrays = { query: array(query), keys: array(keys), values: array(values) };
      assert.deepEqual((await nsa.fullAttention(arrays)).output, (await nsa.fullAttention(one(input))).output);
    }
    const cache = await nsa.createCache({ capacity: 45, compression: input.compression });
    await nsa.append(cache, bits, 45);
    assert.equal(cache.length, 45);
    const spoilt = bits.query.slice();
    spoilt[5] = 0xfc00;
    await assert.rejects(nsa.forward({ ...bits, query: spoilt }), /query\[5\] is -Infinity, expected a finite number/);
    const gates = new Uint16Array(45 * 12) as unknown as Float32Array;
    await assert.rejects(nsa.forward({ ...bits, gates }), /gates is a Uint16Array, expected a Float32Array/);
    const buffer = { float16: { size: 1e6 } as GPUBuffer };
    await assert.rejects(nsa.fullAttention({ ...one(bits), keys: buffer }), /keys is object, expected a Float32Array/);
    await nsa.dispose();
  }
});
