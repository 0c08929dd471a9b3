export * from "./advantages.ts";
export * from "./aggregation.ts";
export { type BatchTotals, batchTotals, type FloatArray, maskFromLabels, type TokenBatch } from "./batch.ts";
export * from "./grpo.ts";
export * from "./policy.ts";
export * from "./sft.ts";
