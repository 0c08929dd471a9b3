/**
 * One step of GRPO with the rule reward: sample a group for each question, judge, weigh against the group, update once.
 *
 * @module
 */

import { groupAdvantages, grpo, type Policy } from "@gradus/grpo";
import type { ProblemTokens } from "../problems/tokens.ts";
import { reward } from "../verify.ts";
import type { Configuration } from "./configuration.ts";
import type { ProblemSource } from "./problem_source.ts";

/** Completions as one batch: each sequence is prompt and completion, labels on the completion only. */
export interface RolloutBatch {
  tokens: Int32Array;
  labels: Int32Array;
  positions: Int32Array;
  segments: Int32Array;
  /** Log-probabilities at sampling, in the place of their labels. */
  oldLogProbs: Float32Array;
}

/** A prompt and what was sampled after it. */
export interface Rollout {
  readonly prompt: Int32Array;
  readonly tokens: Int32Array;
  readonly logProbs: Float32Array;
}

/** Lays rollouts end to end. Position t predicts token t + 1, so a completion's first label stands at the prompt's last token. */
export function rolloutBatch(rollouts: readonly Rollout[]): RolloutBatch {
  const segments = Int32Array.from({ length: rollouts.length + 1 }, () => 0);
  rollouts.forEach(({ prompt, tokens }, i) => {
    segments[i + 1] = segments[i] + prompt.length + tokens.length;
  });
  const size = segments[rollouts.length];
  const batch = {
    tokens: new Int32Array(size),
    labels: new Int32Array(size).fill(-100),
    positions: new Int32Array(size),
    segments,
    oldLogProbs: new Float32Array(size),
  };
  rollouts.forEach(({ prompt, tokens, logProbs }, i) => {
    const start = segments[i];
    batch.tokens.set(prompt, start);
    batch.tokens.set(tokens, start + prompt.length);
    batch.labels.set(tokens, start + prompt.length - 1);
    batch.oldLogProbs.set(logProbs, start + prompt.length - 1);
    for (let t = 0; t < prompt.length + tokens.length; t++) batch.positions[start + t] = t;
  });
  return batch;
}

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
  const { prompts, samples, temperature, maxNewTokens, beta } = settings;
  const questions = Array.from({ length: prompts }, (_, i) => problems.practice(step * prompts + i));
  const encoded = questions.map(({ question }) => codec.encodePrompt(question));
  const completions = await policy.sample(encoded, {
    samplesPerPrompt: samples,
    maxNewTokens,
    temperature,
    seed,
    step,
    onProgress: ({ tokens }) => onTokens(tokens),
  });
  const rewards = Float32Array.from(completions, ({ prompt, tokens }) =>
    reward(codec.decode(tokens), questions[prompt].answer),
  );
  const advantages = groupAdvantages(rewards, { groupSize: samples });

  // Groups without variance have no gradient of their own; without a KL term they need not be computed at all.
  const used = completions.flatMap((_, i) => (beta > 0 || advantages[i] !== 0 ? [i] : []));
  const batch = rolloutBatch(used.map((i) => ({ ...completions[i], prompt: encoded[completions[i].prompt] })));
  const mask = Uint8Array.from(batch.labels, (label) => Number(label >= 0));
  const refLogProbs = reference && (await reference.logProbs(batch, { temperature })).logProbs;
  const objective = grpo(
    {
      logProbs: batch.oldLogProbs,
      oldLogProbs: batch.oldLogProbs,
      ...(refLogProbs ? { refLogProbs } : {}),
      advantages: Float32Array.from(used, (i) => advantages[i]),
      mask,
      segments: batch.segments,
    },
    { beta: reference ? beta : 0, advantagesPer: "sequence" },
  );
  const { logProbs } = await policy.backward(batch, objective.coefficients, { temperature });

  let samplerGap = 0;
  for (let i = 0; i < mask.length; i++)
    if (mask[i]) samplerGap = Math.max(samplerGap, Math.abs(logProbs[i] - batch.oldLogProbs[i]));
  const tokens = completions.reduce((total, completion) => total + completion.tokens.length, 0);
  const logProbSum = completions.reduce(
    (total, completion) => total + completion.logProbs.reduce((a, b) => a + b, 0),
    0,
  );
  let flat = 0;
  for (let g = 0; g < prompts; g++)
    if (advantages.subarray(g * samples, (g + 1) * samples).every((a) => a === 0)) flat++;
  return {
    loss: objective.loss,
    reward: rewards.reduce((a, b) => a + b, 0) / rewards.length,
    zeroVariance: flat / prompts,
    length: tokens / completions.length,
    entropy: -logProbSum / tokens,
    kl: objective.metrics.kl ?? 0,
    clipFraction: objective.metrics.clipFractionLow + objective.metrics.clipFractionHigh,
    samplerGap,
    tokens,
  };
}
