/**
 * Several rewards for one completion, and what is added to a reward: the price of length and of the KL.
 *
 * @module
 */

import { checkNumber, checkNumbers, checkObject, checkOneOf, checkOptions, checkSegments, show } from "../check.ts";
import type { FloatArray, TokenBatch } from "../objectives/batch.ts";
import type { KlEstimator } from "../objectives/kl.ts";
import { klEstimate } from "../objectives/kl.ts";
import { groupAdvantages } from "./group_advantages.ts";
import type { Grouping } from "./grouping.ts";

/** Rewards of one reward function, one for each completion; `null` and NaN mean "not applicable". */
export type RewardColumn = ArrayLike<number | null>;

/**
 * The weighted sum of several rewards, `r_i = Σ_k w_k r_ki` over those that apply to completion i; NaN where none does.
 *
 * @param columns One column for each reward function.
 * @param weights One for each column. Default: all 1.
 * @throws {RangeError} Columns differ in length, or weights in number.
 * @throws {TypeError} A column or the weights are no list of numbers.
 *
 * @example
 * ```ts
 * weighRewards([[1, 0], [0.5, null]], [1, 2]); // [2, 0]
 * ```
 */
export function weighRewards(columns: readonly RewardColumn[], weights?: ArrayLike<number>): Float64Array {
  checkColumns(columns, weights);
  const sums = new Float64Array(columns[0]?.length ?? 0).fill(Number.NaN);
  columns.forEach((column, k) => {
    for (let i = 0; i < sums.length; i++) {
      const reward = column[i] ?? Number.NaN;
      if (Number.isNaN(reward)) continue;
      sums[i] = (Number.isNaN(sums[i]) ? 0 : sums[i]) + (weights?.[k] ?? 1) * reward;
    }
  });
  return sums;
}

/** Options of {@link gdpoAdvantages}. */
export interface GdpoOptions extends Grouping {
  /** One for each reward function. Default: all 1. */
  weights?: ArrayLike<number>;
  /** Added to each standard deviation. Default 1e-4, as TRL. */
  epsilon?: number;
}

/**
 * GDPO: each reward is normalised in its group by itself, then they are weighed and normalised over the batch. So a
 * reward with a small spread is not drowned by another with a large one.
 *
 * `Â_i = (s_i − mean s) / (std s + ε)` over the batch, with `s_i = Σ_k w_k (r_ki − mean_k) / (std_k + ε)` over the group.
 *
 * @returns One advantage for each completion; 0 where no reward applies.
 * @throws {RangeError} Columns differ in length, or weights in number.
 * @throws {TypeError} A column or the weights are no list of numbers, or an option is unknown.
 *
 * Source: GDPO, group reward-decoupled normalisation (arXiv 2601.05242); TRL's `normalize_then_sum`.
 *
 * @example
 * ```ts
 * gdpoAdvantages([[1, 0, 1, 0], [100, 100, 300, 100]], { groupSize: 4 });
 * ```
 */
export function gdpoAdvantages(columns: readonly RewardColumn[], options: GdpoOptions): Float32Array {
  checkColumns(columns);
  checkOptions("combine rewards", options, ["weights", "epsilon", "groupSize", "groups"]);
  const { weights, epsilon = 1e-4, ...grouping } = options;
  checkColumns(columns, weights);
  const normalised = columns.map((column) => {
    const rewards = Float64Array.from(column, (reward) => reward ?? Number.NaN);
    const advantages = groupAdvantages(rewards, { ...grouping, epsilon });
    return Float64Array.from(advantages, (advantage, i) => (Number.isNaN(rewards[i]) ? Number.NaN : advantage));
  });
  const sums = weighRewards(normalised, weights);
  return groupAdvantages(sums, { groups: new Int32Array(sums.length), epsilon });
}

function checkColumns(columns: readonly RewardColumn[], weights?: ArrayLike<number>): void {
  if (!Array.isArray(columns)) {
    throw new TypeError(`Cannot combine rewards: columns must be an array of columns, found ${show(columns)}`);
  }
  columns.forEach((column, k) => {
    checkNumbers("combine rewards", `columns[${k}]`, column, (reward) => reward === null || reward === undefined);
    if (column.length === columns[0].length) return;
    throw new RangeError(
      `Cannot combine rewards: expected ${columns[0].length} entries in column ${k}, as in column 0, found ${column.length}`,
    );
  });
  if (weights !== undefined) {
    checkNumbers("combine rewards", "weights", weights);
    const bad = Array.from(weights).findIndex((weight) => !Number.isFinite(weight));
    if (bad >= 0) throw new RangeError(`Cannot combine rewards: weights[${bad}] must be finite, found ${weights[bad]}`);
  }
  if (weights !== undefined && weights.length !== columns.length) {
    throw new RangeError(`Cannot combine rewards: expected ${columns.length} weights, found ${weights.length}`);
  }
}

/**
 * DAPO's soft overlong punishment, to add to a reward: 0 up to `maxLength − cache` tokens, then falling in a straight
 * line, `((maxLength − cache) − length) / cache`, to −1 at `maxLength`.
 *
 * @throws {RangeError} `cache` is not between 1 and `maxLength`.
 *
 * Source: DAPO (arXiv 2503.14476) equation 13.
 *
 * @example
 * ```ts
 * softOverlong(95, { maxLength: 100, cache: 10 }); // -0.5
 * ```
 */
export function softOverlong(length: number, options: { maxLength: number; cache: number }): number {
  checkNumber("punish length", "length", length);
  checkOptions("punish length", options, ["maxLength", "cache"]);
  const { maxLength, cache } = options;
  checkNumber("punish length", "maxLength", maxLength);
  checkNumber("punish length", "cache", cache);
  if (!(cache >= 1 && cache <= maxLength)) {
    throw new RangeError(`Cannot punish length: cache must be from 1 to maxLength, ${maxLength}, found ${cache}`);
  }
  return Math.max(-1, Math.min(0, (maxLength - cache - length) / cache));
}

/** A batch with what the KL to a reference is estimated from. */
export interface KlBatch extends Omit<TokenBatch, "logProbs"> {
  /** log π of the sampling policy, and of the reference; in nats, one for each token. */
  readonly oldLogProbs: FloatArray;
  readonly refLogProbs: FloatArray;
}

/**
 * The price of the KL as a reward for each token, `−β KL_t`: how PPO places it, where GRPO adds it to the loss. Add it
 * to the token rewards for {@link gae}, or its sum over a sequence to the sequence's reward.
 *
 * @returns One (non-positive for k2 and k3) reward for each token, 0 outside the mask.
 * @throws {RangeError} Arrays differ in length, or `beta` is negative.
 * @throws {TypeError} An array is missing or holds no numbers, or an option is unknown.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) equation 2.
 *
 * @example
 * ```ts
 * const segments = Int32Array.of(0, 1);
 * const logs = { oldLogProbs: Float32Array.of(-1), refLogProbs: Float32Array.of(-1.5) };
 * klRewards({ ...logs, mask: Uint8Array.of(1), segments }, { beta: 0.1, kl: "k1" }); // [-0.05]
 * ```
 */
export function klRewards(batch: KlBatch, options: { beta: number; kl?: KlEstimator }): Float32Array {
  const task = "compute KL rewards";
  checkObject(task, "the batch", batch);
  checkOptions(task, options, ["beta", "kl"]);
  const { oldLogProbs, refLogProbs, mask, segments } = batch;
  const { beta, kl = "k1" } = options;
  checkNumber(task, "beta", beta, "0 or more and finite", (value) => value >= 0 && value < Infinity);
  checkOneOf(task, "kl", kl, ["k1", "k2", "k3"]);
  checkSegments(task, segments);
  for (const [name, array] of Object.entries({ oldLogProbs, refLogProbs, mask })) {
    checkNumbers(task, name, array);
    if (array.length === segments[segments.length - 1]) continue;
    throw new RangeError(
      `Cannot ${task}: expected ${segments[segments.length - 1]} entries in ${name}, where segments end, found ${array.length}`,
    );
  }
  return Float32Array.from(oldLogProbs, (logProb, t) =>
    mask[t] === 0 ? 0 : -beta * klEstimate(kl, logProb - refLogProbs[t]),
  );
}
