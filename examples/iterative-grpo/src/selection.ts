/**
 * What a reward model is worth at test time: the best of eight, and weighted votes, against the majority.
 *
 * @module
 */

import { type RewardExample, type RewardModel, type SelectionAccuracy, selectionAccuracy } from "@gradus/reward-model";

/** Chooses among all samples of each problem; a sample's answer is its text. */
export async function selection(model: RewardModel, examples: readonly RewardExample[]): Promise<SelectionAccuracy> {
  return selectionAccuracy({
    problems: examples.map(({ problem }) => problem),
    answers: examples.map(({ tokens }) => tokens.join(" ")),
    labels: examples.map(({ label }) => label),
    scores: await model.score(examples),
  });
}
