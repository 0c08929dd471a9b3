/**
 * Likelihood objectives: the first rows of DeepSeekMath's unified paradigm (arXiv 2402.03300, section 5.2), where the
 * gradient coefficient of a token is 1, or 1 if the completion is right.
 *
 * @module
 */

import { checkNumbers, checkOptions } from "../check.ts";
import type { Aggregation, AggregationOptions } from "./aggregation.ts";
import { aggregationNames, checkAggregation, reduction } from "./aggregation.ts";
import type { TokenBatch } from "./batch.ts";
import { checkBatch } from "./batch.ts";
import type { ObjectiveResult } from "./result.ts";

/** Metrics of {@link sft} and {@link rejectionFineTuning}. */
export interface LikelihoodMetrics {
  /** Trained tokens and sequences of this (micro-)batch. */
  readonly tokens: number;
  readonly sequences: number;
  /** Mean −log π in nats over trained tokens, whatever the aggregation; its exponential is the perplexity. */
  readonly nll: number;
  /** Share of sequences that were accepted (1 for SFT). */
  readonly accepted: number;
}

/**
 * Supervised fine-tuning: `loss = −Σ_t w_t · log π_t`.
 *
 * The default aggregation is the token mean of the whole batch, the usual cross-entropy; `"grpo"` gives each sequence
 * the same weight, as the paper writes it.
 *
 * @throws {RangeError} Arrays differ in length, or a trained log-probability is not finite.
 * @throws {TypeError} An array is missing, or an option is unknown or of the wrong kind.
 *
 * @example
 * ```ts
 * sft({ logProbs: Float32Array.of(-1, -3), mask: Uint8Array.of(1, 1), segments: Int32Array.of(0, 2) }).loss; // 2
 * ```
 */
export function sft(batch: TokenBatch, options: AggregationOptions = {}): ObjectiveResult<LikelihoodMetrics> {
  checkOptions("compute sft", options, aggregationNames);
  checkAggregation("compute sft", options);
  checkBatch("sft", batch);
  return likelihood("sft", batch, undefined, options.aggregation ?? "dapo", options);
}

/** A batch of sampled completions and which of them are kept. */
export interface RejectionBatch extends TokenBatch {
  /** Non-zero where the completion was right. One entry for each sequence. */
  readonly accepted: ArrayLike<number>;
}

/**
 * Rejection-sampling fine-tuning: `loss = −Σ_t w_t · 1(completion right) · log π_t`.
 *
 * Offline (RFT) when the completions come from the model before training, online when they come from the policy being
 * trained: the objective is the same. The mean is over *all* completions of the batch, as in the paper, so an easy
 * prompt weighs more; leave the rejected ones out of the batch to average over the accepted ones only. Default
 * aggregation `"grpo"`, the paper's.
 *
 * @throws {RangeError} Arrays differ in length, or an accepted trained log-probability is not finite.
 * @throws {TypeError} An array is missing, or an option is unknown or of the wrong kind.
 *
 * Source: DeepSeekMath appendix A.1.2 and A.1.3.
 *
 * @example
 * ```ts
 * const segments = Int32Array.of(0, 1, 2);
 * const batch = { logProbs: Float32Array.of(-1, -3), mask: Uint8Array.of(1, 1), segments, accepted: [1, 0] };
 * rejectionFineTuning(batch).coefficients; // [-0.5, 0]
 * ```
 */
export function rejectionFineTuning(
  batch: RejectionBatch,
  options: AggregationOptions = {},
): ObjectiveResult<LikelihoodMetrics> {
  const task = "compute rejectionFineTuning";
  checkOptions(task, options, aggregationNames);
  checkAggregation(task, options);
  checkBatch("rejectionFineTuning", batch);
  checkNumbers(task, "accepted", batch.accepted, (entry) => typeof entry === "boolean");
  if (batch.accepted.length !== batch.segments.length - 1) {
    throw new RangeError(
      `Cannot compute rejectionFineTuning: expected ${batch.segments.length - 1} entries in accepted, one for each sequence, found ${batch.accepted.length}`,
    );
  }
  return likelihood("rejectionFineTuning", batch, batch.accepted, options.aggregation ?? "grpo", options);
}

function likelihood(
  objective: string,
  batch: TokenBatch,
  accepted: ArrayLike<number> | undefined,
  aggregation: Aggregation,
  options: AggregationOptions,
): ObjectiveResult<LikelihoodMetrics> {
  const { logProbs, mask, segments } = batch;
  const { weights, total } = reduction(batch, aggregation, options);
  const coefficients = new Float32Array(logProbs.length);
  let loss = 0;
  let tokens = 0;
  let nll = 0;
  let kept = 0;
  for (let s = 0; s < weights.length; s++) {
    const keep = accepted === undefined || Boolean(accepted[s]);
    if (keep) kept++;
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      if (mask[t] === 0) continue;
      tokens++;
      nll -= logProbs[t];
      if (!keep) continue;
      if (!Number.isFinite(logProbs[t])) {
        throw new RangeError(`Cannot compute ${objective}: logProbs[${t}] must be finite, found ${logProbs[t]}`);
      }
      loss -= weights[s] * logProbs[t];
      coefficients[t] = -weights[s];
    }
  }
  const metrics = {
    tokens,
    sequences: weights.length,
    nll: nll / Math.max(1, total.tokens),
    accepted: kept / Math.max(1, total.sequences),
  };
  return { loss, coefficients, metrics };
}
