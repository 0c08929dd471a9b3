/**
 * A Llama-family policy: model, sampling, training, checkpoints.
 *
 * @module
 */
export type { ExportOptions } from "./export/directory.ts";
export { exportModel } from "./export/model.ts";
export * from "./files/mod.ts";
export { decodeModel, prefillModel, type RowModelOptions, rowModel } from "./model/graphs.ts";
export type { SegmentedBatch } from "./model/rows.ts";
export { attentionTraceModel } from "./model/trace.ts";
export { type LogProbs, PolicyCore, type PolicyOptions, type ScoreOptions } from "./policy/core.ts";
export type { PolicyState } from "./policy/learner.ts";
export * from "./policy/policy.ts";
export type { SampleProgress, SampleRequest } from "./sampling/sample.ts";
export type { Completion } from "./sampling/wave.ts";
