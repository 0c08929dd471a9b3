export * from "./advantages/gae.ts";
export { type AdvantageOptions, groupAdvantages, type ScalingOptions } from "./advantages/group_advantages.ts";
export { type Grouping, type GroupStatistics, groupStatistics } from "./advantages/grouping.ts";
export * from "./advantages/process_advantages.ts";
export * from "./advantages/rewards.ts";
export * from "./objectives/aggregation.ts";
export {
  type BatchTotals,
  batchTotals,
  type Countable,
  type FloatArray,
  type MaskOptions,
  maskFromLabels,
  type TokenBatch,
} from "./objectives/batch.ts";
export * from "./objectives/dpo.ts";
export { grpo } from "./objectives/grpo.ts";
export type { GrpoBatch, GrpoMetrics, GrpoOptions, SurrogateOptions } from "./objectives/grpo_options.ts";
export type { KlEstimator } from "./objectives/kl.ts";
export * from "./objectives/ppo.ts";
export * from "./objectives/presets.ts";
export type { ObjectiveResult } from "./objectives/result.ts";
export type { SamplerCorrection } from "./objectives/sampler.ts";
export * from "./objectives/sft.ts";
export type { GradientReport } from "./trainer/learn.ts";
export * from "./trainer/policy.ts";
export * from "./trainer/prompt_source.ts";
export {
  type Exploration,
  type GroupFailure,
  type ProcessReward,
  type RolloutBatch,
  type RolloutGroup,
  type RolloutStore,
  rolloutBatch,
  type SampledCompletion,
} from "./trainer/rollout.ts";
export * from "./trainer/trainer.ts";
export * from "./trainer/trainer_options.ts";
