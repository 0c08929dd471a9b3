/**
 * Which rewards belong together, and the mean and spread of each group.
 *
 * @module
 */

import { checkNumber, checkNumbers, checkOneOf, checkOptions } from "../check.ts";

/** Which rewards belong together: every `groupSize` neighbours, or the group number of each reward. */
export interface Grouping {
  /** Rewards `g·groupSize … (g + 1)·groupSize − 1` form group `g`. */
  groupSize?: number;
  /** The group of each reward, numbered from 0. Groups may differ in size and need not be contiguous. */
  groups?: ArrayLike<number>;
}

/** What {@link groupStatistics} finds. One entry for each group; rewards that are NaN are not counted. */
export interface GroupStatistics {
  readonly sizes: Int32Array;
  readonly means: Float64Array;
  /** Sample standard deviation; 0 for a group of one, and exactly 0 where all rewards are equal. */
  readonly stds: Float64Array;
  /** Groups without two different rewards: they have no gradient (DAPO drops and refills them). */
  readonly zeroVariance: Int32Array;
}

/**
 * Size, mean and spread of the rewards of each group, and which groups have no spread.
 *
 * @param correction 1 (the default): divide by n − 1, Bessel's correction, as TRL and verl do; 0: by n.
 *
 * @throws {RangeError} A reward is infinite, or `groupSize` does not divide their number.
 * @throws {TypeError} Neither or both of `groupSize` and `groups` are given, or a reward is no number.
 *
 * @example
 * ```ts
 * groupStatistics([1, 0, 1, 1], { groupSize: 2 }).zeroVariance; // [1]
 * ```
 */
export function groupStatistics(
  rewards: ArrayLike<number>,
  grouping: Grouping,
  correction: 0 | 1 = 1,
): GroupStatistics {
  checkOptions("group rewards", grouping, ["groupSize", "groups"], "grouping");
  checkOneOf("group rewards", "correction", correction, [0, 1]);
  return statistics(rewards, groupNumbers(rewards, grouping), correction);
}

/** The group of each reward, with everything about it checked. */
export function groupNumbers(rewards: ArrayLike<number>, { groupSize, groups }: Grouping): Int32Array {
  checkNumbers("group rewards", "rewards", rewards);
  if ((groupSize === undefined) === (groups === undefined)) {
    throw new TypeError("Cannot group rewards: expected exactly one of groupSize and groups");
  }
  for (let i = 0; i < rewards.length; i++) {
    if (Math.abs(rewards[i]) === Infinity) {
      throw new RangeError(
        `Cannot group rewards: rewards[${i}] must be finite, or NaN if missing, found ${rewards[i]}`,
      );
    }
  }
  if (groups !== undefined) {
    checkNumbers("group rewards", "groups", groups);
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
  checkNumber(
    "group rewards",
    "groupSize",
    size,
    "an integer above 0",
    (value) => Number.isInteger(value) && value > 0,
  );
  if (rewards.length % size !== 0) {
    throw new RangeError(
      `Cannot group rewards: groupSize must divide the number of rewards, ${rewards.length}, found ${size}`,
    );
  }
  const numbers = new Int32Array(rewards.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.floor(i / size);
  return numbers;
}

/** {@link groupStatistics} for groups that are numbered and checked. */
export function statistics(rewards: ArrayLike<number>, groups: Int32Array, correction: 0 | 1): GroupStatistics {
  const count = groups.reduce((most, g) => Math.max(most, g + 1), 0);
  const sizes = new Int32Array(count);
  const members = new Int32Array(count);
  const means = new Float64Array(count);
  const stds = new Float64Array(count);
  const lowest = new Float64Array(count).fill(Infinity);
  const highest = new Float64Array(count).fill(-Infinity);
  for (let i = 0; i < groups.length; i++) {
    const g = groups[i];
    members[g]++;
    if (Number.isNaN(rewards[i])) continue;
    sizes[g]++;
    means[g] += rewards[i];
    lowest[g] = Math.min(lowest[g], rewards[i]);
    highest[g] = Math.max(highest[g], rewards[i]);
  }
  for (let g = 0; g < count; g++) means[g] /= sizes[g] || 1;
  for (let i = 0; i < groups.length; i++) {
    if (!Number.isNaN(rewards[i])) stds[groups[i]] += (rewards[i] - means[groups[i]]) ** 2;
  }
  const zeroVariance: number[] = [];
  for (let g = 0; g < count; g++) {
    // Equal rewards can differ from their rounded mean, so equality is decided on the rewards themselves.
    const equal = lowest[g] >= highest[g] || sizes[g] === 0;
    stds[g] = equal ? 0 : Math.sqrt(stds[g] / (sizes[g] - correction));
    if (equal && members[g] > 0) zeroVariance.push(g);
  }
  return { sizes, means, stds, zeroVariance: Int32Array.from(zeroVariance) };
}
