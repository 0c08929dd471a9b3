/**
 * Reading the shards of the stages.
 *
 * @platform node
 * @module
 */

import { readRows } from "@gradus/sft-packing/parquet";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import type { CorpusPage } from "./shards.ts";

/** The pages of a shard. */
export async function* readShard(path: string): AsyncGenerator<CorpusPage> {
  for await (const row of readRows(await asyncBufferFromFile(path))) yield row as unknown as CorpusPage;
}

/** A page whose text is made of its bytes when it is asked for. */
export interface LazyPage {
  readonly url: string;
  /** Bytes of text. */
  readonly size: number;
  text(): string;
}

/** The pages of a shard, for those who look at the text of few. */
export async function* readLazyShard(path: string): AsyncGenerator<LazyPage> {
  for await (const row of readRaw(path, ["url", "text"], { stringFromBytes: (bytes) => bytes })) {
    const [url, text] = [row.url, row.text] as Uint8Array[];
    yield { url: decoder.decode(url), size: text.length, text: () => decoder.decode(text) };
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
    yield* await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, parsers });
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
