/**
 * Is one model better than another on the same problems?
 *
 * @module
 */

import type { Outcomes } from "./accuracy.ts";
import { isRight } from "./accuracy.ts";
import { incompleteBeta } from "./quantiles.ts";

/** What {@link mcnemarTest} finds. */
export interface PairedTest {
  /** Problems, and how many only the first and only the second got right. */
  readonly n: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Accuracy of the second less that of the first; NaN for no problems. */
  readonly difference: number;
  /** Two-sided: how often two equally good models would differ at least this much. */
  readonly pValue: number;
}

/**
 * McNemar's exact test of two accuracies measured on the same problems.
 *
 * Problems that both got right or both wrong say nothing. Of the m others, each is the first's or the second's with
 * probability 1/2 if the models are equally good: `p = min(1, 2 P(X ≤ min(onlyFirst, onlySecond)))`, X ~ Bin(m, 1/2).
 * Far more sensitive than asking whether two Wilson intervals overlap.
 *
 * @throws {RangeError} The two have different numbers of outcomes.
 *
 * Source: McNemar (1947); the exact form, Liddell (1983).
 *
 * @example
 * ```ts
 * mcnemarTest([0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1]).pValue; // 0.0625
 * ```
 */
export function mcnemarTest(first: Outcomes, second: Outcomes): PairedTest {
  const n = first.length;
  if (second.length !== n) {
    throw new RangeError(
      `Cannot compare outcomes: expected ${n} in the second, as in the first, found ${second.length}`,
    );
  }
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let i = 0; i < n; i++) {
    const [a, b] = [isRight(first, i), isRight(second, i)];
    if (a && !b) onlyFirst++;
    if (b && !a) onlySecond++;
  }
  const fewer = Math.min(onlyFirst, onlySecond);
  const discordant = onlyFirst + onlySecond;
  // P(X ≤ x) for Bin(m, 1/2) is I_{1/2}(m − x, x + 1).
  const pValue = discordant === 0 ? 1 : Math.min(1, 2 * incompleteBeta(0.5, discordant - fewer, fewer + 1));
  return { n, onlyFirst, onlySecond, difference: (onlySecond - onlyFirst) / n, pValue };
}
