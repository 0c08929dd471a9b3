/**
 * What a reward model is worth at test time: the best of eight, and weighted votes, against the majority.
 *
 * @module
 */

import { majorityAtK } from "@gradus/evals";
import { bestOf, type RewardExample, type RewardModel, weightedSelfConsistency } from "@gradus/reward-model";

/** Accuracy of each way to choose among the samples of a problem, on the mean over problems. */
export interface Selection {
  readonly single: number;
  readonly majority: number;
  readonly weighted: number;
  readonly best: number;
}

/** Chooses among all samples of each problem. */
export async function selection(model: RewardModel, examples: readonly RewardExample[]): Promise<Selection> {
  const rewards = await model.score(examples);
  const problems = new Map<string, number[]>();
  examples.forEach(({ problem }, i) => {
    problems.set(problem, [...(problems.get(problem) ?? []), i]);
  });
  const sums = { single: 0, majority: 0, weighted: 0, best: 0 };
  for (const members of problems.values()) {
    const answers = members.map((i) => examples[i].tokens.join(" "));
    const right = answers.find((_, j) => examples[members[j]].label === 1);
    const scores = members.map((i) => rewards[i]);
    sums.single += members.filter((i) => examples[i].label === 1).length / members.length;
    sums.majority += right === undefined ? 0 : majorityAtK(answers, right);
    sums.weighted += Number(right !== undefined && weightedSelfConsistency(answers, scores).answer === right);
    sums.best += examples[members[bestOf(scores)]].label;
  }
  const share = (sum: number) => sum / Math.max(1, problems.size);
  return {
    ...{ single: share(sums.single), majority: share(sums.majority) },
    ...{ weighted: share(sums.weighted), best: share(sums.best) },
  };
}
