/**
 * From scores of steps to the score of a solution, and from scores of solutions to an answer.
 *
 * @module
 */

import { checkList, checkNumbers, checkOneOf } from "../check.ts";

/** How step probabilities become one. */
export type Aggregation = "min" | "product" | "last" | "mean";

/**
 * The score of a solution from the probabilities of its steps: their minimum, product, last or mean.
 *
 * A solution without steps scores 0: nothing speaks for it.
 *
 * @throws {RangeError} A probability is not from 0 to 1.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) takes the minimum, Lightman et al. (arXiv 2305.20050) the product.
 *
 * @example
 * ```ts
 * aggregate([0.9, 0.5, 0.8], "min"); // 0.5
 * aggregate([0.9, 0.5, 0.8], "product"); // 0.36
 * ```
 */
export function aggregate(probabilities: ArrayLike<number>, how: Aggregation = "min"): number {
  const task = "aggregate";
  checkOneOf(task, "how", how, ["min", "product", "last", "mean"]);
  checkNumbers(task, "probabilities", probabilities, undefined, "from 0 to 1", (each) => each >= 0 && each <= 1);
  const steps = Array.from(probabilities);
  if (steps.length === 0) return 0;
  if (how === "min") return Math.min(...steps);
  if (how === "product") return steps.reduce((a, b) => a * b, 1);
  if (how === "last") return steps[steps.length - 1];
  return steps.reduce((a, b) => a + b, 0) / steps.length;
}

/** The winner of {@link weightedSelfConsistency}. */
export interface WeightedAnswer<Answer> {
  /** `undefined` when no sample has an answer. */
  readonly answer: Answer | undefined;
  /** Its share of all weight, 0 when there is none. */
  readonly share: number;
  /** The weight of each answer, in the order in which they first came. */
  readonly weights: ReadonlyMap<Answer, number>;
}

/**
 * Self-consistency with a reward model: the answer whose samples have most reward together.
 *
 * `argmax_a Σ_i 1(a_i = a) · score_i`. With equal scores it is the majority vote. Of answers with the same weight the one
 * that came first wins.
 *
 * @param answers The answer of each sample, equal ones identical (canonicalise first); `null` or `undefined`: none.
 * @param scores The reward of each sample, from 0 on: probabilities, not logits.
 * @throws {RangeError} A score is negative or not finite, or the lists differ in length.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) equation 5.
 *
 * @example
 * ```ts
 * weightedSelfConsistency(["4", "5", "5"], [0.9, 0.2, 0.3]).answer; // "4"
 * ```
 */
export function weightedSelfConsistency<Answer>(
  answers: readonly (Answer | null | undefined)[],
  scores: ArrayLike<number>,
): WeightedAnswer<Answer> {
  const task = "vote";
  checkList(task, "answers", answers);
  const fits = (score: number) => score >= 0 && score < Infinity;
  checkNumbers(task, "scores", scores, answers.length, "finite, from 0", fits);
  const weights = new Map<Answer, number>();
  let total = 0;
  answers.forEach((answer, i) => {
    if (answer == null) return;
    weights.set(answer, (weights.get(answer) ?? 0) + scores[i]);
    total += scores[i];
  });
  let answer: Answer | undefined;
  let best = -1;
  for (const [each, weight] of weights) {
    if (weight <= best) continue;
    answer = each;
    best = weight;
  }
  return { answer, share: total > 0 ? best / total : 0, weights };
}

/**
 * The index of the sample with the highest score, the first of them; −1 when there is none.
 *
 * @example
 * ```ts
 * bestOf([0.1, 0.7, 0.7]); // 1
 * ```
 */
export function bestOf(scores: ArrayLike<number>): number {
  checkNumbers("choose the best", "scores", scores);
  let best = -1;
  for (let i = 0; i < scores.length; i++) if (best < 0 || scores[i] > scores[best]) best = i;
  return best;
}
