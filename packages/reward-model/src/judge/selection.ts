/**
 * What a reward model is worth at test time: choosing among samples by its scores, against choosing by majority.
 *
 * @module
 */

import { checkKeys, checkList, checkNumbers, isProbability } from "../check.ts";
import { bestOf, weightedSelfConsistency } from "./aggregate.ts";

/** Samples of problems, in any order. */
export interface Candidates<Answer = string> {
  /** The problem of each. */
  readonly problems: ArrayLike<unknown>;
  /** The answer of each, equal ones identical (canonicalise first); `null` or `undefined`: none. */
  readonly answers: ArrayLike<Answer | null | undefined>;
  /** Whether each is right: 1 or 0. Equal answers to a problem have equal labels. */
  readonly labels: ArrayLike<number>;
  /** The reward of each, from 0 on: probabilities, not logits. */
  readonly scores: ArrayLike<number>;
}

/** Shares of problems answered right, by each way to choose; all 0 without problems. */
export interface SelectionAccuracy {
  readonly problems: number;
  /** One sample, any: the mean over them. */
  readonly single: number;
  /** The answer most samples give; answers with as many votes share the vote. */
  readonly majority: number;
  /** The answer with most reward together. */
  readonly weighted: number;
  /** The sample with the highest reward. */
  readonly best: number;
  /** Any sample is right: what no way to choose exceeds. */
  readonly any: number;
}

/**
 * How often each way to choose among the samples of a problem finds the right answer.
 *
 * @throws {RangeError} The lists differ in length, a label is not from 0 to 1, a score is negative or not finite.
 *
 * Source: best-of-N against self-consistency, Lightman et al. (arXiv 2305.20050) figure 3.
 *
 * @example
 * ```ts
 * const problems = ["1+3", "1+3", "1+3"];
 * const found = selectionAccuracy({ problems, answers: ["4", "5", "5"], labels: [1, 0, 0], scores: [0.9, 0.2, 0.3] });
 * [found.majority, found.best]; // [0, 1]
 * ```
 */
export function selectionAccuracy<Answer>(candidates: Candidates<Answer>): SelectionAccuracy {
  const task = "compare ways to choose";
  checkKeys(task, candidates, ["problems", "answers", "labels", "scores"]);
  const { problems, answers, labels, scores } = candidates;
  checkList(task, "answers", answers);
  checkList(task, "problems", problems, answers.length);
  checkNumbers(task, "labels", labels, answers.length, "from 0 to 1", isProbability);
  checkNumbers(task, "scores", scores, answers.length, "finite, from 0", (score) => score >= 0 && score < Infinity);
  const groups = new Map<unknown, number[]>();
  for (let i = 0; i < answers.length; i++) groups.set(problems[i], [...(groups.get(problems[i]) ?? []), i]);
  const sums = { single: 0, majority: 0, weighted: 0, best: 0, any: 0 };
  for (const members of groups.values()) {
    const right = members.map((i) => labels[i]);
    const found = members.map((i) => answers[i]);
    const rewards = members.map((i) => scores[i]);
    const isRight = (answer: Answer) => right[found.indexOf(answer)];
    const { answer } = weightedSelfConsistency(found, rewards);
    const votes = weightedSelfConsistency(found, new Uint8Array(found.length).fill(1)).weights;
    const most = Math.max(...votes.values());
    sums.single += mean(right);
    sums.majority += mean([...votes.keys()].filter((each) => votes.get(each) === most).map(isRight));
    sums.weighted += answer === undefined ? 0 : isRight(answer);
    sums.best += right[bestOf(rewards)];
    sums.any += Math.max(...right);
  }
  const share = (sum: number) => sum / Math.max(1, groups.size);
  return {
    problems: groups.size,
    ...{ single: share(sums.single), majority: share(sums.majority), weighted: share(sums.weighted) },
    ...{ best: share(sums.best), any: share(sums.any) },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
