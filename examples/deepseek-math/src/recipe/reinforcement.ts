/**
 * GRPO with the rule reward, or a reward model's, by `GrpoTrainer`: sample a group for each question, judge, weigh against the group, update once.
 *
 * @module
 */

import { lastProgram } from "@gradus/evals/tasks";
import { GrpoTrainer, type Policy, type ProcessReward, type Rollout, type StepMetrics } from "@gradus/grpo";
import type { Mode, RunPython } from "../problems/programs.ts";
import type { ProblemTokens } from "../problems/tokens.ts";
import { reward } from "../verify.ts";
import type { ExplorationSettings } from "./configuration.ts";
import type { RecipeProblem } from "./problem_source.ts";

export { type RolloutBatch, rolloutBatch } from "@gradus/grpo";

/** What the stage needs. */
export interface ReinforcementParts {
  readonly policy: Policy;
  /** π_ref; none: no KL term. `reset` puts it where the policy is, before each round's first step. */
  readonly reference?: Pick<Policy, "logProbs"> & { reset?(): Promise<void> };
  readonly settings: ExplorationSettings;
  readonly seed: number;
  /** Rounds of `settings.steps` each. Default 1. */
  readonly rounds?: number;
  /** The questions, in order. */
  practice(index: number): RecipeProblem;
  readonly tokens: ProblemTokens;
  /** Runs the programs of those questions that are to be answered with one. Default: none is. */
  readonly run?: RunPython;
  /** Rewards a completion of a prompt. Default: the rule. */
  readonly judge?: (prompt: Int32Array, tokens: Int32Array, answer: string) => Promise<number | ProcessReward>;
  /** Whether the judge rewards lines (process supervision). Default false. */
  readonly byLine?: boolean;
  /** Learning rate of each update, from 0 on. */
  readonly learningRate: (update: number) => number;
  /** Told now and then how many tokens a step has sampled so far. */
  readonly onTokens?: (tokens: number) => void;
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
  readonly gradientNorm: number;
}

/** The trainer of the stage; one update per exploration, as DeepSeekMath does it. */
export function grpoTrainer(parts: ReinforcementParts): GrpoTrainer<PracticePrompt> {
  const { policy, reference, settings, seed, rounds = 1, practice, tokens: codec, run, learningRate, onTokens } = parts;
  const { steps, prompts, samples, temperature, maxNewTokens, beta } = settings;
  const programs = run ? Math.round(settings.programShare * prompts) : 0;
  return new GrpoTrainer<PracticePrompt>({
    policy,
    ...(reference ? { reference } : {}),
    prompts: {
      at: (index) => {
        const { question, answer } = practice(index);
        // The last ones of each step.
        const mode = index % prompts >= prompts - programs ? "program" : "chain-of-thought";
        return { tokens: codec.encodePrompt(question, mode), answer, mode };
      },
    },
    reward: (rollout) => rewardOf(parts, rollout),
    seed,
    iterations: rounds,
    stepsPerIteration: steps,
    promptsPerStep: prompts,
    samplesPerPrompt: samples,
    // A program is run where its output would begin.
    sampling: {
      ...{ maxNewTokens, temperature },
      ...(programs > 0 ? { stop: [Int32Array.of(codec.endToken), codec.encode("```output")] } : {}),
    },
    objective: { beta: reference ? beta : 0 },
    learningRate,
    optimizer: { weightDecay: 0 },
    onProgress: ({ tokens }) => onTokens?.(tokens),
  });
}

/** A chain of thought is judged by the rule or the judge; a program by what it prints. */
async function rewardOf(
  { tokens: codec, judge, byLine = false, run }: ReinforcementParts,
  { tokens, prompt }: Rollout<PracticePrompt>,
): Promise<number | ProcessReward> {
  if (prompt.mode === "chain-of-thought" || run === undefined)
    return judge ? await judge(prompt.tokens, tokens, prompt.answer) : reward(codec.decode(tokens), prompt.answer);
  const program = lastProgram(codec.decode(tokens));
  const { output, error } = program === null ? { output: "", error: "" } : await run(program);
  const verdict = error === undefined ? reward(`#### ${output.trim()}`, prompt.answer) : 0;
  // Where others are judged line by line, a program is one line.
  const steps = { stepRewards: [verdict], stepEnds: [tokens.length - 1], outcome: verdict };
  return byLine && tokens.length > 0 ? steps : verdict;
}

/** A question to practise on. */
export interface PracticePrompt {
  readonly tokens: Int32Array;
  readonly answer: string;
  readonly mode: Exclude<Mode, "tool-integrated">;
}

/**
 * Runs the stage's steps from `from` on and yields each one's report once its update is made. With one update per exploration
 * π_θ is π_old, the log-probabilities at sampling are the current ones, and one pass through the graph is enough. A step
 * depends on the policy, the seed and its number alone. A step that has no group to learn from makes no update; its loss and
 * gradient are reported as 0.
 */
export async function* reinforcement(parts: ReinforcementParts, from = 0): AsyncGenerator<ReinforcementReport, void> {
  for await (const step of grpoTrainer(parts).run({ from })) yield reportOf(step);
}

/** A step's figures, for the journal. */
export function reportOf(step: StepMetrics): ReinforcementReport {
  const update = step.updates.at(0);
  return {
    loss: update?.loss ?? 0,
    reward: step.reward,
    zeroVariance: step.zeroVariance,
    length: step.length,
    entropy: step.entropy,
    kl: update?.kl ?? 0,
    clipFraction: update ? update.clipFractionLow + update.clipFractionHigh : 0,
    samplerGap: step.samplerGapMax,
    tokens: step.sampledTokens,
    gradientNorm: update?.gradientNorm ?? 0,
  };
}
