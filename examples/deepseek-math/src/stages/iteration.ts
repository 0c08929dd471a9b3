/**
 * Iterative GRPO, Algorithm 1's outer loop: in each round the reference follows the policy, the reward model rewards, and
 * between rounds it goes on learning from the policy's new solutions with some of the earlier ones.
 *
 * @module
 */

import { existsSync } from "node:fs";
import type { ProcessReward, StepMetrics } from "@gradus/grpo";
import { iterativeGrpo, ReplayBuffer, RewardModel } from "@gradus/reward-model";
import { openReplayFile } from "@gradus/reward-model/node";
import { stream } from "@gradus/seeds";
import { loadPolicy, type TransformerPolicy } from "@gradus/transformer";
import { loadScorer } from "@gradus/transformer/reward";
import { formatCount } from "../progress.ts";
import { grpoTrainer, reportOf } from "../recipe/reinforcement.ts";
import { type Judge, judgedSolutions, openJudge } from "../recipe/reward_model.ts";
import { reward } from "../verify.ts";
import { follow } from "./policy_shelf.ts";
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

/** Stretches of the practice problems that no other stage reads: for the policy, and for the reward model of each round. */
const PRACTICE = 2 ** 28;
const JUDGED = 2 ** 29 + 2 ** 27;

export const iteration: RecipeStage = {
  name: "iteration",
  consumes: () => ["tokenizer.json", "checkpoints/grpo", "reward-model", "replay.jsonl"],
  produces: () => producedBy("iteration"),
  async run(context) {
    const { rounds, steps, prompts, samples, historyShare } = context.configuration.iteration;
    const trained = await trainPolicy(context, {
      ...{ stage: "iteration", steps: rounds * steps },
      updates: (training) => updates(context, training),
    });
    return {
      consumed: {
        rounds,
        "share of history": historyShare,
        samples: rounds * steps * prompts * samples,
        tokens: trained.totals.tokens,
      },
      produced: { ...trainingAccount(trained), "reward models": rounds - 1 },
    };
  },
};

/** Algorithm 1, from the step that the policy's state is at; what else a round needs is in its folder. */
async function* updates(context: StageContext, training: Training): AsyncGenerator<Update, void> {
  const { configuration, directory, engine, problems } = context;
  const { iteration: settings, rewardModel, model } = configuration;
  const { rounds, steps } = settings;
  const { policy, from } = training;
  const tokens = await context.tokens();
  const seed = stream(configuration.seed, { purpose: "iteration" }).uint32();

  // Retrained after round r: as often as there are folders. The last round's would not be used.
  let retrained = 0;
  while (retrained < Math.floor(from / steps) && existsSync(directory.round(retrained + 1).rewardModel)) retrained++;
  const modelOf = (updates: number) => (updates === 0 ? directory.rewardModel : directory.round(updates).rewardModel);
  const open = (updates: number) =>
    openJudge(modelOf(updates), { kind: rewardModel.kind, tokens, vocabSize: model.vocabSize, engine });
  let judge: Judge | undefined;
  let reference: TransformerPolicy | undefined;
  /** π_ref ← π_θ; kept, for a run that is killed within the round. */
  const followPolicy = async (step: number): Promise<void> => {
    const path = directory.round(step / steps + 1).reference;
    if (!existsSync(path)) await policy.save(path);
    reference ??= await context.policies.take("grpo");
    await follow(reference, (await policy.state()).weights);
  };

  const storage = await openReplayFile(directory.replay);
  try {
    const buffer = await ReplayBuffer.open({ storage, heldOut: (question) => problems.isHeldOut(question) });
    if (from % steps !== 0)
      reference = await loadPolicy(directory.round(Math.floor(from / steps) + 1).reference, engine);
    let step = from;
    let last = "";
    const trainer = grpoTrainer({
      ...{ policy, settings, seed, rounds, tokens, learningRate: training.learningRate },
      run: programRunner(context),
      byLine: rewardModel.kind === "process",
      practice: (index) => problems.practice(PRACTICE + index),
      reference: {
        logProbs: async (batch, options) => await (reference as TransformerPolicy).logProbs(batch, options),
        reset: () => followPolicy(step),
      },
      judge: async (prompt, completion, answer) => {
        const judged = await (judge as Judge).judge(prompt, completion);
        return settings.ending === "rule" ? endedByRule(judged, reward(tokens.decode(completion), answer)) : judged;
      },
      onTokens: (sampled) => training.detail(`${last}sampling ${formatCount(sampled)} tokens`),
    });
    judge = await open(retrained);
    const run = iterativeGrpo<StepMetrics>({
      ...{ iterations: rounds, stepsPerIteration: steps, trainer, buffer, seed, historyShare: settings.historyShare },
      from: { steps: from, rewardModelUpdates: retrained },
      sample: async (round) =>
        await judgedSolutions({
          ...{ policy, tokens, vocabSize: model.vocabSize, settings: rewardModel, seed, iteration: round },
          problems: Array.from({ length: rewardModel.problems }, (_, i) =>
            problems.practice(JUDGED + round * rewardModel.problems + i),
          ),
          sampling: { temperature: settings.temperature, maxNewTokens: settings.maxNewTokens },
          onProgress: (detail) => training.detail(`reward model: ${detail}`),
        }),
      rewardModel: {
        // The model goes on from its checkpoint: a run that was killed between rounds has nothing else.
        update: async (examples, { iteration: round }) => {
          const scorer = await loadScorer(modelOf(round - 1), engine);
          try {
            const { learningRate, epochs } = rewardModel;
            const continued = new RewardModel({ scorer, supervision: rewardModel.kind });
            const report = await continued.update(examples, { learningRate, epochs, seed: seed + round });
            await scorer.save(modelOf(round));
            return report;
          } finally {
            await scorer.dispose();
          }
        },
      },
    });
    for await (const event of run) {
      if (event.kind === "reward model") {
        await judge.dispose();
        judge = await open(event.iteration);
        continue;
      }
      step = event.step.step + 1;
      const { tokens: sampled, gradientNorm, ...metrics } = reportOf(event.step);
      last = `${describe(metrics)}, `;
      yield { tokens: sampled, gradientNorm, metrics: { ...metrics, round: event.iteration } };
      if (step === rounds * steps) break;
    }
  } finally {
    await judge?.dispose();
    context.policies.giveBack(reference);
    await storage.close();
  }
}

/** The model's reward with the rule's verdict at the end: a model that errs there is found out by the policy in no time. */
function endedByRule(judged: number | ProcessReward, verdict: number): number | ProcessReward {
  if (typeof judged === "number") return (judged + verdict) / 2;
  const { stepRewards, stepEnds } = judged;
  if (stepEnds.length === 0) return verdict;
  return { stepEnds, stepRewards: [...stepRewards.slice(0, -1), verdict], outcome: verdict };
}
