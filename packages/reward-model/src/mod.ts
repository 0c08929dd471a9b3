/**
 * Outcome and process reward models: labels, losses, training, replay, and GRPO that retrains them.
 *
 * @module
 */
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
export type { RewardExample, Solution } from "./model/example.ts";
export * from "./replay/replay_buffer.ts";
export { memoryStorage, type ReplayStorage } from "./replay/storage.ts";
