/** The output head: log-probabilities of target tokens, with or without holding the logits. */
import type { Tensor } from "../ir/tensor.ts";
import { applyAll } from "./apply.ts";
import { exp, mul, neg } from "./elementwise.ts";
import { pick } from "./gather.ts";
import { matmul } from "./linear.ts";
import { logSoftmax, mean, sum } from "./reduce.ts";

/** For each of N tokens: log p(target) and the entropy of p, in nats, both [N]. */
export interface TokenLogProbs {
  logProbs: Tensor;
  entropies: Tensor;
}

/**
 * log softmax(hidden · weight)[target] and the entropy of each row: hidden [N, D], weight [D, V], targets [N] → [N].
 * Holds [N, V] logits; see {@linkcode streamedLogProbs} for large vocabularies.
 */
export function tokenLogProbs(hidden: Tensor, weight: Tensor, targets: Tensor): TokenLogProbs {
  const all = logSoftmax(matmul(hidden, weight));
  return { logProbs: pick(all, targets), entropies: neg(sum(mul(exp(all), all), { axes: [-1] })) };
}

/**
 * The same numbers, `chunk` tokens at a time in a loop inside the graph, forward and backward: memory grows with
 * chunk · V, never with N · V. The backward pass computes each chunk's logits again.
 */
export function streamedLogProbs(
  hidden: Tensor,
  weight: Tensor,
  targets: Tensor,
  { chunk = 512 }: { chunk?: number } = {},
): TokenLogProbs {
  if (!Number.isInteger(chunk) || chunk < 1)
    throw new RangeError(`Cannot stream in chunks of ${chunk}: expected a positive integer`);
  const [logProbs, entropies] = applyAll("StreamedLogProbs", [hidden, weight, targets], { chunk }, { outputs: 2 });
  return { logProbs, entropies };
}

/** Mean of −log p(target) over all tokens, without one-hot vectors: logits [.., V] and targets [..] → scalar. */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return neg(mean(pick(logSoftmax(logits), targets)));
}
