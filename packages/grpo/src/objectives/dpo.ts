/**
 * Direct preference optimisation: learning from pairs, of which one completion is preferred.
 *
 * @module
 */

import { checkFlag, checkNumber, checkNumbers, checkObject, checkOneOf, checkOptions } from "../check.ts";
import type { FloatArray, TokenBatch } from "./batch.ts";
import { checkBatch, count } from "./batch.ts";
import { sumDifference } from "./chunk.ts";
import type { ObjectiveResult } from "./result.ts";

/** Pairs end to end: sequence 2k is the chosen completion of pair k, sequence 2k + 1 the rejected one. */
export interface DpoBatch extends TokenBatch {
  /** log π_ref, in nats, one for each token. */
  readonly refLogProbs: FloatArray;
}

/** Options of {@link dpo}. */
export interface DpoOptions {
  /** How fast the preference saturates. Default 0.1. */
  beta?: number;
  /**
   * With h = Δ⁺ − Δ⁻: `"sigmoid"` (default): −log σ(β h); `"ipo"`: (h − 1/(2β))² (arXiv 2310.12036);
   * `"hinge"`: max(0, 1 − β h) (SLiC, arXiv 2309.06657).
   */
  variant?: "sigmoid" | "ipo" | "hinge";
  /** Share of pairs whose label is taken to be wrong (conservative DPO). Default 0. Only for `"sigmoid"`. */
  labelSmoothing?: number;
  /** Divide Δ by the completion's length, as DeepSeekMath writes DPO. Default false; IPO's authors average as well. */
  lengthNormalized?: boolean;
  /** The whole batch's when this is one micro-batch of it; `sequences` is twice the pairs. Default: this batch's own. */
  total?: { readonly sequences: number };
}

/** Metrics of {@link dpo}: means over the pairs of the whole batch, so those of its micro-batches add up. */
export interface DpoMetrics {
  readonly pairs: number;
  /** Implicit rewards β Δ, and the mean of their difference. */
  readonly chosenReward: number;
  readonly rejectedReward: number;
  readonly margin: number;
  /** Share of pairs with the chosen completion's reward above the other's. */
  readonly accuracy: number;
}

/**
 * DPO's loss and its gradient with respect to the log-probabilities.
 *
 * `loss = −mean over pairs of log σ(β (Δ⁺ − Δ⁻))` with `Δ = Σ_t (ℓ_t − ℓ_ref,t)` over a completion. The coefficient of
 * each token of the chosen completion is −β σ(−β(Δ⁺ − Δ⁻)) / pairs, of the rejected one the opposite: one number for the
 * whole completion, where the paper prints a σ of each token.
 *
 * @throws {RangeError} Arrays differ in length, sequences are odd in number, or the loss is not finite.
 * @throws {TypeError} An array is missing, or an option is unknown or of the wrong kind.
 *
 * Source: Rafailov et al. (arXiv 2305.18290) equation 7; DeepSeekMath appendix A.1.4.
 *
 * @example
 * ```ts
 * const segments = Int32Array.of(0, 1, 2);
 * const logs = { logProbs: Float32Array.of(-1, -2), refLogProbs: Float32Array.of(-1, -2) };
 * dpo({ ...logs, mask: Uint8Array.of(1, 1), segments }).coefficients; // [-0.05, 0.05]
 * ```
 */
export function dpo(batch: DpoBatch, options: DpoOptions = {}): ObjectiveResult<DpoMetrics> {
  const task = "compute dpo";
  checkOptions(task, options, ["beta", "variant", "labelSmoothing", "lengthNormalized", "total"]);
  const { beta = 0.1, variant = "sigmoid", labelSmoothing = 0, lengthNormalized = false, total } = options;
  checkNumber(task, "beta", beta, "above 0", (value) => value > 0 && value < Infinity);
  checkOneOf(task, "variant", variant, ["sigmoid", "ipo", "hinge"]);
  checkNumber(task, "labelSmoothing", labelSmoothing, "from 0 to below 0.5", (value) => value >= 0 && value < 0.5);
  checkFlag(task, "lengthNormalized", lengthNormalized);
  if (total !== undefined) {
    checkObject(task, "total", total);
    checkNumber(task, "total.sequences", total.sequences);
  }
  checkObject(task, "the batch", batch);
  const { logProbs, refLogProbs, mask, segments } = batch;
  checkNumbers(task, "refLogProbs", refLogProbs);
  checkBatch("dpo", batch, { refLogProbs });
  if (segments.length % 2 === 0) {
    throw new RangeError(`Cannot compute dpo: expected an even number of sequences, found ${segments.length - 1}`);
  }
  const pairs = (segments.length - 1) / 2;
  const share = 1 / Math.max(1, (total?.sequences ?? 2 * pairs) / 2);
  const { perSequence } = count(batch);
  const coefficients = new Float32Array(logProbs.length);
  const lengthOf = (s: number) => (lengthNormalized ? Math.max(1, perSequence[s]) : 1);
  const delta = (s: number) => sumDifference(logProbs, refLogProbs, mask, segments[s], segments[s + 1]) / lengthOf(s);
  let loss = 0;
  let chosen = 0;
  let rejected = 0;
  let right = 0;
  for (let k = 0; k < pairs; k++) {
    const [better, worse] = [delta(2 * k), delta(2 * k + 1)];
    const { value, slope } = preference(variant, better - worse, beta, labelSmoothing);
    loss += share * value;
    chosen += beta * better;
    rejected += beta * worse;
    if (better > worse) right++;
    for (const [s, sign] of [
      [2 * k, 1],
      [2 * k + 1, -1],
    ]) {
      const coefficient = (share * sign * slope) / lengthOf(s);
      for (let t = segments[s]; t < segments[s + 1]; t++) if (mask[t] !== 0) coefficients[t] = coefficient;
    }
  }
  if (!Number.isFinite(loss)) throw new RangeError(explain(batch));
  const metrics = {
    pairs,
    chosenReward: chosen * share,
    rejectedReward: rejected * share,
    margin: (chosen - rejected) * share,
    accuracy: right * share,
  };
  return { loss, coefficients, metrics };
}

/** The loss of a pair and its derivative with respect to h = Δ⁺ − Δ⁻. */
function preference(
  variant: "sigmoid" | "ipo" | "hinge",
  h: number,
  beta: number,
  smoothing: number,
): { value: number; slope: number } {
  switch (variant) {
    case "sigmoid": {
      const wrong = sigmoid(-beta * h);
      return {
        value: (1 - smoothing) * softplus(-beta * h) + smoothing * softplus(beta * h),
        slope: beta * (smoothing * (1 - wrong) - (1 - smoothing) * wrong),
      };
    }
    case "ipo":
      return { value: (h - 1 / (2 * beta)) ** 2, slope: 2 * (h - 1 / (2 * beta)) };
    case "hinge":
      return { value: Math.max(0, 1 - beta * h), slope: beta * h < 1 ? -beta : 0 };
  }
}

/** log(1 + e^x), and 1 / (1 + e^(−x)), without overflow. */
const softplus = (x: number): number => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : 1 - 1 / (1 + Math.exp(x)));

function explain({ logProbs, refLogProbs, mask }: DpoBatch): string {
  for (let t = 0; t < logProbs.length; t++) {
    if (mask[t] === 0) continue;
    for (const [name, array] of Object.entries({ logProbs, refLogProbs })) {
      if (!Number.isFinite(array[t])) return `Cannot compute dpo: ${name}[${t}] must be finite, found ${array[t]}`;
    }
  }
  return "Cannot compute dpo: the loss overflows";
}
