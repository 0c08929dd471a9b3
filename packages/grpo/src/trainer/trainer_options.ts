/**
 * What `GrpoTrainer` is told, and what it tells.
 *
 * @module
 */

import type { ScalingOptions } from "../advantages/group_advantages.ts";
import type { GrpoMetrics, GrpoOptions } from "../objectives/grpo_options.ts";
import type { OptimizerStep, Policy, SampleOptions } from "./policy.ts";
import type { PromptSource } from "./prompt_source.ts";
import type { Exploration, GroupFailure, ProcessReward, RolloutStore, SampledCompletion } from "./rollout.ts";

/** A prompt: its tokens, and whatever its reward function wants to know of it. */
export interface Prompt {
  readonly tokens: Int32Array;
}

/** One completion to be judged. */
export interface Rollout<P> extends SampledCompletion {
  readonly prompt: P;
  /** Which of the prompt's samples it is. */
  readonly sample: number;
}

/**
 * Judges a completion: a number, rewards for its steps, or null where it does not apply. To throw, to return NaN and not
 * to answer in time all mean that the group is marked, reported and replaced.
 */
export type RewardFunction<P> = (
  rollout: Rollout<P>,
  context: { readonly signal: AbortSignal },
) => number | null | ProcessReward | Promise<number | null | ProcessReward>;

/** π_ref. `reset` makes it a copy of the policy as it is now, at the start of each iteration. */
export interface Reference extends Pick<Policy, "logProbs"> {
  reset?(iteration: number): Promise<void>;
}

/** Called while training; what they return is awaited, what they throw ends the run. */
export interface TrainerCallbacks {
  onIterationStart?: (iteration: number) => void | Promise<void>;
  /** The end of an iteration: here the reward model is trained on (line 12 of Algorithm 1). */
  onIterationEnd?: (iteration: number) => void | Promise<void>;
  onExploration?: (exploration: Exploration) => void | Promise<void>;
  onGroupFailed?: (failure: GroupFailure) => void | Promise<void>;
  onUpdate?: (update: UpdateMetrics) => void | Promise<void>;
  onProgress?: SampleOptions["onProgress"];
}

/** Options of `GrpoTrainer`. Symbols are those of DeepSeekMath's Algorithm 1. */
export interface GrpoTrainerOptions<P extends Prompt> extends TrainerCallbacks {
  policy: Policy;
  /** Needed unless `objective.beta` is 0. */
  reference?: Reference;
  prompts: PromptSource<P>;
  /** One reward function or several. */
  reward: RewardFunction<P> | readonly RewardFunction<P>[];
  /** Weights of several rewards. Default: all 1. */
  rewardWeights?: readonly number[];
  /** `"sum"` (default): add them up; `"gdpo"`: normalise each in its group first. */
  combine?: "sum" | "gdpo";
  seed: number;
  /** I. Default 1. */
  iterations?: number;
  /** M: steps of each iteration. */
  stepsPerIteration: number;
  /** Groups of a step. */
  promptsPerStep: number;
  /** G: completions of a group. */
  samplesPerPrompt: number;
  /** μ: passes over what a step has sampled. Default 1. */
  updatesPerStep?: number;
  /** Each pass is split into this many updates, each on whole groups in an order of its own. Default 1. */
  minibatches?: number;
  /** How completions are sampled; `temperature` is used in training too. */
  sampling: Pick<SampleOptions, "maxNewTokens" | "temperature" | "topK" | "topP" | "stop">;
  /** Loss options. Default: those of `grpo`. */
  objective?: Omit<GrpoOptions, "total" | "advantagesPer">;
  advantages?: ScalingOptions;
  /** A number, or a function of the update's number, from 0 on. */
  learningRate: number | ((update: number) => number);
  optimizer?: Omit<OptimizerStep, "learningRate">;
  /** DAPO's dynamic sampling: replace groups whose rewards are all equal. Default false. */
  dynamicSampling?: boolean;
  /** DAPO's soft overlong punishment, added to outcome rewards: falls from 0 to −1 over the last `cache` tokens. */
  softOverlong?: { readonly maxLength: number; readonly cache: number };
  /** How often a failed or dropped group is replaced before the step goes on without it. Default 8. */
  maxRefills?: number;
  /** How many steps in a row may yield no group at all before the run fails. Default 10. */
  maxEmptySteps?: number;
  /** Milliseconds that a call of `policy.sample` may take, and the judging of one group. Default: any. */
  rolloutTimeout?: number;
  rewardTimeout?: number;
  /** Tokens that the policy is given at once in scoring and backward; changes no result. Default: all. */
  microBatchTokens?: number;
  /** Recompute log π_old with the trainer's graph. Default: only with `objective.samplerCorrection`. */
  recomputeOldLogProbs?: boolean;
  /** Ask the policy for entropies. Default: only with `objective.topEntropy`. */
  entropies?: boolean;
  /** Keeps rollouts; a step that it has is replayed instead of sampled. */
  store?: RolloutStore;
}

/** What one update did. */
export interface UpdateMetrics extends GrpoMetrics {
  readonly update: number;
  readonly loss: number;
  /** Global norm before clipping, and the factor of the clipping. */
  readonly gradientNorm: number;
  readonly clipFactor: number;
  readonly learningRate: number;
}

/** What one step did. All of it is the same for the same seed, so it can be compared bit for bit. */
export interface StepMetrics {
  readonly step: number;
  readonly iteration: number;
  /** Mean and standard deviation of the (combined) rewards, and the mean of each reward function. */
  readonly reward: number;
  readonly rewardStd: number;
  readonly rewards: readonly number[];
  /** Mean |Â| over completions (outcome) or trained tokens (process). */
  readonly advantageSize: number;
  /** Completion lengths in tokens, and the share that the limit cut off. */
  readonly length: number;
  readonly longest: number;
  readonly truncated: number;
  /** Share of the groups kept whose rewards are all equal: they teach nothing. */
  readonly zeroVariance: number;
  /** Groups kept, dropped by dynamic sampling, and not to be had at all. */
  readonly groups: number;
  readonly dropped: number;
  readonly missing: number;
  readonly failures: readonly GroupFailure[];
  readonly sampledTokens: number;
  /** Mean entropy in nats where the policy was asked, else −mean log π of the sampled tokens, its estimate. */
  readonly entropy: number;
  /** Mean and largest |log π at sampling − log π in training| of the first update, in nats. */
  readonly samplerGap: number;
  readonly samplerGapMax: number;
  readonly updates: readonly UpdateMetrics[];
}
