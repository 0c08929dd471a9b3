/**
 * Reading the shards of the stages.
 *
 * @platform node
 * @module
 */

import { readRows } from "@gradus/sft-packing/parquet";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import type { CorpusPage } from "./shards.ts";

/** The pages of a shard. */
export async function* readShard(path: string): AsyncGenerator<CorpusPage> {
  for await (const row of readRows(await asyncBufferFromFile(path))) yield row as unknown as CorpusPage;
}

/** How many rows Parquet files have; reads their ends only. */
export async function countRows(paths: readonly string[]): Promise<number> {
  let count = 0;
  for (const path of paths) count += Number((await parquetMetadataAsync(await asyncBufferFromFile(path))).num_rows);
  return count;
}

/** Scores and numbers of words of a shard's pages, in their order. */
export interface ShardScores {
  readonly scores: Float64Array;
  readonly words: Float64Array;
}

/** Reads what `scoreShards` wrote for one shard. */
export async function readScores(path: string): Promise<ShardScores> {
  const scores: number[] = [];
  const words: number[] = [];
  for await (const row of readRows(await asyncBufferFromFile(path))) {
    scores.push(row.score as number);
    words.push(row.words as number);
  }
  return { scores: Float64Array.from(scores), words: Float64Array.from(words) };
}
