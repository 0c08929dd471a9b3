/**
 * Parquet files of at most so much text each.
 *
 * @platform node
 * @module
 */

import { writeWhole } from "@gradus/sft-packing/node";
import { type ColumnType, type Compression, writeRows } from "@gradus/sft-packing/parquet";

/** What a page adds to a shard, and to the file of tokens beside it. */
export interface PageSize {
  /** Characters of its text. */
  readonly characters: number;
  /** How many words it has, and its tokens, which may be overwritten when the next page is asked for. */
  readonly words?: number;
  readonly tokens?: Int32Array;
}

/** How pages become shards. */
export interface ShardOptions {
  /** Characters of text after which the next file begins. */
  readonly shardSize: number;
  /** Writes the pages' tokens, too, to a file beside each shard. Default false. */
  readonly tokens?: boolean;
  /** Default Snappy. */
  readonly compression?: Compression;
}

/** Tokens are written in blocks: a call to the system for each page takes longer than to find its words. */
const BLOCK = 2 ** 18;

/** Where the tokens of a shard lie. */
export function tokensPath(shard: string): string {
  return shard.replace(/(\.parquet)?$/, ".tokens");
}

/**
 * Writes rows to `<prefix>-0000.parquet`, `<prefix>-0001.parquet` … Each file is whole or not there.
 *
 * @returns The files, in order.
 */
export async function writeShards<Name extends string>(
  rows: AsyncIterable<Readonly<Record<NoInfer<Name>, unknown>> & PageSize>,
  prefix: string,
  columns: Readonly<Record<Name, ColumnType>>,
  { shardSize, tokens = false, compression }: ShardOptions,
): Promise<string[]> {
  const iterator = rows[Symbol.asyncIterator]();
  let next = await iterator.next();
  const files: string[] = [];
  let block = new Int32Array(tokens ? 2 * BLOCK : 0);
  let filled = 0;
  function addTokens(words: number, list: Int32Array): void {
    const end = filled + 2 + list.length;
    if (end > block.length) {
      const more = new Int32Array(2 * end);
      more.set(block.subarray(0, filled));
      block = more;
    }
    block[filled] = words;
    block[filled + 1] = list.length;
    block.set(list, filled + 2);
    filled = end;
  }
  while (!next.done) {
    const path = `${prefix}-${String(files.length).padStart(4, "0")}.parquet`;
    async function* shard(writeTokens?: (bytes: Uint8Array) => Promise<void>) {
      async function flush(): Promise<void> {
        await writeTokens?.(new Uint8Array(block.buffer, 0, 4 * filled));
        filled = 0;
      }
      for (let size = 0; !next.done && size < shardSize; next = await iterator.next()) {
        const { characters, words, tokens: list } = next.value;
        size += characters;
        if (writeTokens && words !== undefined && list) {
          addTokens(words, list);
          if (filled >= BLOCK) await flush();
        }
        yield next.value;
      }
      await flush();
    }
    const write = (writeTokens?: (bytes: Uint8Array) => Promise<void>): Promise<number> =>
      writeWhole(path, (writeBytes) =>
        writeRows(shard(writeTokens), (bytes) => writeBytes(bytes), { columns, rowGroupSize: 1000, compression }),
      );
    await (tokens ? writeWhole(tokensPath(path), write) : write());
    files.push(path);
  }
  return files;
}

/** Length of a text in UTF-16 units, whether it is a string or UTF-8: a byte for each, and one more for each surrogate. */
export function charactersOf(text: string | Uint8Array): number {
  let count = text.length;
  if (typeof text === "string") return count;
  for (let i = 0; i < text.length; i++) {
    if (text[i] < 0x80) continue;
    if (text[i] < 0xc0) count--;
    else if (text[i] >= 0xf0) count++;
  }
  return count;
}
