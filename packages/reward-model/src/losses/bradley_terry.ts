/**
 * Learning from pairs: the better solution shall score higher.
 *
 * @module
 */

import { checkKeys, checkNumber, checkNumbers } from "../check.ts";
import { sigmoid, softplus } from "./logistic.ts";
import type { FloatArray, Loss } from "./loss.ts";

/** Scores, and which of them are compared. */
export interface PairBatch {
  /** One score (logit) for each solution. */
  readonly scores: FloatArray;
  /**
   * Two entries for each pair: the index of the better solution, then of the worse. A solution may be in many pairs or in
   * none. Default: 0 and 1, 2 and 3, and so on. See `rightWrongPairs`.
   */
  readonly pairs?: ArrayLike<number>;
  /** By how much the better one has to lead, one for each pair. Default: 0. */
  readonly margins?: FloatArray;
}

/** Options of {@link bradleyTerry}. */
export interface BradleyTerryOptions {
  /** λ: how strongly the scores of a pair are pulled to a sum of 0. Default 0; 0.01 is usual. */
  centering?: number;
  /** Pairs of the whole batch when this is one micro-batch of it. Default: this batch's own. */
  total?: { readonly pairs: number };
}

/** Metrics of {@link bradleyTerry}: means over pairs. */
export interface PairMetrics {
  readonly pairs: number;
  /** Share of pairs whose better solution scores higher; equal scores count half. */
  readonly accuracy: number;
  /** Mean of s⁺ − s⁻, whatever the margins. */
  readonly difference: number;
}

/**
 * The pairwise Bradley–Terry loss.
 *
 * `loss = mean over pairs of −log σ(s⁺ − s⁻ − m) + λ (s⁺ + s⁻)²`. With e = σ(m − s⁺ + s⁻), the derivative is
 * `(−e + 2λ(s⁺ + s⁻)) / pairs` for the better score and `(e + 2λ(s⁺ + s⁻)) / pairs` for the worse, added up over the
 * pairs that a solution is in. Without pairs everything is 0.
 *
 * @throws {RangeError} A score, margin or option is not finite, an index names no score, or lengths do not agree.
 * @throws {TypeError} An array is missing, or an option is unknown.
 *
 * Source: Bradley and Terry (1952); the margin: Llama 2 (arXiv 2307.09288) equation 2; centring: Eisenstein et al. (arXiv
 * 2312.09244) equation 6, as TRL's `center_rewards_coefficient` has it.
 *
 * @example
 * ```ts
 * bradleyTerry({ scores: [1, -1] }).coefficients; // [-0.1192, 0.1192]: the first is better, and shall lead by more
 * ```
 */
export function bradleyTerry(batch: PairBatch, options: BradleyTerryOptions = {}): Loss<PairMetrics> {
  const task = "compute bradleyTerry";
  checkKeys(task, options, ["centering", "total"]);
  const { centering = 0, total } = options;
  checkNumber(task, "centering", centering, "a finite number from 0", (each) => each >= 0 && each < Infinity);
  if (total !== undefined) checkNumber(task, "total.pairs", total.pairs);
  const { scores, margins } = batch;
  checkNumbers(task, "scores", scores);
  const pairs = batch.pairs ?? neighbours(task, scores.length);
  const isScore = (index: number) => Number.isInteger(index) && index >= 0 && index < scores.length;
  checkNumbers(task, "pairs", pairs, undefined, `an index of the ${scores.length} scores`, isScore);
  if (pairs.length % 2 !== 0)
    throw new RangeError(`Cannot ${task}: pairs must have an even number of entries, found ${pairs.length}`);
  const count = pairs.length / 2;
  if (margins !== undefined) checkNumbers(task, "margins", margins, count);

  const share = 1 / Math.max(1, total?.pairs ?? count);
  const slopes = new Float64Array(scores.length);
  let [loss, right, difference] = [0, 0, 0];
  for (let k = 0; k < count; k++) {
    const [better, worse] = [pairs[2 * k], pairs[2 * k + 1]];
    const lead = scores[better] - scores[worse];
    const sum = scores[better] + scores[worse];
    const error = sigmoid((margins?.[k] ?? 0) - lead);
    loss += share * (softplus((margins?.[k] ?? 0) - lead) + centering * sum ** 2);
    slopes[better] += share * (2 * centering * sum - error);
    slopes[worse] += share * (2 * centering * sum + error);
    right += lead > 0 ? 1 : lead === 0 ? 0.5 : 0;
    difference += lead;
  }
  const metrics = { pairs: count, accuracy: right * share, difference: difference * share };
  return { loss, coefficients: Float32Array.from(slopes), metrics };
}

function neighbours(task: string, scores: number): Int32Array {
  if (scores % 2 !== 0)
    throw new RangeError(`Cannot ${task}: without pairs, scores must have an even number of entries, found ${scores}`);
  return Int32Array.from({ length: scores }, (_, i) => i);
}

/**
 * Every pair of a right and a wrong solution of the same problem, as `bradleyTerry` takes them.
 *
 * A problem whose solutions are all right, or all wrong, has none.
 *
 * @param labels Whether each solution is right: 1 or true; a probability counts as right from 1/2.
 * @param problems The problem of each solution, in any form that can be compared.
 * @throws {RangeError} The lists differ in length.
 *
 * @example
 * ```ts
 * rightWrongPairs([1, 0, 0, 1], ["a", "a", "a", "b"]); // [0, 1, 0, 2]
 * ```
 */
export function rightWrongPairs(labels: ArrayLike<number | boolean>, problems: ArrayLike<unknown>): Int32Array {
  if (labels.length !== problems.length) {
    throw new RangeError(
      `Cannot make pairs: expected a problem for each of ${labels.length} labels, found ${problems.length}`,
    );
  }
  const groups = new Map<unknown, { right: number[]; wrong: number[] }>();
  for (let i = 0; i < labels.length; i++) {
    let group = groups.get(problems[i]);
    if (!group) {
      group = { right: [], wrong: [] };
      groups.set(problems[i], group);
    }
    (Number(labels[i]) >= 0.5 ? group.right : group.wrong).push(i);
  }
  const pairs: number[] = [];
  for (const { right, wrong } of groups.values())
    for (const better of right) for (const worse of wrong) pairs.push(better, worse);
  return Int32Array.from(pairs);
}
