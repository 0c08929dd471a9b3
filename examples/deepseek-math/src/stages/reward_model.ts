/**
 * Reward model: the policy after SFT solves problems, the rule judges, and a copy of the policy with a value head learns to
 * predict the verdict: of a solution, or of each of its lines. What it learned from begins the replay buffer.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { ReplayBuffer, type RewardExample, RewardModel } from "@gradus/reward-model";
import { openReplayFile } from "@gradus/reward-model/node";
import { createScorer, loadScorer } from "@gradus/transformer/reward";
import { judgedSolutions } from "../recipe/reward_model.ts";
import { type RewardQuality, rewardQuality } from "../recipe/reward_quality.ts";
import type { RecipeStage, StageAccount, StageContext } from "./stage.ts";

/** Where the reward model's problems begin among those for practice: GRPO does not come so far. */
const STRETCH = 2 ** 29;

export const rewardModel: RecipeStage = {
  name: "reward-model",
  consumes: () => ["tokenizer.json", "checkpoints/sft"],
  produces: () => ["reward-model", "replay.jsonl"],
  run,
};

async function run(context: StageContext): Promise<StageAccount> {
  const { configuration, directory, engine, problems, progress } = context;
  const { rewardModel: settings, grpo, seed, model } = configuration;
  const bar = progress.stage("Reward model", settings.problems, { unit: "problems" });
  const policy = await context.policies.take("sft");
  try {
    const parts = {
      ...{ policy, tokens: await context.tokens(), vocabSize: model.vocabSize, settings, seed },
      sampling: { temperature: grpo.temperature, maxNewTokens: grpo.maxNewTokens },
    };
    const examples = await judgedSolutions({
      ...{ ...parts, iteration: 0 },
      problems: Array.from({ length: settings.problems }, (_, i) => problems.practice(STRETCH + i)),
      onProgress: (detail) => bar.update({ done: 0, detail }),
    });
    await keep(context, examples);
    const produced: Record<string, number | string> = { kind: settings.kind };
    const known = existsSync(directory.rewardModel);
    const weights = known ? undefined : await policy.weights();
    const scorer = await (known
      ? loadScorer(directory.rewardModel, engine)
      : createScorer(model, { ...engine, weights }));
    try {
      const judge = new RewardModel({ scorer, supervision: settings.kind });
      if (!known) {
        const { learningRate, epochs } = settings;
        bar.update({ done: 0, detail: "training" });
        const report = await judge.update(examples, { learningRate, epochs, seed });
        if (report.skipped && grpo.reward !== "rule")
          throw new Error(`Cannot train the reward model: ${report.skipped}; train longer before GRPO`);
        if (report.skipped) progress.log(`The reward model learned nothing: ${report.skipped}`);
        produced.updates = report.updates;
        produced["loss at the end"] = (report.lastLoss ?? 0).toFixed(3);
        await scorer.save(directory.rewardModel);
      }
      bar.update({ done: settings.problems, detail: "judging held-out problems" });
      const { sampledProblems, samples } = configuration.evaluation;
      const heldOut = problems.heldOut.slice(0, sampledProblems);
      const quality = { ...settings, samples: Math.min(8, samples) };
      Object.assign(
        produced,
        inWords(await rewardQuality(judge, { ...parts, settings: quality, problems: heldOut }), quality.samples),
      );
    } finally {
      await scorer.dispose();
    }
    const right = examples.filter(({ label }) => label === 1).length;
    const lines = examples.reduce((sum, { stepLabels }) => sum + (stepLabels?.length ?? 0), 0);
    bar.finish(`${right} of ${examples.length} solutions right`);
    return {
      consumed: {
        problems: settings.problems,
        solutions: examples.length,
        "right ones": right,
        "labelled lines": lines,
      },
      produced,
    };
  } finally {
    context.policies.giveBack(policy);
  }
}

/** What the model is worth on held-out problems. */
function inWords(quality: RewardQuality, samples: number): Record<string, string> {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const { pairAccuracy, pairs, ece, single, majority, weighted, best } = quality;
  return {
    "held-out pairs ordered right": pairAccuracy === undefined ? "no pairs" : `${percent(pairAccuracy)} of ${pairs}`,
    "calibration error": percent(ece),
    [`one sample, majority, weighted vote, best of ${samples}`]: [single, majority, weighted, best]
      .map(percent)
      .join(", "),
  };
}

/** Adds examples to the run's replay buffer; those that are there already are left out. */
async function keep({ directory, problems }: StageContext, examples: readonly RewardExample[]): Promise<void> {
  const storage = await openReplayFile(directory.replay);
  try {
    const buffer = await ReplayBuffer.open({ storage, heldOut: (question) => problems.isHeldOut(question) });
    await buffer.add(examples);
  } finally {
    await storage.close();
  }
}
