/**
 * Rollouts on disk, one file for each step: `@gradus/grpo/rollouts`.
 *
 * @platform node
 * @module
 */
export { openRollouts } from "./open_rollouts.ts";
