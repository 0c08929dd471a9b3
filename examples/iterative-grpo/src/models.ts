/**
 * The policy, the reward model and how they are sampled and started.
 *
 * @module
 */

import { rolloutBatch, sft } from "@gradus/grpo";
import type { RewardExample } from "@gradus/reward-model";
import { createPolicy, type TransformerPolicy } from "@gradus/transformer";
import { createScorer, type TransformerScorer } from "@gradus/transformer/reward";
import type { Budget } from "./budget.ts";
import { ANSWER, END, exampleOf, type Problem, problem, type Split, VOCABULARY } from "./task.ts";

/** A policy of some 30,000 parameters. */
export async function newPolicy(): Promise<TransformerPolicy> {
  const size = { hiddenSize: 32, layers: 2, heads: 4, keyValueHeads: 2, headSize: 8, intermediateSize: 96 };
  const rest = { ropeTheta: 10_000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 32 };
  return await createPolicy({ vocabSize: VOCABULARY, eosToken: END, ...size, ...rest }, { seed: 1, threads: 1 });
}

/** A scorer that begins where a policy is, with a value head. */
export async function newScorer(policy: TransformerPolicy): Promise<TransformerScorer> {
  return await createScorer(policy.config, { weights: await policy.weights(), threads: 1 });
}

/** Supervised fine-tuning, stopped early. */
export async function fineTune(policy: TransformerPolicy, { sftSteps }: Budget): Promise<void> {
  for (let step = 0; step < sftSteps; step++) {
    const problems = Array.from({ length: 64 }, (_, i) => problem("practice", step * 64 + i));
    const batch = rolloutBatch(
      problems.map(({ tokens: prompt, solution }) => ({
        prompt,
        tokens: solution,
        logProbs: new Float32Array(ANSWER),
      })),
    );
    const { coefficients } = sft({ logProbs: batch.oldLogProbs, mask: batch.mask, segments: batch.segments });
    await policy.backward(batch, coefficients);
    await policy.step({ learningRate: 3e-3, weightDecay: 0 });
  }
}

/** Puts a policy where another is, with a fresh optimiser. */
export async function follow(policy: TransformerPolicy, weights: Float32Array): Promise<void> {
  const zeros = () => new Float32Array(weights.length);
  await policy.restore({ weights: weights.slice(), momentum: zeros(), variance: zeros(), steps: 0 });
}

/** Samples judged by the rule: `samples` completions of each of `count` problems, from `first` on. */
export async function judgedSamples(
  policy: TransformerPolicy,
  { split, first, count, samples, iteration, seed }: SampleOptions,
): Promise<RewardExample[]> {
  const problems = Array.from({ length: count }, (_, i) => problem(split, first + i));
  const completions = await policy.sample(
    problems.map(({ tokens }) => tokens),
    { maxNewTokens: ANSWER, samplesPerPrompt: samples, seed, step: iteration },
  );
  return completions.map((each) => exampleOf(problems[each.prompt], each.tokens, { iteration, seed }));
}

/** Options of {@link judgedSamples}. */
export interface SampleOptions {
  readonly split: Split;
  readonly first: number;
  readonly count: number;
  readonly samples: number;
  readonly iteration: number;
  readonly seed: number;
}

/** Share of held-out problems that the most likely answer solves. */
export async function greedyAccuracy(policy: TransformerPolicy, problems: readonly Problem[]): Promise<number> {
  const completions = await policy.sample(
    problems.map(({ tokens }) => tokens),
    { maxNewTokens: ANSWER, temperature: 0, seed: 0 },
  );
  const right = completions.filter(
    ({ tokens, prompt }) => exampleOf(problems[prompt], tokens, { iteration: 0, seed: 0 }).label === 1,
  );
  return right.length / problems.length;
}
