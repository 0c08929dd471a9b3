/**
 * How good a reward model is on held-out problems: does it order right before wrong, do its probabilities mean what they say,
 * and what is choosing among samples by it worth?
 *
 * @module
 */

import { type RewardModel, type SelectionAccuracy, selectionAccuracy } from "@gradus/reward-model";
import { extractAnswer } from "../verify.ts";
import { type JudgedParts, judgedSolutions, withLineEnds } from "./reward_model.ts";

/** What {@link rewardQuality} finds. */
export interface RewardQuality extends SelectionAccuracy {
  /** Share of pairs, a right and a wrong solution of one problem, that are ordered right; `undefined` without pairs. */
  readonly pairAccuracy: number | undefined;
  readonly pairs: number;
  /** Share of solutions on the right side of 1/2. */
  readonly accuracy: number;
  /** Expected calibration error. */
  readonly ece: number;
}

/** Streams of their own: no iteration of training comes so far. */
const HELD_OUT = 2 ** 20;

/** Judges samples of a policy by the model and by the rule. */
export async function rewardQuality(model: RewardModel, parts: Omit<JudgedParts, "iteration">): Promise<RewardQuality> {
  const { tokens: codec, problems, settings } = parts;
  const solutions = await judgedSolutions({
    ...parts,
    settings: { ...settings, kind: "outcome" },
    iteration: HELD_OUT,
  });
  const examples = settings.kind === "process" ? withLineEnds(solutions, codec, parts.vocabSize) : solutions;
  const scores = await model.score(examples);
  const known = new Map(problems.map(({ question, answer }) => [question, answer]));
  const { pairAccuracy, pairs, accuracy, ece } = await model.evaluate(examples);
  return {
    ...selectionAccuracy({
      problems: examples.map(({ problem }) => problem),
      answers: examples.map(({ problem, tokens, label }) =>
        label === 1 ? known.get(problem) : extractAnswer(codec.decode(tokens)),
      ),
      labels: examples.map(({ label }) => label),
      scores,
    }),
    ...{ pairAccuracy, pairs, accuracy, ece },
  };
}
