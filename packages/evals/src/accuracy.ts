/**
 * Accuracy with its interval.
 *
 * @module
 */

import type { ConfidenceOptions } from "./wilson.ts";
import { wilsonInterval } from "./wilson.ts";

/** Right and wrong answers, one for each problem. */
export type Outcomes = ArrayLike<boolean | number>;

/** A measured accuracy. */
export interface Accuracy {
  /** Share of right answers; NaN for no problems. */
  readonly accuracy: number;
  /** Ends of Wilson's interval. */
  readonly low: number;
  readonly high: number;
  /** Problems, and right answers among them. */
  readonly n: number;
  readonly correct: number;
}

/**
 * Share of right answers and Wilson's interval around it.
 *
 * The interval is about problems of the same kind: it says nothing of the luck of a training run, for which see
 * {@link meanInterval}.
 *
 * @example
 * ```ts
 * accuracy([true, false, true, true]); // { accuracy: 0.75, low: 0.3006, high: 0.9544, n: 4, correct: 3 }
 * ```
 */
export function accuracy(outcomes: Outcomes, options: ConfidenceOptions = {}): Accuracy {
  const n = outcomes.length;
  let correct = 0;
  for (let i = 0; i < n; i++) if (isRight(outcomes, i)) correct++;
  return { accuracy: correct / n, ...wilsonInterval(correct, n, options), n, correct };
}

/** Reads one outcome: true or 1, false or 0, and nothing else. */
export function isRight(outcomes: Outcomes, i: number): boolean {
  const outcome = outcomes[i];
  if (outcome === true || outcome === 1) return true;
  if (outcome === false || outcome === 0) return false;
  throw new RangeError(`Cannot count outcomes: outcomes[${i}] must be true, false, 1 or 0, found ${outcome}`);
}
