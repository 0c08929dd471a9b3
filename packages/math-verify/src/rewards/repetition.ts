import { checkObject, checkString, found } from "../found.ts";

/** How `repetitionReward` counts. */
export interface RepetitionOptions {
  /** Words in a row that count as a repetition. Default 3. */
  size?: number;
  /** Reward, at most 0, that a completion of nothing but repetitions approaches. Default -1. */
  maxPenalty?: number;
}

/**
 * (1 - unique n-grams / all n-grams) · maxPenalty over the words of a completion, in small letters; 0 when it has fewer
 * than n words. Source: Yeo et al. 2025 (arXiv 2502.03373), as open-r1 has it.
 *
 * @throws {RangeError} for a size that is no positive integer, or a positive penalty
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(repetitionReward("so it is two so it is two", { size: 2 }) + 3 / 7) < 1e-12);
 * assert.ok(repetitionReward("no word comes twice here") === 0);
 * ```
 */
export function repetitionReward(completion: string, options: RepetitionOptions = {}): number {
  checkString("count repetitions", "completion", completion);
  checkObject("count repetitions", "options", options);
  const { size = 3, maxPenalty = -1 } = options;
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`Cannot count repetitions: size must be a positive integer, found ${found(size)}`);
  if (typeof maxPenalty !== "number" || !(maxPenalty <= 0))
    throw new RangeError(`Cannot count repetitions: maxPenalty must be at most 0, found ${found(maxPenalty)}`);
  const words = completion.toLowerCase().split(/\s+/).filter(Boolean);
  const total = words.length - size + 1;
  if (total < 1) return 0;
  const unique = new Set<string>();
  for (let i = 0; i < total; i++) unique.add(words.slice(i, i + size).join(" "));
  return (1 - unique.size / total) * maxPenalty;
}
