// Each backend that can run here gives the float64 oracle's numbers, forward and backward.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendName, ForwardInput, SparseAttentionOptions } from "./contract.ts";
import { sparseAttention, sparseAttentionBackward } from "./cpu/mod.ts";
import { createSparseAttention } from "./create.ts";
import { backends } from "./testing/backends.ts";
import { type Case, caseOf, largest, leaves, relativeError, smallPattern } from "./testing/random_case.ts";

// Compiling is what takes time, so each configuration is made once and meets several lists of segments.
const configurations = {
  "groups of 4, two KV heads, values of another size, learnt φ": {
    options: { queryHeads: 8, kvHeads: 2, headDim: 8, valueDim: 12, hidden: 5 },
    cases: [[1], [5], [131], [9, 3, 1, 60, 18]],
  },
  "groups of 1, means": { options: { queryHeads: 2, kvHeads: 2, headDim: 4 }, cases: [[70, 70]] },
  "groups of 16, blocks as in the paper": {
    options: {
      queryHeads: 16,
      headDim: 16,
      pattern: { ...smallPattern, compressionBlock: 32, compressionStride: 16, selectionBlock: 64, window: 50 },
    },
    cases: [[270], [100, 33]],
  },
};

/** The case's arrays in float32, and its sizes as options. */
function float32(
  { inputs, layout, heads, pattern, outputGradient }: Case,
  backend: BackendName,
): {
  input: ForwardInput<Float32Array>;
  outputGradient: Float32Array;
  options: SparseAttentionOptions;
} {
  const convert = (tree: object): object =>
    Object.fromEntries(
      Object.entries(tree).map(([name, value]) => [
        name,
        value && (ArrayBuffer.isView(value) ? Float32Array.from(value as Float64Array) : convert(value)),
      ]),
    );
  const input = { ...convert(inputs), segments: layout.starts } as ForwardInput<Float32Array>;
  return { input, outputGradient: Float32Array.from(outputGradient), options: { backend, ...heads, ...pattern } };
}

for (const { backend, skip, options: more } of backends)
  for (const [name, { cases, options }] of Object.entries(configurations))
    test(`${backend}: ${name}: forward and backward are the oracle's`, { skip }, async () => {
      const first = caseOf([1], options);
      const nsa = await createSparseAttention({ ...float32(first, backend).options, ...more });
      try {
        for (const lengths of cases) {
          const problem = caseOf(lengths, options);
          const { heads, layout, pattern } = problem;
          const expected = sparseAttention(problem.inputs, heads, layout, pattern);
          const expectedBack = leaves(
            sparseAttentionBackward(expected.residuals, problem.outputGradient, heads, pattern),
          );
          const { input, outputGradient } = float32(problem, backend);
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
          const again = leaves(await nsa.backward(residuals, outputGradient));
          for (const [path, gradient] of gradients) assert.deepEqual(again.get(path), gradient, `${path} changes`);
          residuals.dispose();
        }
        if (cases[0].length > 1) return;
        const { input } = float32(caseOf([40, 31], options), backend);
        const before = (await nsa.forward(input)).output;
        const tokens = 71;
        for (const [path, array] of leaves(input))
          if (!path.startsWith("compression") && path !== "segments") {
            const width = array.length / tokens;
            for (let i = 50 * width; i < array.length; i++) array[i] += 1;
          }
        const after = (await nsa.forward(input)).output;
        const past = (50 * before.length) / tokens;
        assert.deepEqual(after.subarray(0, past), before.subarray(0, past), "the future changes the past");
        assert.notDeepEqual(after, before);
      } finally {
        await nsa.dispose();
      }
    });
