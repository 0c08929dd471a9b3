/**
 * The rule reward: 1 when a completion's final answer equals the reference, else 0. `@gradus/math-verify` compares; what is
 * an answer is stricter here, because the recipe's solutions all end in an answer line.
 *
 * @module
 */

import { verify } from "@gradus/math-verify";

/** Decimal places that must agree: all of them. These are exact results, and a rounded one is a wrong one. */
const precision = 15;

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
 * The reward of a completion: 1 when its answer line gives the expected answer, 0 otherwise.
 *
 * @example
 * ```ts
 * reward("40*8=320\n320+56=376\n#### 376", "376"); // 1
 * ```
 */
export function reward(completion: string, expected: string): number {
  const answer = extractAnswer(completion);
  return answer !== undefined && verify(expected, answer, { precision }) ? 1 : 0;
}
