/**
 * The rule reward: 1 when a completion's final answer equals the reference exactly, else 0. Numbers are compared as
 * fractions, so `0.50`, `1/2`, `50%` and `.5` are the same answer and no rounding decides.
 *
 * @module
 */

import { add, divide, equal, negate, parseDecimal, type Rational, rational } from "./problems/rational.ts";

/**
 * The answer a completion gives: what follows the last `####`, to the end of that line or a NUL. Without that mark there is no
 * answer (`undefined`), so that numbers in the middle of an unfinished chain earn nothing.
 *
 * @example
 * ```ts
 * extractAnswer("47*8=376\n#### 376"); // "376"
 * ```
 */
export function extractAnswer(completion: string): string | undefined {
  const mark = completion.lastIndexOf("####");
  if (mark < 0) return undefined;
  const answer = completion.slice(mark + 4).trimStart();
  return answer.split(/[\r\n\0]/, 1)[0].trim() || undefined;
}

/**
 * Reads an answer as an exact fraction: an optional sign and currency sign, digits with optional thousands' commas and
 * point, an optional denominator (`3/4`, `1 3/4`) and percent sign. `undefined` when it is anything else.
 *
 * @example
 * ```ts
 * parseAnswer("$1,250.50"); // 2501/2
 * ```
 */
export function parseAnswer(text: string): Rational | undefined {
  const match =
    /^([-+−]?)\s*[$€£]?\s*([-−]?)(?:(\d+)\s+(?=\d+\s*\/))?(\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:\s*\/\s*(\d+))?\s*(%?)\.?$/.exec(
      text.trim(),
    );
  if (!match || match[5]?.match(/^0+$/)) return undefined;
  const [, sign, innerSign, whole, top, bottom, percent] = match;
  let value = parseDecimal(top.replaceAll(",", ""));
  if (bottom) value = divide(value, rational(BigInt(bottom)));
  if (whole) value = add(value, rational(BigInt(whole)));
  if (percent) value = divide(value, rational(100));
  return (sign !== "" && sign !== "+") !== (innerSign !== "") ? negate(value) : value;
}

/**
 * Whether two answers are the same number; answers that are not numbers must be the same text.
 *
 * @example
 * ```ts
 * sameAnswer("$1,000.00", "1000"); // true
 * sameAnswer("0.333", "1/3"); // false
 * ```
 */
export function sameAnswer(given: string, expected: string): boolean {
  const [a, b] = [parseAnswer(given), parseAnswer(expected)];
  return a && b ? equal(a, b) : given.trim() === expected.trim();
}

/**
 * The reward of a completion: 1 when its answer line gives the expected answer, 0 otherwise.
 *
 * @example
 * ```ts
 * reward("40*8=320\n320+56=376\n#### 376", "376"); // 1
 * ```
 */
export function reward(completion: string, expected: string): number {
  const answer = extractAnswer(completion);
  return answer !== undefined && sameAnswer(answer, expected) ? 1 : 0;
}
