/**
 * The operators: functions from symbolic tensors to symbolic tensors.
 *
 * @module
 */
export * from "./apply.ts";
export * from "./attention.ts";
export * from "./elementwise.ts";
export * from "./gather.ts";
export * from "./head.ts";
export * from "./linear.ts";
export * from "./normalize.ts";
export * from "./reduce.ts";
export * from "./shape.ts";
