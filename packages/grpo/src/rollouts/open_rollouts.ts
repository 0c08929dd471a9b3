/**
 * Rollouts in a folder.
 *
 * @platform node
 * @module
 */

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { RolloutStore } from "../trainer/rollout.ts";
import { decodeExploration, encodeExploration } from "./format.ts";

/**
 * Keeps the rollouts of each step in `directory`, which is made if need be, as `step-<number>.jsonl`. A file appears
 * complete or not at all, so a step is replayed exactly if it was explored to its end. Delete files to sample again.
 *
 * @throws {SyntaxError} from `read`: a file is not what `write` wrote; its name is in the message.
 *
 * @example
 * ```ts no-run
 * import { openRollouts } from "@gradus/grpo/rollouts";
 *
 * const store = openRollouts("run/rollouts");
 * const exploration = await store.read(0);
 * console.log(exploration?.groups.length);
 * ```
 */
export function openRollouts(directory: string): RolloutStore {
  const pathOf = (step: number) => join(directory, `step-${String(step).padStart(8, "0")}.jsonl`);
  return {
    async read(step) {
      let text: string;
      try {
        text = await readFile(pathOf(step), "utf8");
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return undefined;
        throw error;
      }
      try {
        return decodeExploration(text);
      } catch (error) {
        throw new SyntaxError(`Cannot read rollouts from ${pathOf(step)}: ${(error as Error).message}`);
      }
    },
    async write(exploration) {
      await mkdir(directory, { recursive: true });
      const path = pathOf(exploration.step);
      const file = await open(`${path}.tmp`, "w");
      try {
        await file.writeFile(encodeExploration(exploration));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.tmp`, path);
    },
  };
}
