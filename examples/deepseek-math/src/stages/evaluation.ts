/**
 * Evaluation: each checkpoint that is there, with and without tools, greedily, by the majority of k samples and by the best of k.
 *
 * @module
 */

import { type Stage, stageLabels, stages } from "../recipe/configuration.ts";
import { evaluateFully, type FullEvaluation } from "../recipe/full_evaluation.ts";
import { programRunner } from "./policy_training.ts";
import type { RecipeStage, StageAccount, StageContext } from "./stage.ts";

export const evaluation: RecipeStage = {
  name: "evaluation",
  consumes: () => ["tokenizer.json", "checkpoints/pretraining"],
  produces: () => stages.map((stage) => `evaluations/full/${stage}.json`),
  run,
};

async function run(context: StageContext): Promise<StageAccount> {
  const { configuration, progress, directory } = context;
  const { sampledProblems, samples, toolProblems } = configuration.evaluation;
  const there = stages.filter((stage) => directory.missing([`checkpoints/${stage}`]).length === 0);
  const bar = progress.stage("Evaluation", there.length, { unit: "checkpoints" });
  const produced: Record<string, string> = {};
  for (const [i, stage] of there.entries()) {
    const known = await directory.loadFullEvaluation(stage);
    const found = known ?? (await evaluateStage(context, stage, (detail) => bar.update({ done: i, detail })));
    if (!known) await directory.saveFullEvaluation(stage, found);
    bar.update({ done: i + 1 });
    produced[stageLabels[stage]] = inWords(found);
  }
  bar.finish();
  return {
    consumed: {
      checkpoints: there.length,
      "problems with programs": 2 * toolProblems,
      "problems sampled": sampledProblems,
      "samples of each": samples,
    },
    produced,
  };
}

async function evaluateStage(
  context: StageContext,
  stage: Stage,
  onProgress: (detail: string) => void,
): Promise<FullEvaluation> {
  const { configuration, problems } = context;
  const policy = await context.policies.take(stage);
  try {
    return await evaluateFully({
      ...{ policy, tokens: await context.tokens(), problems: problems.heldOut },
      ...{ settings: configuration.evaluation, seed: configuration.seed, onProgress },
      run: programRunner(context),
    });
  } finally {
    context.policies.giveBack(policy);
  }
}

function inWords({ program, toolIntegrated, majorityAtK, passAtK }: FullEvaluation): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const [majority, pass] = [majorityAtK[majorityAtK.length - 1], passAtK[passAtK.length - 1]];
  return `program ${percent(program.accuracy)}, tools ${percent(toolIntegrated.accuracy)}, maj@${majority.k} ${percent(majority.accuracy)}, pass@${pass.k} ${percent(pass.accuracy)}`;
}
