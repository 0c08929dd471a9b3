/**
 * One seed of the experiment: a first reward model, GRPO on it, and three ways to go on.
 *
 * @module
 */

import { GrpoTrainer, type StepMetrics } from "@gradus/grpo";
import {
  batchCalls,
  type IterationProgress,
  iterativeGrpo,
  ReplayBuffer,
  type RewardExample,
  RewardModel,
  type Solution,
  type Supervision,
  type TrainReport,
} from "@gradus/reward-model";
import type { TransformerPolicy } from "@gradus/transformer";
import type { TransformerScorer } from "@gradus/transformer/reward";
import type { Budget } from "./budget.ts";
import { follow, greedyAccuracy, judgedSamples } from "./models.ts";
import { nameOf, type Problem, problem } from "./task.ts";

/** The three ways to train the policy's second iteration, and how much history each retraining gets. */
export const arms = { "replay 10%": 0.1, "replay 0%": 0, frozen: undefined } as const;
export type Arm = keyof typeof arms;

/** A policy at one moment, and the reward model that it is being trained on. */
export interface Point {
  readonly step: number;
  /** Share of held-out problems that the most likely answer solves. */
  readonly greedy: number;
  /** Of samples of the policy: share that is right, mean reward. */
  readonly right: number;
  readonly reward: number;
  /** The reward model's accuracy on those samples, and how many right–wrong pairs it has in order (null: no pair). */
  readonly accuracy: number;
  readonly pairs: number | null;
}

/** The models that a run works with; they are put where each run begins. */
export interface Models {
  readonly policy: TransformerPolicy;
  readonly reference: TransformerPolicy;
  readonly scorer: TransformerScorer;
}

/** Held-out problems. */
export const heldOutProblems = ({ heldOut }: Budget): Problem[] =>
  Array.from({ length: heldOut }, (_, i) => problem("held-out", i));

/** Samples of held-out problems, to judge a reward model by. */
export const heldOutSamples = (
  policy: TransformerPolicy,
  { sampled, samples }: Budget,
  seed: number,
): Promise<RewardExample[]> =>
  judgedSamples(policy, { split: "held-out", first: 0, count: sampled, samples, iteration: 0, seed });

/** Samples of practice problems that no other part of a seed sees, to train a reward model on. */
export const practiceSamples = (
  policy: TransformerPolicy,
  budget: Budget,
  seed: number,
  iteration: number,
): Promise<RewardExample[]> =>
  judgedSamples(policy, {
    ...{ split: "practice", first: 10_000_000 * seed + 100_000 * iteration },
    ...{ count: budget.rewardProblems, samples: budget.rewardSamples, iteration, seed },
  });

/** The reward model over a scorer. */
export function rewardModel(scorer: TransformerScorer, supervision: Supervision): RewardModel {
  return new RewardModel({ scorer, supervision, aggregation: "min" });
}

/** Trains the first reward model from the policy after SFT; its value head begins at 0. */
export async function firstRewardModel(
  model: RewardModel,
  examples: readonly RewardExample[],
  { rewardRate, rewardEpochs }: Budget,
  seed: number,
): Promise<TrainReport> {
  const options = { learningRate: rewardRate, epochs: rewardEpochs, batchSize: 64, seed };
  return await model.update(examples, options);
}

async function measure(step: number, { policy, scorer }: Models, budget: Budget): Promise<Point> {
  const model = rewardModel(scorer, budget.supervision);
  const found = await model.evaluate(await heldOutSamples(policy, budget, 1000 + step));
  const { right, reward, accuracy, pairAccuracy = null } = found;
  const greedy = await greedyAccuracy(policy, heldOutProblems(budget));
  return { step, greedy, right, reward, accuracy, pairs: pairAccuracy };
}

/**
 * Trains all arms of a seed. The first iteration is the same for all of them, so it is made once: each arm goes on from
 * its end, as a run goes on from a checkpoint.
 *
 * @param models `policy` is after SFT, `scorer` the first reward model.
 * @param first What that was trained on.
 * @returns For each arm its curve; the first points are shared.
 */
export async function runSeed(
  models: Models,
  first: readonly RewardExample[],
  budget: Budget,
  seed: number,
  log: (line: string) => void = () => {},
): Promise<Record<Arm, Point[]>> {
  const { policy, reference, scorer } = models;
  const { iterations, steps, every } = budget;
  const start = await measure(0, models, budget);
  const shared: Point[] = [start];
  const afterFirst = await runArm(
    "frozen",
    models,
    first,
    budget,
    seed,
    { steps: 0, rewardModelUpdates: 0 },
    steps,
    shared,
  );
  const checkpoint = { policy: await policy.state(), reference: await reference.state(), scorer: await scorer.state() };
  const curves: Record<string, Point[]> = {};
  for (const arm of Object.keys(arms) as Arm[]) {
    await policy.restore(checkpoint.policy);
    await reference.restore(checkpoint.reference);
    await scorer.restore(checkpoint.scorer);
    const curve = shared.slice();
    await runArm(arm, models, first, budget, seed, afterFirst, iterations * steps, curve);
    curves[arm] = curve;
    const last = curve[curve.length - 1];
    log(`seed ${seed} ${arm}: right ${last.right.toFixed(3)}, reward ${last.reward.toFixed(3)}`);
  }
  log(`seed ${seed}: ${curves.frozen.length} points, every ${every} steps`);
  return curves as Record<Arm, Point[]>;
}

/** Algorithm 1 from `from` on, up to the policy's step `until`; points go to `curve`. */
async function runArm(
  arm: Arm,
  models: Models,
  first: readonly RewardExample[],
  budget: Budget,
  seed: number,
  from: IterationProgress,
  until: number,
  curve: Point[],
): Promise<IterationProgress> {
  const { policy, reference, scorer } = models;
  const model = rewardModel(scorer, budget.supervision);
  const reward = batchCalls((solutions: Solution[]) => model.score(solutions));
  const heldOut = new Set(heldOutProblems(budget).map(nameOf));
  const buffer = await ReplayBuffer.open({ heldOut: (name) => heldOut.has(name) });
  await buffer.add(first);
  const trainer = new GrpoTrainer<Problem>({
    ...{ policy, seed, iterations: budget.iterations, stepsPerIteration: budget.steps },
    ...{ promptsPerStep: budget.prompts, samplesPerPrompt: budget.samples, sampling: { maxNewTokens: 7 } },
    ...{ objective: { beta: budget.beta }, learningRate: budget.learningRate, optimizer: { weightDecay: 0 } },
    reference: {
      logProbs: (batch, options) => reference.logProbs(batch, options),
      reset: async () => follow(reference, (await policy.state()).weights),
    },
    prompts: { at: (index) => problem("practice", 10_000_000 * seed + 5_000_000 + index) },
    reward: ({ tokens, prompt }) => reward({ prompt: prompt.tokens, tokens, stepEnds: [...tokens.keys()] }),
  });
  const share = arms[arm];
  let progress = from;
  const run = iterativeGrpo<StepMetrics>({
    ...{ iterations: budget.iterations, stepsPerIteration: budget.steps, trainer, buffer, seed, from },
    historyShare: share ?? 0,
    // Without new data the reward model stays as it is, and the run says so.
    sample: async (iteration) => (share === undefined ? [] : await practiceSamples(policy, budget, seed, iteration)),
    rewardModel: {
      update: async (examples, { iteration }) => {
        const { rewardRate, retrainEpochs } = budget;
        const options = { learningRate: rewardRate, epochs: retrainEpochs, batchSize: 64, seed: seed + iteration };
        return await model.update(examples, options);
      },
    },
    onProgress: (now) => {
      progress = now;
    },
  });
  for await (const event of run) {
    // After a retraining the same policy is measured again, with the new reward model.
    if (event.kind === "reward model" || progress.steps % budget.every === 0)
      curve.push(await measure(progress.steps, models, budget));
    if (progress.steps === until) break;
  }
  return progress;
}
