/**
 * GRPO on fresh questions, rewarded by the rule (outcome), or by the reward model: its score of a solution (outcome) or of
 * each of its lines (process).
 *
 * @module
 */

import { formatCount } from "../progress.ts";
import { reinforcement } from "../recipe/reinforcement.ts";
import { openJudge } from "../recipe/reward_model.ts";
import {
  describe,
  producedBy,
  programRunner,
  type Training,
  trainingAccount,
  trainPolicy,
  type Update,
} from "./policy_training.ts";
import type { RecipeStage, StageContext } from "./stage.ts";

export const grpo: RecipeStage = {
  name: "grpo",
  consumes: ({ grpo: { reward } }) => [
    "tokenizer.json",
    "checkpoints/sft",
    ...(reward === "rule" ? [] : ["reward-model"]),
  ],
  produces: () => producedBy("grpo"),
  async run(context) {
    const { steps, prompts, samples, reward } = context.configuration.grpo;
    const trained = await trainPolicy(context, {
      ...{ stage: "grpo", steps },
      updates: (training) => updates(context, training),
    });
    return {
      consumed: {
        reward,
        questions: steps * prompts,
        samples: steps * prompts * samples,
        tokens: trained.totals.tokens,
      },
      produced: trainingAccount(trained),
    };
  },
};

async function* updates(context: StageContext, training: Training): AsyncGenerator<Update, void> {
  const { configuration, directory, engine, problems } = context;
  const { grpo: settings, model, seed } = configuration;
  const tokens = await context.tokens();
  // π_ref: the policy as SFT left it.
  const reference = settings.beta > 0 ? await context.policies.take("sft") : undefined;
  const judge =
    settings.reward === "rule"
      ? undefined
      : await openJudge(directory.rewardModel, { kind: settings.reward, tokens, vocabSize: model.vocabSize, engine });
  let last = "";
  try {
    const steps = reinforcement(
      {
        ...{ policy: training.policy, reference, settings, seed, tokens, judge: judge?.judge },
        byLine: settings.reward === "process",
        ...{ practice: problems.practice, learningRate: training.learningRate, run: programRunner(context) },
        onTokens: (sampled) => training.detail(`${last}sampling ${formatCount(sampled)} tokens`),
      },
      training.from,
    );
    for await (const { tokens: sampled, gradientNorm, ...metrics } of steps) {
      last = `${describe(metrics)}, `;
      yield { tokens: sampled, gradientNorm, metrics };
    }
  } finally {
    await judge?.dispose();
    context.policies.giveBack(reference);
  }
}
