/**
 * Group-relative advantages: how much better a completion did than the others sampled for the same prompt.
 *
 * @module
 */

import { checkNumber, checkOneOf, checkOptions } from "../check.ts";
import type { Grouping } from "./grouping.ts";
import { groupNumbers, statistics } from "./grouping.ts";

/** How rewards are normalised, whatever they are grouped by. */
export interface ScalingOptions {
  /**
   * What the centred reward is divided by: the standard deviation of its `"group"` (DeepSeekMath, the default), of the
   * whole `"batch"`, or `"none"` (Dr. GRPO).
   */
  scale?: "group" | "batch" | "none";
  /** Added to the standard deviation. Default 1e-4, as TRL; verl and others use 1e-6. */
  epsilon?: number;
  /** The group's `"mean"` (default), or the mean of the *other* members, `"leave-one-out"` (RLOO). */
  baseline?: "mean" | "leave-one-out";
  /** 1 (default): standard deviations are the sample's, Bessel's correction; 0: the population's. */
  correction?: 0 | 1;
  /**
   * A group of one: `"zero"` (default, TRL) gives no advantage; `"reward"` (verl) takes 0 and 1 for its mean and
   * standard deviation.
   */
  singleton?: "zero" | "reward";
}

/** Options of {@link groupAdvantages}. */
export interface AdvantageOptions extends Grouping, ScalingOptions {}

/**
 * Advantages of rewards relative to their group.
 *
 * `Â_i = (r_i − baseline_i) / (std + ε)`, with the division left out for `scale: "none"`. A group whose rewards are all
 * equal gets exactly 0. A reward that is NaN is missing: the statistics are those of the others, and its advantage is 0.
 *
 * @param rewards One reward for each completion.
 * @returns One advantage for each reward, in the same order.
 * @throws {RangeError} A reward is infinite, or `groupSize` does not divide their number.
 * @throws {TypeError} Neither or both of `groupSize` and `groups` are given, an option is unknown, or a reward is no
 * number.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) section 4.1.2; Dr. GRPO (arXiv 2503.20783) for `scale: "none"`;
 * RLOO (arXiv 2402.14740) for `baseline: "leave-one-out"`.
 *
 * @example Two prompts, two completions each
 * ```ts
 * groupAdvantages([1, 0, 1, 1], { groupSize: 2, epsilon: 0 }); // [0.7071, -0.7071, 0, 0]
 * ```
 */
export function groupAdvantages(rewards: ArrayLike<number>, options: AdvantageOptions): Float32Array {
  checkOptions("compute advantages", options, known);
  checkScaling("compute advantages", options);
  const { scale = "group", epsilon = 1e-4, baseline = "mean", correction = 1, singleton = "zero" } = options;
  const groups = dense(groupNumbers(rewards, options));
  const { sizes, means, stds } = statistics(rewards, groups, correction);
  const whole = new Int32Array(rewards.length);
  const batchStd = scale === "batch" ? (statistics(rewards, whole, correction).stds[0] ?? 0) : 0;
  const advantages = new Float32Array(rewards.length);
  for (let i = 0; i < rewards.length; i++) {
    const g = groups[i];
    if (Number.isNaN(rewards[i])) continue;
    if (sizes[g] === 1 && singleton === "reward") {
      const divisor = scale === "none" ? 1 : scale === "group" ? 1 + epsilon : batchStd + epsilon;
      advantages[i] = divisor === 0 ? 0 : rewards[i] / divisor;
      continue;
    }
    if (stds[g] === 0) continue;
    // Leaving one out only stretches the distance: r − mean of the others = (r − mean) · G / (G − 1).
    const centred = (rewards[i] - means[g]) * (baseline === "mean" ? 1 : sizes[g] / (sizes[g] - 1));
    advantages[i] = scale === "none" ? centred : centred / ((scale === "group" ? stds[g] : batchStd) + epsilon);
  }
  return advantages;
}

/** The groups numbered in the order in which they come, so that a number may be an address, or a hash. */
function dense(groups: Int32Array): Int32Array {
  if (groups.every((g) => g < groups.length)) return groups;
  const numbers = new Map<number, number>();
  return groups.map((g) => {
    if (!numbers.has(g)) numbers.set(g, numbers.size);
    return numbers.get(g) as number;
  });
}

/** Names of the options of scaling. */
export const scalingNames: readonly string[] = ["scale", "epsilon", "baseline", "correction", "singleton"];
const known = [...scalingNames, "groupSize", "groups"];

/** Checks the values of the options of scaling. */
export function checkScaling(task: string, options: ScalingOptions): void {
  const { scale = "group", epsilon = 1e-4, baseline = "mean", correction = 1, singleton = "zero" } = options;
  checkOneOf(task, "scale", scale, ["group", "batch", "none"]);
  checkOneOf(task, "baseline", baseline, ["mean", "leave-one-out"]);
  checkOneOf(task, "correction", correction, [0, 1]);
  checkOneOf(task, "singleton", singleton, ["zero", "reward"]);
  checkNumber(task, "epsilon", epsilon);
}
