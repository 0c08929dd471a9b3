// The small GPT that every training engine builds: layer norm without bias, learned positions, causal attention, and
// x · σ(1.702 x) between the two halves of the MLP. Each engine has its own weights from the same files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { integers, uniforms } from "./random.mjs";

/** Sizes of the published benchmark: 3.4 million parameters, 2,048 tokens a step. */
export const FULL = { batch: 16, time: 128, width: 256, layers: 4, heads: 4, vocabulary: 512, learningRate: 0.5 };
/** Sizes that only show that everything runs. */
export const TINY = { batch: 2, time: 16, width: 32, layers: 2, heads: 2, vocabulary: 64, learningRate: 0.5 };

/** Every parameter's shape, in the order of the file. Matrices are [in, out]. */
export function parameterShapes({ time, width, layers, vocabulary }) {
  const shapes = { embedding: [vocabulary, width], positions: [time, width] };
  for (let layer = 0; layer < layers; layer++) {
    Object.assign(shapes, {
      [`norm1.${layer}`]: [width],
      [`query.${layer}`]: [width, width],
      [`key.${layer}`]: [width, width],
      [`value.${layer}`]: [width, width],
      [`output.${layer}`]: [width, width],
      [`norm2.${layer}`]: [width],
      [`up.${layer}`]: [width, 4 * width],
      [`down.${layer}`]: [4 * width, width],
    });
  }
  return { ...shapes, norm: [width], head: [width, vocabulary] };
}

/** Number of elements. */
export function sizeOf(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * Writes what all engines read: `sizes.json`, `weights.f32` (one parameter after the other) and `tokens.i32` (inputs, then
 * targets, each [batch, time]).
 */
export function writeInputs(directory, sizes) {
  const shapes = parameterShapes(sizes);
  const parts = Object.values(shapes).map((shape, i) =>
    shape.length === 1 ? new Float32Array(shape[0]).fill(1) : uniforms(sizeOf(shape), 0.02, i),
  );
  writeFileSync(join(directory, "sizes.json"), JSON.stringify({ ...sizes, shapes }));
  writeFileSync(join(directory, "weights.f32"), Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer))));
  const tokens = integers(2 * sizes.batch * sizes.time, sizes.vocabulary, 1000);
  writeFileSync(join(directory, "tokens.i32"), Buffer.from(tokens.buffer));
}
