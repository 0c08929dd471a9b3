/**
 * Optimisers and learning rate schedules.
 *
 * @module
 */
export * from "./adamw.ts";
export * from "./schedules.ts";
