// The model against PyTorch: fixtures/pytorch_decoder.py computed the same decoder with the same weights in float64.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHuggingFace } from "../files/config.ts";
import { fromHuggingFaceWeights, toHuggingFaceWeights, weightShapes } from "../files/weights.ts";
import { assertClose } from "../testing/models.ts";
import { PolicyCore } from "./core.ts";
import { layoutOf, totalSize } from "./parameters.ts";

interface Case {
  config: Record<string, unknown>;
  temperature: number;
  lengths: number[];
  tokens: number[];
  labels: number[];
  logProbs: number[];
  entropies: number[];
  gradients: Record<string, { norm: number; projection: number }>;
}

const fixture = new URL("../../fixtures/pytorch_decoder.json", import.meta.url);
const cases = JSON.parse(readFileSync(fixture, "utf8")) as Record<string, Case>;

/** The script's hash: numbers in [−1, 1). */
function uniform(count: number, tensor: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1, 2654435761) ^ Math.imul(tensor + 1, 40503);
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h ^= h >>> 13;
    return (h >>> 0) / 2 ** 31 - 1;
  });
}

for (const [name, expected] of Object.entries(cases)) {
  const config = fromHuggingFace(expected.config);
  const names = Object.keys(expected.gradients);
  // Shapes in Hugging Face's layout, by translating weights of zeros.
  const zeros = Object.fromEntries(
    Object.entries(weightShapes(config)).map(([weight, shape]) => [
      weight,
      new Float32Array(shape.reduce((a, b) => a * b)),
    ]),
  );
  const shapes = toHuggingFaceWeights(config, zeros);
  assert.deepEqual(Object.keys(shapes).sort(), [...names].sort());
  const tensors = Object.fromEntries(
    names.map((tensor, i) => {
      const { shape, data } = shapes[tensor];
      const value = (u: number) => (tensor.includes("norm") ? 1 + 0.3 * u : (tensor.includes("embed") ? 0.6 : 0.3) * u);
      return [tensor, { shape, data: Float32Array.from(uniform(data.length, i), value) }];
    }),
  );
  const weights = fromHuggingFaceWeights(config, tensors);
  const layout = layoutOf(config);
  const flat = new Float32Array(totalSize(layout));
  for (const slot of layout) flat.set(weights[slot.name], slot.offset);
  const segments = Int32Array.from([0, ...expected.lengths]);
  for (let i = 1; i < segments.length; i++) segments[i] += segments[i - 1];
  const batch = {
    tokens: Int32Array.from(expected.tokens),
    labels: Int32Array.from(expected.labels),
    positions: Int32Array.from(expected.lengths.flatMap((length) => Array.from({ length }, (_, t) => t))),
    segments,
  };

  for (const options of [{}, { checkpointBlocks: true, queryChunk: 7 }])
    test(`${name} agrees with PyTorch ${JSON.stringify(options)}`, async () => {
      const core = new PolicyCore(config, flat.slice(), options);
      const { temperature } = expected;
      const { logProbs, entropies } = await core.logProbs(batch, { entropies: true, temperature });
      assertClose(logProbs, expected.logProbs, 1e-4, "log-probabilities");
      assertClose(entropies!, expected.entropies, 1e-4, "entropies");

      const coefficients = Float32Array.from(uniform(batch.tokens.length, 1002));
      const along = await core.backward(batch, coefficients, { temperature });
      assertClose(along.logProbs, expected.logProbs, 1e-4, "log-probabilities of the backward pass");
      const gradients = toHuggingFaceWeights(config, core.gradients);
      names.forEach((tensor, i) => {
        const { data } = gradients[tensor];
        const { norm, projection } = expected.gradients[tensor];
        const direction = uniform(data.length, 2000 + i);
        const found = data.reduce((sum, x, j) => sum + x * direction[j], 0);
        assert.ok(Math.abs(Math.hypot(...data) - norm) < 1e-4 * (1 + norm), `norm of ${tensor}'s gradient`);
        assert.ok(Math.abs(found - projection) < 1e-4 * (1 + norm), `projection of ${tensor}'s gradient`);
      });
      await core.dispose();
    });
}
