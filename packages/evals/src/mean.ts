/**
 * An interval for the mean of a few training runs.
 *
 * @module
 */

import { studentQuantile } from "./quantiles.ts";
import type { ConfidenceOptions, Interval } from "./wilson.ts";
import { checkConfidence } from "./wilson.ts";

/** A mean with its interval. */
export interface MeanInterval extends Interval {
  readonly mean: number;
  /** Sample standard deviation (Bessel's correction); NaN for one value. */
  readonly std: number;
  readonly n: number;
}

/**
 * Student's t interval for the mean of a few values, one for each seed.
 *
 * `mean ± t · std / √n`, t the quantile at (1 + confidence)/2 with n − 1 degrees of freedom. It supposes that the
 * values are independent and about normal. Three seeds have t = 4.30: a small spread over three runs is weak evidence,
 * and this says so. One value tells nothing of its spread: its interval is infinite.
 *
 * @throws {RangeError} There is no value, one is not finite, or confidence is not between 0 and 1.
 *
 * Source: Student (1908), "The probable error of a mean".
 *
 * @example
 * ```ts
 * meanInterval([0.5, 0.52, 0.54]); // { mean: 0.52, low: 0.4703, high: 0.5697, std: 0.02, n: 3 }
 * ```
 */
export function meanInterval(values: ArrayLike<number>, { confidence = 0.95 }: ConfidenceOptions = {}): MeanInterval {
  checkConfidence(confidence);
  const n = values.length;
  if (n === 0) throw new RangeError("Cannot compute an interval: expected at least one value, found none");
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(`Cannot compute an interval: values[${i}] must be finite, found ${values[i]}`);
    }
    sum += values[i];
  }
  const mean = sum / n;
  if (n === 1) return { mean, low: -Infinity, high: Infinity, std: NaN, n };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  const std = Math.sqrt(squares / (n - 1));
  const margin = (studentQuantile((1 + confidence) / 2, n - 1) * std) / Math.sqrt(n);
  return { mean, low: mean - margin, high: mean + margin, std, n };
}
