/**
 * What a run does, as plain data: the model, and the length and settings of each stage. Kept in the run's folder, so that
 * a resumed run does what it began. Files of it are in `configurations/`; `configuration/` reads and costs them.
 *
 * @module
 */

import type { TransformerConfig } from "@gradus/transformer";
import type { Style } from "../problems/solve.ts";

/** All stages in the order in which they run: the names of files in `stages/`. */
export const recipeStages = [
  "corpus",
  "tokenizer",
  "pretraining",
  "sft",
  "reward-model",
  "grpo",
  "iteration",
  "evaluation",
] as const;
/** Name of a stage. */
export type StageName = (typeof recipeStages)[number];

/** The stages that train the policy, in the order in which they run; each leaves a checkpoint. */
export const stages = ["pretraining", "sft", "grpo", "iteration"] as const;
/** Name of a stage that trains the policy, as journal records use it. */
export type Stage = (typeof stages)[number];

/** What people read. */
export const stageLabels: Readonly<Record<StageName, string>> = {
  corpus: "Corpus",
  tokenizer: "Tokenizer",
  pretraining: "Pre-training",
  sft: "SFT",
  "reward-model": "Reward model",
  grpo: "GRPO",
  iteration: "Iterative GRPO",
  evaluation: "Evaluation",
};

/** Where pre-training text comes from. */
export interface CorpusSettings {
  /** Pages of the generated web, and the share of them that is mathematics. */
  readonly pages: number;
  readonly mathShare: number;
  /** Worked problems on a page of mathematics, and relative weights of their solutions' styles. */
  readonly problemsPerPage: number;
  readonly styles: Readonly<Partial<Record<Style, number>>>;
  /** Share of the pages that an iteration of the loop keeps, and how many iterations there are at most. */
  readonly keepShare: number;
  readonly iterations: number;
  readonly classifier: {
    readonly dimension: number;
    readonly learningRate: number;
    readonly wordNgrams: number;
    readonly minCount: number;
    readonly epochs: number;
    readonly buckets: number;
  };
  /** Crawl files (WARC, WET, JSONL, Parquet) in the place of the generated web, and the seed that goes with them. */
  readonly inputs?: readonly string[];
  readonly seedFiles?: readonly string[];
}

/** A stage that learns from given text. */
export interface SupervisedSettings {
  /** Optimiser updates. */
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  readonly weightDecay: number;
}

/** Pre-training on code and mathematics. */
export interface PretrainingSettings extends SupervisedSettings {
  /** First code, then mathematics; or the same tokens of both mixed from the beginning. */
  readonly schedule: "two-stage" | "one-stage";
  /** Of `steps`, those on code alone; 0 for none. */
  readonly codeSteps: number;
  /** Share of code in the rest. */
  readonly codeShare: number;
  readonly tokensPerStep: number;
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

/** Supervised fine-tuning. */
export interface FineTuningSettings extends SupervisedSettings {
  readonly problems: number;
  readonly contextLength: number;
  /** Contexts of one update. */
  readonly contextsPerStep: number;
  /** Relative weights of the chain-of-thought solutions' styles. */
  readonly styles: Readonly<Partial<Record<Style, number>>>;
  /** Default: only the given solutions. */
  readonly rejection?: RejectionSettings;
  /** Problems whose solution is also given as a program, and as reasoning with programs. Default: none. */
  readonly tools?: { readonly program: number; readonly toolIntegrated: number };
}

/** What GRPO is rewarded by: the rule, or a reward model that the rule has taught. */
export type RewardKind = "rule" | "outcome" | "process";

/** The reward model, trained on solutions of the policy after SFT. */
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

/** How the policy explores and learns from rewards. */
export interface ExplorationSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  /** Questions of one step, and samples of each: the group. */
  readonly prompts: number;
  readonly samples: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  /** Weight of the KL to the reference: the policy after SFT, or at the beginning of the round. */
  readonly beta: number;
  /**
   * Share of the questions that are to be answered with a program, which is run; what it prints earns the reward. 0 is the
   * paper's, which reinforces chains of thought only.
   */
  readonly programShare: number;
}

/** GRPO with a reward that stays as it is. */
export interface ReinforcementSettings extends ExplorationSettings {
  /** `"rule"`, or the kind of the reward model. */
  readonly reward: RewardKind;
}

/** Iterative GRPO: rounds of `steps`, after each of which reward model and reference follow the policy. */
export interface IterationSettings extends ExplorationSettings {
  readonly rounds: number;
  /**
   * Who judges how a solution ends: the reward model as the rest of it, or the rule. With `"rule"`, the last line's reward is
   * the rule's (process), or the reward is the mean of both (outcome).
   */
  readonly ending: "rule" | "model";
  /** Share of earlier rounds in what the reward model goes on learning from. */
  readonly historyShare: number;
}

/** What is asked of each checkpoint. */
export interface EvaluationSettings {
  /** Held-out problems that are answered greedily after each stage. */
  readonly problems: number;
  readonly maxNewTokens: number;
  /** Problems and samples of each for maj@k and pass@k. */
  readonly sampledProblems: number;
  readonly samples: number;
  readonly temperature: number;
  /** Problems that are answered with programs, and how many may be run for an answer. */
  readonly toolProblems: number;
  readonly toolRounds: number;
}

/** What the run is costed for; nothing that is computed depends on it. */
export interface HardwareSettings {
  readonly name: string;
  readonly devices: number;
  /** Memory of each device. */
  readonly memoryGB: number;
  /** Useful floating-point operations a second of one device, in training and while sampling. */
  readonly trainingFlops: number;
  readonly samplingFlops: number;
}

/** A whole run. */
export interface Configuration {
  readonly seed: number;
  /** Folder of GSM8K; the built-in problems where absent. */
  readonly data?: string;
  readonly model: TransformerConfig;
  /** Relative weights of the problems' levels. */
  readonly levels: Readonly<Record<number, number>>;
  readonly corpus: CorpusSettings;
  /** Passages of the corpus that the tokenizer is trained on. */
  readonly tokenizer: { readonly passages: number };
  readonly pretraining: PretrainingSettings;
  readonly sft: FineTuningSettings;
  readonly rewardModel: RewardModelSettings;
  readonly grpo: ReinforcementSettings;
  readonly iteration: IterationSettings;
  readonly evaluation: EvaluationSettings;
  readonly hardware: HardwareSettings;
  /** Mean lengths, for the estimate before anything is read. */
  readonly text: { readonly questionTokens: number; readonly solutionTokens: number };
}
