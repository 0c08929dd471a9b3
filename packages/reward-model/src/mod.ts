/**
 * Outcome and process reward models: labels, losses, training, replay, and GRPO that retrains them.
 *
 * @module
 */
export * from "./iterate/iterative_grpo.ts";
export * from "./judge/aggregate.ts";
export * from "./judge/calibration.ts";
export * from "./judge/selection.ts";
export {
  type OutcomeLabelOptions,
  type OutcomeLabels,
  outcomeLabels,
  type Verdict,
} from "./labels/outcome_labels.ts";
export * from "./labels/split_steps.ts";
export * from "./labels/step_labels.ts";
export * from "./losses/binary_cross_entropy.ts";
export * from "./losses/bradley_terry.ts";
export type { FloatArray, Loss } from "./losses/loss.ts";
export * from "./losses/step_cross_entropy.ts";
export { batchCalls } from "./model/batch_calls.ts";
export type { RewardExample, Solution } from "./model/example.ts";
export { degenerate, type ObjectiveOptions, type RewardObjective } from "./model/lessons.ts";
export * from "./model/reward_model.ts";
export { type SolutionBatch, type Supervision, scoreBatch } from "./model/score_batch.ts";
export * from "./model/scorer.ts";
export * from "./model/token_scorer.ts";
export type { RewardUpdate, TrainOptions } from "./model/train.ts";
export * from "./replay/replay_buffer.ts";
export { memoryStorage, type ReplayStorage } from "./replay/storage.ts";
