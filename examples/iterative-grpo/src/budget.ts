/**
 * How much of everything.
 *
 * @module
 */

/** The experiment's size. */
export interface Budget {
  readonly sftSteps: number;
  /** What GRPO is rewarded by: an outcome reward model, or a process one, whose least step counts. */
  readonly supervision: "outcome" | "process";
  /** Problems and samples of each that a reward model is trained on, and how. */
  readonly rewardProblems: number;
  readonly rewardSamples: number;
  readonly rewardEpochs: number;
  readonly retrainEpochs: number;
  readonly rewardRate: number;
  /** GRPO: iterations, steps of each, prompts of a step, samples of a prompt. */
  readonly iterations: number;
  readonly steps: number;
  readonly prompts: number;
  readonly samples: number;
  readonly learningRate: number;
  readonly beta: number;
  /** Held-out problems for accuracy, of which so many are sampled for the reward model's accuracy. */
  readonly heldOut: number;
  readonly sampled: number;
  /** Steps between two points of a curve. */
  readonly every: number;
}

export const budget: Budget = {
  sftSteps: 100,
  supervision: "outcome",
  rewardProblems: 2500,
  rewardSamples: 4,
  rewardEpochs: 10,
  retrainEpochs: 3,
  rewardRate: 2e-3,
  iterations: 2,
  steps: 60,
  prompts: 32,
  samples: 8,
  learningRate: 3e-4,
  beta: 0.04,
  heldOut: 400,
  sampled: 200,
  every: 15,
};
