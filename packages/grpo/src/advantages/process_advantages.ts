/**
 * Advantages from rewards for steps of a completion: process supervision.
 *
 * @module
 */

import { checkNumbers, checkOptions, checkSegments } from "../check.ts";
import type { AdvantageOptions } from "./group_advantages.ts";
import { groupAdvantages } from "./group_advantages.ts";
import { groupNumbers } from "./grouping.ts";

/** Options of {@link processAdvantages}. `groupSize` and `groups` count and number *completions*. */
export interface ProcessAdvantageOptions extends Omit<AdvantageOptions, "baseline" | "singleton"> {
  /** Cumulative lengths of the completions, as in the batch: n + 1 entries. */
  segments: Int32Array;
}

/**
 * Advantages of tokens from rewards of steps.
 *
 * With R the rewards of all steps of all completions of a group, `r̃ = (r − mean R) / (std R + ε)`, and
 * `Â_t = Σ r̃_j over the steps j of the completion that end at t or later`. Tokens after the last step get 0.
 *
 * @param stepRewards One reward for each step. NaN: the step was not judged; it counts nowhere.
 * @param stepEnds Where each step ends: the index, in the flat batch, of its last token. In any order.
 * @returns One advantage for each token of the batch, for `grpo` with `advantagesPer: "token"`.
 * @throws {RangeError} A step ends outside the batch, or the arrays differ in length.
 * @throws {TypeError} `segments` is missing, an option is unknown, or a reward is no number.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) section 4.1.3.
 *
 * @example One prompt, two completions of three and two tokens; the first has two steps
 * ```ts
 * processAdvantages([1, 0, 0], [1, 2, 4], { segments: Int32Array.of(0, 3, 5), groupSize: 2, scale: "none" });
 * // [0.3333, 0.3333, -0.3333, -0.3333, -0.3333]: the first two tokens belong to both steps of their completion
 * ```
 */
export function processAdvantages(
  stepRewards: ArrayLike<number>,
  stepEnds: ArrayLike<number>,
  options: ProcessAdvantageOptions,
): Float32Array {
  const task = "compute process advantages";
  checkNumbers(task, "stepRewards", stepRewards);
  checkNumbers(task, "stepEnds", stepEnds);
  checkOptions(task, options, ["segments", "groupSize", "groups", "scale", "epsilon", "correction"]);
  const { segments, groupSize, groups, ...scaling } = options;
  checkSegments(task, segments);
  if (stepRewards.length !== stepEnds.length) {
    throw new RangeError(
      `Cannot compute process advantages: expected as many stepEnds as stepRewards, ${stepRewards.length}, found ${stepEnds.length}`,
    );
  }
  const tokens = segments[segments.length - 1] ?? 0;
  const completionGroups = groupNumbers(new Float64Array(Math.max(0, segments.length - 1)), { groupSize, groups });
  const stepGroups = new Int32Array(stepEnds.length);
  for (let j = 0; j < stepEnds.length; j++) {
    if (!(Number.isInteger(stepEnds[j]) && stepEnds[j] >= 0 && stepEnds[j] < tokens)) {
      throw new RangeError(
        `Cannot compute process advantages: stepEnds[${j}] must be a token of the batch, 0 to ${tokens - 1}, found ${stepEnds[j]}`,
      );
    }
    stepGroups[j] = completionGroups[segmentOf(segments, stepEnds[j])];
  }
  const normalised = groupAdvantages(stepRewards, { ...scaling, groups: stepGroups });
  const sums = new Float64Array(tokens);
  for (let j = 0; j < stepEnds.length; j++) sums[stepEnds[j]] += normalised[j];
  for (let s = 0; s + 1 < segments.length; s++) {
    for (let t = segments[s + 1] - 2; t >= segments[s]; t--) sums[t] += sums[t + 1];
  }
  return Float32Array.from(sums);
}

/** The sequence that token t belongs to: the last s with segments[s] ≤ t. */
function segmentOf(segments: Int32Array, t: number): number {
  let low = 0;
  let high = segments.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (segments[middle] <= t) low = middle;
    else high = middle;
  }
  return low;
}
