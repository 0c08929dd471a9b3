// Random shapes on every backend: what it gives is what the float64 reference gives. Compiling is what takes time on WebGPU,
// so sizes that are part of a kernel are few and lengths of segments, which are not, are many.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { sparseAttention, sparseAttentionBackward } from "./cpu/mod.ts";
import { createSparseAttention } from "./create.ts";
import { backends, compilesSlowly } from "./testing/backends.ts";
import { caseOf, float32, largest, leaves, relativeError, smallPattern } from "./testing/random_case.ts";

/** How many lists of lengths each configuration meets; more by hand: `GRADUS_RUNS=200`. */
const runs = Number(process.env.GRADUS_RUNS ?? 4);
const seed = 20250222;

const odd = {
  ...smallPattern,
  compressionBlock: 4,
  compressionStride: 4,
  selectionBlock: 12,
  selectedBlocks: 3,
  window: 5,
};
const shapes = [
  { queryHeads: 3, kvHeads: 3, headDim: 8, valueDim: 4 },
  { queryHeads: 4, kvHeads: 1, headDim: 4, valueDim: 8, pattern: odd },
  { queryHeads: 16, kvHeads: 1, headDim: 4 },
];
// From shorter than a compressed block (1 is the least) to several selection blocks; each list is one packed row.
const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 70 })), {
  minLength: 1,
  maxLength: 4,
});

// backends_test.ts has groups of 4 and 16.
for (const { backend, skip, options: more } of backends)
  for (const shape of backend === "webgpu" && compilesSlowly ? shapes.slice(0, 1) : shapes)
    test(`${[backend, more?.gpuJsMode].join(" ").trim()}: groups of ${shape.queryHeads / shape.kvHeads} in segments of any length`, {
      skip,
    }, async () => {
      const { heads, pattern } = caseOf([1], shape);
      const nsa = await createSparseAttention({ backend, ...heads, ...pattern, ...more });
      try {
        await fc.assert(
          fc.asyncProperty(lengths, fc.nat(1000), async (lengths, seed) => {
            const problem = caseOf(lengths, { ...shape, seed });
            const expected = sparseAttention(problem.inputs, heads, problem.layout, pattern);
            const { input, outputGradient } = float32(problem);
            const { output, residuals } = await nsa.forward(input);
            assert.ok(relativeError(output, expected.output) < 1e-5, "output");
            const gradients = leaves(await nsa.backward(residuals, outputGradient));
            residuals.dispose();
            const expectedBack = leaves(
              sparseAttentionBackward(expected.residuals, problem.outputGradient, heads, pattern),
            );
            const floor = 1e-2 * Math.max(...[...expectedBack.values()].map((array) => largest(array)));
            for (const [path, gradient] of gradients)
              assert.ok(relativeError(gradient, expectedBack.get(path)!, floor) < 1e-4, `gradient of ${path}`);

            // Whatever comes after a token changes nothing up to it, to the last bit.
            const token = seed % problem.layout.tokens;
            for (const [path, array] of leaves(input))
              if (path !== "segments") {
                const width = array.length / problem.layout.tokens;
                for (let i = (token + 1) * width; i < array.length; i++) array[i] = 1 - array[i];
              }
            const after = await nsa.forward(input);
            after.residuals.dispose();
            const past = ((token + 1) * output.length) / problem.layout.tokens;
            assert.deepEqual(after.output.subarray(0, past), output.subarray(0, past), "the future changes the past");
          }),
          {
            numRuns: runs,
            seed,
            examples: [
              [[1], 1],
              [[3], 2],
              [[101], 3],
            ],
          },
        );
      } finally {
        await nsa.dispose();
      }
    });
