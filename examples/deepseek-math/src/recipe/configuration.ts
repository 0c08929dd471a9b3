/**
 * What a run does, as plain data: the model, and the length and settings of each stage. Kept in the run's folder, so that
 * a resumed run does what it began.
 *
 * @module
 */

import type { TransformerConfig } from "@gradus/transformer";
import type { Style } from "../problems/solve.ts";

/** Stages in the order in which they run. */
export const stages = ["pretraining", "sft", "grpo"] as const;
/** Name of a stage, as journal records use it. */
export type Stage = (typeof stages)[number];

/** What people read. */
export const stageLabels: Readonly<Record<Stage, string>> = {
  pretraining: "Pre-training",
  sft: "SFT",
  grpo: "GRPO",
};

/** A stage that learns from given solutions. */
export interface SupervisedSettings {
  /** Optimiser updates. */
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  readonly weightDecay: number;
  /** Relative weights of the solution styles. */
  readonly styles: Readonly<Partial<Record<Style, number>>>;
}

/** What SFT learns besides the given solutions: the pre-trained policy's own right ones. */
export interface RejectionSettings {
  /** How many of SFT's problems are sampled. */
  readonly problems: number;
  /** Samples of each, and the right and different ones of them that are kept at most. */
  readonly samples: number;
  readonly maxPerProblem: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
}

/** What GRPO is rewarded by: the rule, or a reward model that the rule has taught. */
export type RewardKind = "rule" | "outcome" | "process";

/** A reward model, trained before GRPO on solutions of the policy after SFT. */
export interface RewardModelSettings {
  /** One reward for a solution, or one for each of its lines. */
  readonly kind: "outcome" | "process";
  /** Problems, and samples of each. */
  readonly problems: number;
  readonly samples: number;
  /** Of `"process"`: completions of each beginning of a solution. */
  readonly completions: number;
  readonly epochs: number;
  readonly learningRate: number;
}

/** The reinforcement stage. */
export interface ReinforcementSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  /** Questions of one step, and samples of each: the group. */
  readonly prompts: number;
  readonly samples: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  /** Weight of the KL to the policy after SFT. */
  readonly beta: number;
  /** Default: the rule rewards. */
  readonly rewardModel?: RewardModelSettings;
}

/** A whole run. */
export interface Configuration {
  readonly seed: number;
  /** Folder of GSM8K; the built-in problems where absent. */
  readonly data?: string;
  readonly model: TransformerConfig;
  /** Relative weights of the problems' levels. */
  readonly levels: Readonly<Record<number, number>>;
  /** Problems of pre-training that the tokenizer is trained on. */
  readonly tokenizer: { readonly problems: number };
  readonly pretraining: SupervisedSettings & { readonly problemsPerStep: number };
  readonly sft: SupervisedSettings & {
    readonly problems: number;
    readonly contextLength: number;
    /** Default: only the given solutions. */
    readonly rejection?: RejectionSettings;
  };
  readonly grpo: ReinforcementSettings;
  readonly evaluation: { readonly problems: number; readonly maxNewTokens: number };
}

/** How long the default run takes on two cores: what `--minutes` is measured against. */
export const nominalMinutes = 8;

/** The default run, about eight minutes on two cores; `scale` multiplies the steps of every stage. */
export function defaultConfiguration({
  seed,
  data,
  scale = 1,
  reward = "rule",
}: {
  seed: number;
  data?: string;
  scale?: number;
  reward?: RewardKind;
}): Configuration {
  const steps = (count: number) => Math.max(1, Math.round(count * scale));
  return {
    seed,
    ...(data === undefined ? {} : { data }),
    model: {
      // The end token, 256 bytes, and the words of word problems.
      vocabSize: 384,
      hiddenSize: 128,
      layers: 4,
      heads: 4,
      keyValueHeads: 4,
      headSize: 32,
      intermediateSize: 336,
      ropeTheta: 10000,
      normEpsilon: 1e-6,
      tieEmbeddings: true,
      qkvBias: false,
      maxPositions: 320,
      eosToken: 0,
    },
    levels: { 1: 1, 2: 1 },
    tokenizer: { problems: 1000 },
    pretraining: {
      steps: steps(900),
      problemsPerStep: 128,
      learningRate: 2e-3,
      warmup: 50,
      weightDecay: 0.1,
      // As text is found: worked solutions are the smaller part of it.
      styles: { steps: 3, terse: 4, direct: 3 },
    },
    sft: {
      steps: steps(60),
      problems: 2000,
      contextLength: 4096,
      learningRate: 5e-4,
      warmup: 10,
      weightDecay: 0.1,
      styles: { steps: 3, terse: 4, direct: 3 },
      rejection: { problems: steps(2000), samples: 4, maxPerProblem: 4, temperature: 1, maxNewTokens: 192 },
    },
    grpo: {
      steps: steps(60),
      // Larger models want less: DeepSeekMath's 7B took 1e-6. At 3e-4 this one falls apart after 20 steps.
      learningRate: 1e-4,
      warmup: 3,
      prompts: 32,
      samples: 8,
      temperature: 1,
      maxNewTokens: 192,
      beta: 0.01,
      ...(reward === "rule" ? {} : { rewardModel: rewardModelSettings(reward, steps) }),
    },
    evaluation: { problems: Math.min(500, Math.max(50, Math.round(500 * scale))), maxNewTokens: 224 },
  };
}

function rewardModelSettings(kind: "outcome" | "process", steps: (count: number) => number): RewardModelSettings {
  // Every line of a solution is completed, so the process model has fewer of them.
  const [problems, completions] = kind === "outcome" ? [steps(1000), 0] : [steps(250), 8];
  return { kind, problems, samples: 4, completions, epochs: 3, learningRate: 5e-4 };
}
