/**
 * Reading the shards of the stages.
 *
 * @platform node
 * @module
 */

import { readRows } from "@gradus/sft-packing/parquet";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { COMPRESSORS } from "./compression.ts";

/** A page of a shard. */
export interface ShardPage {
  readonly url: string;
  readonly text: string;
}

/** The pages of a shard. */
export async function* readShard(path: string): AsyncGenerator<ShardPage> {
  const rows = readRows(await asyncBufferFromFile(path), { compressors: COMPRESSORS });
  for await (const row of rows) yield row as unknown as ShardPage;
}

/** The pages of a shard with their text in UTF-8, for those who look at the text of few. */
export async function* readRawShard(path: string): AsyncGenerator<{ url: string; text: Uint8Array }> {
  for await (const row of readRaw(path, ["url", "text"], { stringFromBytes: (bytes) => bytes })) {
    const [url, text] = [row.url, row.text] as Uint8Array[];
    yield { url: decoder.decode(url), text };
  }
}

/** The URLs of a shard's pages, without reading more. */
export async function* readUrls(path: string): AsyncGenerator<string> {
  for await (const { url } of readRaw(path, ["url"])) yield url as string;
}

const decoder = new TextDecoder();

async function* readRaw(
  path: string,
  columns: string[],
  parsers?: { stringFromBytes(bytes: Uint8Array): unknown },
): AsyncGenerator<Record<string, unknown>> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    yield* await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, parsers, compressors: COMPRESSORS });
    rowStart = rowEnd;
  }
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
  const size = await countRows([path]);
  const result = { scores: new Float64Array(size), words: new Float64Array(size) };
  let row = 0;
  for await (const { score, words } of readRaw(path, ["score", "words"])) {
    result.scores[row] = score as number;
    result.words[row++] = Number(words);
  }
  return result;
}
