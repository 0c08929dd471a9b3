/**
 * Running graphs.
 *
 * @module
 */
export * from "./runtime.ts";
export * from "./session.ts";
export * from "./worker.ts";
