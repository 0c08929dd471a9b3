/**
 * Scores every page of every shard, a file of scores for each shard.
 *
 * @platform node
 * @module
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "@gradus/sft-packing/node";
import { writeRows } from "@gradus/sft-packing/parquet";
import type { Classifier } from "../classifier/classifier.ts";
import { progressMeter, type StageProgress } from "./progress.ts";
import { exists } from "./resume.ts";
import { readTokens } from "./tokens.ts";

/** Text that a token stands for, spaces included: progress is told in text. Measured on documentation in English. */
const BYTES_A_TOKEN = 4.4;

/** Where a stage's work lies, and how it is watched. */
export interface StageOptions {
  readonly onProgress?: (progress: StageProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Scores shards; those scored before are left as they are.
 *
 * @returns The files of scores, one for each shard: `url`, `score`, `words`.
 */
export async function scoreShards(
  shards: readonly string[],
  classifier: Classifier,
  folder: string,
  { onProgress, signal }: StageOptions = {},
): Promise<string[]> {
  const sizes = await Promise.all(shards.map(async (path) => (await stat(path)).size));
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const files: string[] = [];
  let meter: ReturnType<typeof progressMeter> | undefined;
  let done = 0;
  for (const [i, shard] of shards.entries()) {
    const path = join(folder, `scores-${String(i).padStart(5, "0")}.parquet`);
    files.push(path);
    if (!(await exists(path))) {
      meter ??= progressMeter("score", totalBytes, done, onProgress);
      const progress = meter;
      async function* rows() {
        for await (const { url, tokens, words } of readTokens(shard)) {
          signal?.throwIfAborted();
          progress.page(BYTES_A_TOKEN * tokens.length, done);
          yield { url, score: classifier.scoreTokens(tokens), words };
        }
      }
      const columns = { url: "string", score: "number", words: "integer" } as const;
      await writeWhole(path, (write) => writeRows(rows(), (bytes) => write(bytes), { columns }));
    }
    done += sizes[i];
    meter?.end(done);
  }
  return files;
}
