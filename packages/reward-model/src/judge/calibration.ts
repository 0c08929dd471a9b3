/**
 * How good a reward model is: does it rank, and do its probabilities mean what they say?
 *
 * @module
 */

import { checkInteger, checkKeys, checkNumbers, isProbability } from "../check.ts";
import { rightWrongPairs } from "../losses/bradley_terry.ts";

/** Options of {@link calibration}. */
export interface CalibrationOptions {
  /** Bins of equal width from 0 to 1. Default 10. */
  bins?: number;
}

/** Examples whose probability fell into one bin. */
export interface CalibrationBin {
  readonly count: number;
  /** Their mean probability, and the share that is right; both 0 in an empty bin. */
  readonly confidence: number;
  readonly right: number;
}

/** What {@link calibration} finds. */
export interface Calibration {
  /** Expected calibration error, from 0 to 1; 0 without examples. */
  readonly ece: number;
  /** Mean squared difference of probability and label; 0 without examples. */
  readonly brier: number;
  readonly bins: readonly CalibrationBin[];
}

/**
 * The expected calibration error of probabilities.
 *
 * `ECE = Σ_bins (count / n) · |share right − mean probability|`; 1 belongs to the last bin.
 *
 * @throws {RangeError} A probability or label is not from 0 to 1, or the lists differ in length.
 *
 * Source: Guo et al. (arXiv 1706.04599) equation 3; Brier (1950).
 *
 * @example
 * ```ts
 * calibration([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0]).ece; // 0.15: says 90%, is 75%
 * ```
 */
export function calibration(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: CalibrationOptions = {},
): Calibration {
  const task = "measure calibration";
  checkKeys(task, options, ["bins"]);
  const { bins: count = 10 } = options;
  checkInteger(task, "bins", count);
  checkNumbers(task, "probabilities", probabilities, undefined, "from 0 to 1", isProbability);
  checkNumbers(task, "labels", labels, probabilities.length, "from 0 to 1", isProbability);
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  let squares = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const bin = sums[Math.min(count - 1, Math.floor(probabilities[i] * count))];
    bin.count++;
    bin.confidence += probabilities[i];
    bin.right += labels[i];
    squares += (probabilities[i] - labels[i]) ** 2;
  }
  const n = Math.max(1, probabilities.length);
  const bins = sums.map((bin) => ({
    count: bin.count,
    confidence: bin.confidence / Math.max(1, bin.count),
    right: bin.right / Math.max(1, bin.count),
  }));
  const ece = bins.reduce((sum, bin) => sum + (bin.count / n) * Math.abs(bin.right - bin.confidence), 0);
  return { ece, brier: squares / n, bins };
}

/** What {@link pairAccuracy} finds. */
export interface PairAccuracy {
  /** Share of pairs in which the right solution scores higher, equal scores counting half; `undefined` without pairs. */
  readonly accuracy: number | undefined;
  readonly pairs: number;
}

/**
 * How often a right solution scores higher than a wrong one of the same problem.
 *
 * @param labels Whether each solution is right; a probability counts as right from 1/2.
 * @throws {RangeError} A score is not finite, or the lists differ in length.
 *
 * @example
 * ```ts
 * pairAccuracy([0.9, 0.2, 0.4], [1, 0, 0], ["a", "a", "b"]); // { accuracy: 1, pairs: 1 }: "b" has no right one
 * ```
 */
export function pairAccuracy(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  problems: ArrayLike<unknown>,
): PairAccuracy {
  checkNumbers("measure pair accuracy", "scores", scores);
  checkNumbers("measure pair accuracy", "labels", labels, scores.length, "from 0 to 1", isProbability);
  const pairs = rightWrongPairs(labels, problems);
  let right = 0;
  for (let k = 0; k < pairs.length; k += 2) {
    const lead = scores[pairs[k]] - scores[pairs[k + 1]];
    right += lead > 0 ? 1 : lead === 0 ? 0.5 : 0;
  }
  const count = pairs.length / 2;
  return { accuracy: count > 0 ? right / count : undefined, pairs: count };
}
