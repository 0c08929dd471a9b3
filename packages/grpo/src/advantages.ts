/**
 * Group-relative advantages: how much better a completion did than the others sampled for the same prompt.
 *
 * @module
 */

/** Which rewards belong together: every `groupSize` neighbours, or the group number of each reward. */
export interface Grouping {
  /** Rewards `g·groupSize … (g + 1)·groupSize − 1` form group `g`. */
  groupSize?: number;
  /** The group of each reward, numbered from 0. Groups may differ in size and need not be contiguous. */
  groups?: ArrayLike<number>;
}

/** Options of {@link groupAdvantages}. */
export interface AdvantageOptions extends Grouping {
  /**
   * What the centred reward is divided by: the standard deviation of its `"group"` (DeepSeekMath, the default), of the
   * whole `"batch"`, or `"none"` (Dr. GRPO). Standard deviations are the sample's (Bessel's correction).
   */
  scale?: "group" | "batch" | "none";
  /** Added to the standard deviation. Default 1e-4, as TRL; others use 1e-6. */
  epsilon?: number;
  /** The group's `"mean"` (default), or the mean of the *other* members, `"leave-one-out"` (RLOO). */
  baseline?: "mean" | "leave-one-out";
}

/** What {@link groupStatistics} finds. One entry for each group. */
export interface GroupStatistics {
  readonly sizes: Int32Array;
  readonly means: Float64Array;
  /** Sample standard deviation; 0 for a group of one, and exactly 0 where all rewards are equal. */
  readonly stds: Float64Array;
  /** Groups whose rewards are all equal, those of one included: they have no gradient (DAPO drops and refills them). */
  readonly zeroVariance: Int32Array;
}

/**
 * Advantages of rewards relative to their group.
 *
 * `Â_i = (r_i − baseline_i) / (std + ε)`, with `std` left out for `scale: "none"`. A group of one, and a group whose
 * rewards are all equal, get exactly 0.
 *
 * @param rewards One finite reward for each completion.
 * @returns One advantage for each reward, in the same order.
 * @throws {RangeError} A reward is not finite, or `groupSize` does not divide their number.
 * @throws {TypeError} Neither or both of `groupSize` and `groups` are given.
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
  const { scale = "group", epsilon = 1e-4, baseline = "mean" } = options;
  if (scale !== "group" && scale !== "batch" && scale !== "none") {
    throw new TypeError(`Cannot compute advantages: scale must be "group", "batch" or "none", found ${scale}`);
  }
  if (baseline !== "mean" && baseline !== "leave-one-out") {
    throw new TypeError(`Cannot compute advantages: baseline must be "mean" or "leave-one-out", found ${baseline}`);
  }
  const groups = groupNumbers(rewards, options);
  const { sizes, means, stds } = statistics(rewards, groups);
  const batchStd = scale === "batch" ? statistics(rewards, new Int32Array(rewards.length)).stds[0] : 0;
  const advantages = new Float32Array(rewards.length);
  for (let i = 0; i < rewards.length; i++) {
    const g = groups[i];
    if (stds[g] === 0) continue;
    // Leaving one out only stretches the distance: r − mean of the others = (r − mean) · G / (G − 1).
    const centred = (rewards[i] - means[g]) * (baseline === "mean" ? 1 : sizes[g] / (sizes[g] - 1));
    advantages[i] = scale === "none" ? centred : centred / ((scale === "group" ? stds[g] : batchStd) + epsilon);
  }
  return advantages;
}

/**
 * Size, mean and spread of the rewards of each group, and which groups have no spread.
 *
 * @throws {RangeError} and {TypeError} as {@link groupAdvantages}.
 *
 * @example
 * ```ts
 * groupStatistics([1, 0, 1, 1], { groupSize: 2 }).zeroVariance; // [1]
 * ```
 */
export function groupStatistics(rewards: ArrayLike<number>, grouping: Grouping): GroupStatistics {
  return statistics(rewards, groupNumbers(rewards, grouping));
}

function groupNumbers(rewards: ArrayLike<number>, { groupSize, groups }: Grouping): Int32Array {
  if ((groupSize === undefined) === (groups === undefined)) {
    throw new TypeError("Cannot group rewards: expected exactly one of groupSize and groups");
  }
  for (let i = 0; i < rewards.length; i++) {
    if (!Number.isFinite(rewards[i])) {
      throw new RangeError(`Cannot group rewards: rewards[${i}] must be finite, found ${rewards[i]}`);
    }
  }
  if (groups !== undefined) {
    if (groups.length !== rewards.length) {
      throw new RangeError(
        `Cannot group rewards: expected ${rewards.length} entries in groups, found ${groups.length}`,
      );
    }
    for (let i = 0; i < groups.length; i++) {
      if (!(Number.isInteger(groups[i]) && groups[i] >= 0 && groups[i] < 2 ** 31)) {
        throw new RangeError(`Cannot group rewards: groups[${i}] must be an integer from 0 on, found ${groups[i]}`);
      }
    }
    return Int32Array.from(groups);
  }
  const size = groupSize as number;
  if (!(Number.isInteger(size) && size > 0 && rewards.length % size === 0)) {
    throw new RangeError(
      `Cannot group rewards: groupSize must divide the number of rewards, ${rewards.length}, found ${size}`,
    );
  }
  const numbers = new Int32Array(rewards.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.floor(i / size);
  return numbers;
}

function statistics(rewards: ArrayLike<number>, groups: Int32Array): GroupStatistics {
  const count = groups.reduce((most, g) => Math.max(most, g + 1), 0);
  const sizes = new Int32Array(count);
  const means = new Float64Array(count);
  const stds = new Float64Array(count);
  const lowest = new Float64Array(count).fill(Infinity);
  const highest = new Float64Array(count).fill(-Infinity);
  for (let i = 0; i < groups.length; i++) {
    const g = groups[i];
    sizes[g]++;
    means[g] += rewards[i];
    lowest[g] = Math.min(lowest[g], rewards[i]);
    highest[g] = Math.max(highest[g], rewards[i]);
  }
  for (let g = 0; g < count; g++) means[g] /= sizes[g] || 1;
  for (let i = 0; i < groups.length; i++) stds[groups[i]] += (rewards[i] - means[groups[i]]) ** 2;
  const zeroVariance: number[] = [];
  for (let g = 0; g < count; g++) {
    // Equal rewards can differ from their rounded mean, so equality is decided on the rewards themselves.
    const equal = lowest[g] >= highest[g];
    stds[g] = equal ? 0 : Math.sqrt(stds[g] / (sizes[g] - 1));
    if (equal && sizes[g] > 0) zeroVariance.push(g);
  }
  return { sizes, means, stds, zeroVariance: Int32Array.from(zeroVariance) };
}
