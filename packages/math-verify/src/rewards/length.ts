/**
 * Rewards that depend on how long a completion is, in tokens or any other unit.
 *
 * @module
 */
import { checkNumber, checkObject, found } from "../found.ts";

/**
 * Short right answers of a group are best: λ = 0.5 - (length - min) / (max - min); a right answer earns λ, a wrong one
 * min(0, λ). All 0 when all are equally long. Source: Kimi k1.5 (arXiv 2501.12599), section 2.3.3.
 *
 * @param lengths of the completions of one prompt
 * @param correct whether each is right
 * @throws {RangeError} when the two differ in length
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(lengthRewards([100, 200, 150], [true, true, false]), [0.5, -0.5, 0]);
 * ```
 */
export function lengthRewards(lengths: readonly number[], correct: readonly boolean[]): number[] {
  for (const [name, value] of Object.entries({ lengths, correct }))
    if (!Array.isArray(value))
      throw new TypeError(`Cannot reward lengths: ${name} must be an array, found ${found(value)}`);
  if (lengths.length !== correct.length)
    throw new RangeError(`Cannot reward lengths: ${lengths.length} lengths and ${correct.length} verdicts`);
  for (const length of lengths) checkLength(length);
  const min = lengths.reduce((a, b) => Math.min(a, b), Infinity);
  const max = lengths.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(max > min)) return lengths.map(() => 0);
  return lengths.map((length, i) => {
    const reward = 0.5 - (length - min) / (max - min);
    return correct[i] ? reward : Math.min(0, reward);
  });
}

/** Bounds of `cosineReward`. */
export interface CosineOptions {
  /** Length at which the cosine ends. Default 1000. */
  maxLength?: number;
  /** Rewards of the longest and the shortest right answer. Defaults 0.5 and 1. */
  minRight?: number;
  maxRight?: number;
  /** Rewards of the shortest and the longest wrong answer. Defaults -1 and -0.5. */
  minWrong?: number;
  maxWrong?: number;
}

/**
 * min + ½ (max - min)(1 + cos(π · length / maxLength)): among right answers the short, among wrong ones the long earn more
 * (the bounds are swapped). Lengths above `maxLength` count as `maxLength`. Source: Yeo et al. 2025 (arXiv 2502.03373).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(cosineReward(0, true), 1);
 * assert.equal(cosineReward(1000, true), 0.5);
 * assert.equal(cosineReward(0, false), -1);
 * assert.equal(cosineReward(500, false), -0.75);
 * ```
 */
export function cosineReward(length: number, correct: boolean, options: CosineOptions = {}): number {
  checkObject("reward length", "options", options);
  const { maxLength = 1000, minRight = 0.5, maxRight = 1, minWrong = -1, maxWrong = -0.5 } = options;
  checkLength(length);
  if (typeof maxLength !== "number" || !(maxLength > 0))
    throw new RangeError(`Cannot reward length: maxLength must be positive, found ${found(maxLength)}`);
  const [min, max] = correct ? [minRight, maxRight] : [maxWrong, minWrong];
  const cosine = Math.cos((Math.PI * Math.min(length, maxLength)) / maxLength);
  return min + 0.5 * (max - min) * (1 + cosine);
}

/** Limits of `softOverlongReward`. */
export interface SoftOverlongOptions {
  /** Length that must not be exceeded, L_max. */
  maxLength: number;
  /** Length before it over which the penalty grows. */
  cache: number;
}

/**
 * 0 up to L_max - cache, then (L_max - cache - length) / cache, and -1 beyond L_max. Source: DAPO (arXiv 2503.14476),
 * equation 13.
 *
 * @throws {RangeError} unless 0 < cache ≤ maxLength
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const limits = { maxLength: 1000, cache: 200 };
 * assert.deepEqual([800, 900, 1000, 1001].map((n) => softOverlongReward(n, limits)), [0, -0.5, -1, -1]);
 * ```
 */
export function softOverlongReward(length: number, limits: SoftOverlongOptions): number {
  checkLength(length);
  checkObject("reward length", "limits", limits);
  const { maxLength, cache } = limits;
  checkNumber("reward length", "maxLength", maxLength);
  checkNumber("reward length", "cache", cache);
  if (!(cache > 0 && cache <= maxLength))
    throw new RangeError(`Cannot reward length: expected 0 < cache <= maxLength, found ${cache} and ${maxLength}`);
  if (length <= maxLength - cache) return 0;
  return length <= maxLength ? (maxLength - cache - length) / cache : -1;
}

function checkLength(length: number): void {
  checkNumber("reward length", "length", length);
  if (!(length >= 0 && length < Infinity))
    throw new RangeError(`Cannot reward length: expected a number of tokens, found ${length}`);
}
