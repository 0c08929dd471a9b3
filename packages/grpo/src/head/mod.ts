/**
 * The output head in chunks, for any engine: `@gradus/grpo/head`.
 *
 * @module
 */

export * from "./linear_head.ts";
export * from "./streamed_objective.ts";
