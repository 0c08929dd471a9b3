/**
 * The size of a policy.
 *
 * @module
 */

import type { Configuration } from "./configuration.ts";

/** Weights of the policy that a configuration describes. */
export function parameterCount({ model }: Pick<Configuration, "model">): number {
  const { vocabSize, hiddenSize, layers, heads, keyValueHeads, headSize, intermediateSize, tieEmbeddings, qkvBias } =
    model;
  const queries = heads * headSize;
  const keys = keyValueHeads * headSize;
  const attention = hiddenSize * (2 * queries + 2 * keys) + (qkvBias ? queries + 2 * keys : 0);
  const block = attention + 3 * hiddenSize * intermediateSize + 2 * hiddenSize;
  return vocabSize * hiddenSize * (tieEmbeddings ? 1 : 2) + layers * block + hiddenSize;
}
