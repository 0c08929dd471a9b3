/**
 * One step of GRPO with the rule reward, through `GrpoTrainer`: sample a group for each question, judge, weigh against the
 * group, go backward once.
 *
 * @module
 */

import { GrpoTrainer, type Policy } from "@gradus/grpo";
import type { ProblemTokens } from "../problems/tokens.ts";
import { reward } from "../verify.ts";
import type { Configuration } from "./configuration.ts";
import type { ProblemSource } from "./problem_source.ts";

export { type RolloutBatch, rolloutBatch } from "@gradus/grpo";

/** What one step did, for the journal. */
export interface ReinforcementReport {
  readonly loss: number;
  readonly reward: number;
  /** Share of groups whose rewards are all alike: they teach nothing. */
  readonly zeroVariance: number;
  /** Mean length of a completion in tokens. */
  readonly length: number;
  /** −mean log π of the sampled tokens: an estimate of the entropy in nats a token. */
  readonly entropy: number;
  readonly kl: number;
  readonly clipFraction: number;
  /** Largest |log π at sampling − log π in training|. */
  readonly samplerGap: number;
  readonly tokens: number;
}

/**
 * Samples, judges and goes backward; the caller makes the update. One update per exploration, as DeepSeekMath does it:
 * then π_θ is π_old, the log-probabilities at sampling are the current ones, and one pass through the graph is enough.
 */
export async function reinforcementStep(
  policy: Policy,
  reference: Policy | undefined,
  { seed, grpo: settings }: Configuration,
  problems: ProblemSource,
  codec: ProblemTokens,
  step: number,
  onTokens: (tokens: number) => void = () => {},
): Promise<ReinforcementReport> {
  const { steps, prompts, samples, temperature, maxNewTokens, beta } = settings;
  const trainer = new GrpoTrainer({
    policy,
    ...(reference ? { reference } : {}),
    prompts: {
      at: (index) => {
        const { question, answer } = problems.practice(index);
        return { tokens: codec.encodePrompt(question), answer };
      },
    },
    reward: ({ tokens, prompt }) => reward(codec.decode(tokens), prompt.answer),
    seed,
    stepsPerIteration: steps,
    promptsPerStep: prompts,
    samplesPerPrompt: samples,
    sampling: { maxNewTokens, temperature },
    objective: { beta: reference ? beta : 0 },
    learningRate: 0, // the caller makes the update
    onProgress: ({ tokens }) => onTokens(tokens),
  });
  const { loss, metrics, metricsOfStep } = await trainer.accumulate(await trainer.explore(step));
  return {
    loss,
    reward: metricsOfStep.reward,
    zeroVariance: metricsOfStep.zeroVariance,
    length: metricsOfStep.length,
    entropy: metricsOfStep.entropy,
    kl: metrics.kl ?? 0,
    clipFraction: metrics.clipFractionLow + metrics.clipFractionHigh,
    samplerGap: metricsOfStep.samplerGapMax,
    tokens: metricsOfStep.sampledTokens,
  };
}
