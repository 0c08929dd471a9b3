/**
 * Names and shapes of the model's weights.
 *
 * Sizes: V vocabulary, D hidden, H query heads, K key/value heads, S head size, F intermediate.
 */
import type { TransformerConfig } from "./config.ts";

/** The model's weights by name, each row-major. Matrices are [in, out], so that a layer is `x · W`. */
export type Weights = Record<string, Float32Array>;

/**
 * The names and shapes of all weights, in the one order that everything here keeps (files, optimiser state, sums).
 *
 * | name | shape | |
 * |---|---|---|
 * | `embedding` | [V, D] | |
 * | `layers.i.attentionNorm` | [D] | |
 * | `layers.i.qkv` | [D, (H + 2K)·S] | columns: query heads, key heads, value heads |
 * | `layers.i.qkvBias` | [(H + 2K)·S] | only with `qkvBias` |
 * | `layers.i.attentionOutput` | [H·S, D] | |
 * | `layers.i.mlpNorm` | [D] | |
 * | `layers.i.gateUp` | [D, 2F] | columns: gate, up |
 * | `layers.i.down` | [F, D] | |
 * | `finalNorm` | [D] | |
 * | `head` | [D, V] | absent with `tieEmbeddings` |
 *
 * @param config A valid configuration.
 * @returns Name → shape, in order.
 *
 * @example
 * ```ts
 * import { weightShapes } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const shapes = weightShapes({
 *   vocabSize: 258, hiddenSize: 64, layers: 1, heads: 4, keyValueHeads: 2, headSize: 16, intermediateSize: 128,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 512,
 * });
 * deepEqual(shapes["layers.0.qkv"], [64, 128]);
 * ```
 */
export function weightShapes(config: TransformerConfig): Record<string, number[]> {
  const { vocabSize, hiddenSize, heads, keyValueHeads, headSize, intermediateSize } = config;
  const qkvSize = (heads + 2 * keyValueHeads) * headSize;
  const shapes: Record<string, number[]> = { embedding: [vocabSize, hiddenSize] };
  for (let i = 0; i < config.layers; i++) {
    const layer = `layers.${i}`;
    shapes[`${layer}.attentionNorm`] = [hiddenSize];
    shapes[`${layer}.qkv`] = [hiddenSize, qkvSize];
    if (config.qkvBias) shapes[`${layer}.qkvBias`] = [qkvSize];
    shapes[`${layer}.attentionOutput`] = [heads * headSize, hiddenSize];
    shapes[`${layer}.mlpNorm`] = [hiddenSize];
    shapes[`${layer}.gateUp`] = [hiddenSize, 2 * intermediateSize];
    shapes[`${layer}.down`] = [intermediateSize, hiddenSize];
  }
  shapes.finalNorm = [hiddenSize];
  if (!config.tieEmbeddings) shapes.head = [hiddenSize, vocabSize];
  return shapes;
}
