/**
 * The four methods of DeepSeekMath's Figure 5 on one budget: the same prompts, samples, updates and learning rate. They
 * differ in where completions come from and in the gradient coefficient, and in nothing else.
 *
 * @module
 */

import { type Exploration, GrpoTrainer, maskFromLabels, rejectionFineTuning, rolloutBatch, sft } from "@gradus/grpo";
import { createPolicy, type TransformerPolicy } from "@gradus/transformer";
import { END, outcome, type Problem, problem, process, VOCABULARY } from "./task.ts";

export const methods = ["RFT", "Online RFT", "GRPO+OS", "GRPO+PS"] as const;
export type Method = (typeof methods)[number];

/** How much of everything. */
export interface Budget {
  readonly sftSteps: number;
  readonly steps: number;
  readonly prompts: number;
  readonly samples: number;
  readonly learningRate: number;
  /** Held-out problems, and every how many steps they are asked. */
  readonly heldOut: number;
  readonly every: number;
}

export const budget: Budget = {
  sftSteps: 280,
  steps: 200,
  prompts: 32,
  samples: 8,
  learningRate: 1.5e-4,
  heldOut: 400,
  every: 20,
};

/** A policy of some 30,000 parameters. */
export async function newPolicy(): Promise<TransformerPolicy> {
  const size = { hiddenSize: 32, layers: 2, heads: 4, keyValueHeads: 2, headSize: 8, intermediateSize: 96 };
  const rest = { ropeTheta: 10_000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 32 };
  const config = { vocabSize: VOCABULARY, eosToken: END, ...size, ...rest };
  return await createPolicy(config, { seed: 1, device: "cpu", threads: 1 });
}

/** Supervised fine-tuning, stopped early: what the methods start from. */
export async function fineTune(policy: TransformerPolicy, { sftSteps }: Budget): Promise<void> {
  for (let step = 0; step < sftSteps; step++) {
    const problems = Array.from({ length: 64 }, (_, i) => problem("practice", step * 64 + i));
    const batch = rolloutBatch(
      problems.map(({ tokens: prompt, solution }) => ({ prompt, tokens: solution, logProbs: new Float32Array(4) })),
    );
    // Coefficients of SFT do not depend on the log-probabilities: one pass is enough.
    const { coefficients } = sft({ logProbs: batch.oldLogProbs, mask: batch.mask, segments: batch.segments });
    await policy.backward(batch, coefficients);
    await policy.step({ learningRate: 3e-3, weightDecay: 0 });
  }
}

/** Share of held-out problems that the most likely answer solves. */
export async function accuracy(policy: TransformerPolicy, { heldOut }: Budget): Promise<number> {
  const problems = Array.from({ length: heldOut }, (_, i) => problem("held-out", i));
  const completions = await policy.sample(
    problems.map(({ tokens }) => tokens),
    { maxNewTokens: 4, temperature: 0, seed: 0 },
  );
  const right = completions.map(({ tokens, prompt }) => outcome({ tokens, prompt: problems[prompt] }));
  return right.reduce((a, b) => a + b, 0) / heldOut;
}

/**
 * Trains `policy` from where it is and returns its accuracy at the start and every `every` steps. `start` is the policy
 * after SFT and stays as it is: RFT samples from it.
 */
export async function train(
  method: Method,
  policy: TransformerPolicy,
  start: TransformerPolicy,
  seed: number,
  budget: Budget,
): Promise<number[]> {
  const { steps, prompts, samples, learningRate, every } = budget;
  const common = {
    prompts: { at: (index: number): Problem => problem("practice", 1_000_000 * seed + index) },
    reward: method === "GRPO+PS" ? process : outcome,
    seed,
    stepsPerIteration: steps,
    promptsPerStep: prompts,
    samplesPerPrompt: samples,
    sampling: { maxNewTokens: 4 },
    objective: { beta: 0 },
    learningRate,
    optimizer: { weightDecay: 0 },
  };
  const trainer = new GrpoTrainer({ ...common, policy });
  const explorer = method === "RFT" ? new GrpoTrainer({ ...common, policy: start }) : trainer;
  const curve = [await accuracy(policy, budget)];
  for (let step = 0; step < steps; step++) {
    const exploration = await explorer.explore(step);
    if (method === "GRPO+OS" || method === "GRPO+PS") await trainer.learn(exploration);
    else await imitate(policy, exploration, learningRate);
    if ((step + 1) % every === 0) curve.push(await accuracy(policy, budget));
  }
  return curve;
}

/** RFT: likelihood of the right completions. */
async function imitate(policy: TransformerPolicy, { groups }: Exploration, learningRate: number): Promise<void> {
  const batch = rolloutBatch(
    groups.flatMap(({ prompt, completions }) => completions.map((each) => ({ ...each, prompt }))),
  );
  const accepted = groups.flatMap(({ rewards }) => rewards[0].map(Number));
  const { oldLogProbs: logProbs, segments } = batch;
  const { coefficients } = rejectionFineTuning({ logProbs, mask: maskFromLabels(batch.labels), segments, accepted });
  await policy.backward(batch, coefficients);
  await policy.step({ learningRate, weightDecay: 0 });
}
