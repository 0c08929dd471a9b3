/**
 * Replay buffers in files, for Node and Deno: `@gradus/reward-model/node`.
 *
 * @platform node
 * @module
 */
export { openReplayFile, type ReplayFile } from "./replay_file.ts";
