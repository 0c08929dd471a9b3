/**
 * The metrics of a step, from what was sampled and what was learned.
 *
 * @module
 */

import { combinedRewards, isFlat } from "./judge.ts";
import type { GradientReport, Lesson } from "./learn.ts";
import type { Exploration } from "./rollout.ts";
import type { GrpoTrainerOptions, Prompt, StepMetrics, UpdateMetrics } from "./trainer_options.ts";

/** Gathers them; means of nothing are 0. */
export function stepMetrics<P extends Prompt>(
  options: GrpoTrainerOptions<P>,
  exploration: Exploration,
  lesson: Lesson | undefined,
  first: GradientReport | undefined,
  updates: readonly UpdateMetrics[],
): StepMetrics {
  const { step, groups, failures, dropped, sampledTokens } = exploration;
  const completions = groups.flatMap((group) => group.completions);
  const lengths = completions.map(({ tokens }) => tokens.length);
  const rewards = groups
    .flatMap((group) => Array.from(combinedRewards(group, options)))
    .filter((r) => !Number.isNaN(r));
  const reward = mean(rewards);
  const trainedAdvantages =
    lesson?.advantagesPer === "token"
      ? lesson.advantages.filter((_, t) => lesson.batch.mask[t] !== 0)
      : (lesson?.advantages ?? []);
  const negativeLogProb = completions.reduce((sum, { logProbs }) => logProbs.reduce((a, b) => a - b, sum), 0);
  const tokens = lengths.reduce((a, b) => a + b, 0);
  return {
    step,
    iteration: Math.floor(step / options.stepsPerIteration),
    reward,
    rewardStd: Math.sqrt(mean(rewards.map((r) => (r - reward) ** 2))),
    rewards: (groups[0]?.rewards ?? []).map((_, k) =>
      mean(groups.flatMap((group) => group.rewards[k]).filter((r) => r !== null)),
    ),
    advantageSize: mean(Array.from(trainedAdvantages, Math.abs)),
    length: mean(lengths),
    longest: lengths.reduce((a, b) => Math.max(a, b), 0),
    truncated: mean(completions.map(({ finishReason }) => Number(finishReason === "length"))),
    zeroVariance: mean(groups.map((group) => Number(isFlat(group, options)))),
    groups: groups.length,
    dropped,
    missing: options.promptsPerStep - groups.length,
    failures,
    sampledTokens,
    entropy: first?.metrics.entropy ?? negativeLogProb / Math.max(1, tokens),
    samplerGap: (first?.gap.sum ?? 0) / Math.max(1, first?.gap.compared ?? 0),
    samplerGapMax: first?.gap.max ?? 0,
    updates,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
}
