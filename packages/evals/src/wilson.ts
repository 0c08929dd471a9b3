/**
 * Intervals for a share of successes: how much an accuracy on n problems can be trusted.
 *
 * @module
 */

import { normalQuantile } from "./quantiles.ts";

/** A closed interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How sure an interval is: the share of intervals that hold the true value, between 0 and 1. Default 0.95. */
export interface ConfidenceOptions {
  confidence?: number;
}

/**
 * Wilson's score interval for a binomial share.
 *
 * `(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)`, z the normal quantile at (1 + confidence)/2. Unlike p ± 1.96
 * standard errors it stays inside [0, 1] and does not collapse at 0 or n successes. With no trials it is [0, 1].
 *
 * @throws {RangeError} Counts are not integers with 0 ≤ successes ≤ trials, or confidence is not between 0 and 1.
 *
 * Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
 *
 * @example
 * ```ts
 * wilsonInterval(5, 10); // { low: 0.2366, high: 0.7634 }
 * ```
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  { confidence = 0.95 }: ConfidenceOptions = {},
): Interval {
  if (!(Number.isInteger(successes) && Number.isInteger(trials) && successes >= 0 && successes <= trials)) {
    throw new RangeError(
      `Cannot compute an interval: expected integers 0 ≤ successes ≤ trials, found ${successes} of ${trials}`,
    );
  }
  checkConfidence(confidence);
  if (trials === 0) return { low: 0, high: 1 };
  const z = normalQuantile((1 + confidence) / 2);
  const p = successes / trials;
  const centre = p + (z * z) / (2 * trials);
  const margin = z * Math.sqrt((p * (1 - p)) / trials + (z / (2 * trials)) ** 2);
  const scale = 1 + (z * z) / trials;
  // The ends are exactly 0 and 1 in theory; rounding must not say otherwise.
  return {
    low: successes === 0 ? 0 : (centre - margin) / scale,
    high: successes === trials ? 1 : (centre + margin) / scale,
  };
}

/** Checks a confidence level at the public door. */
export function checkConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`Cannot compute an interval: confidence must be between 0 and 1, found ${confidence}`);
  }
}
