/**
 * Parquet files of at most so much text each.
 *
 * @platform node
 * @module
 */

import { Buffer } from "node:buffer";
import { writeWhole } from "@gradus/sft-packing/node";
import { type ColumnType, writeRows } from "@gradus/sft-packing/parquet";

/** A page as the stages hand it on. */
export interface CorpusPage {
  readonly url: string;
  readonly text: string;
}

/** The same with what `packTokens` made of its tokens. */
export interface TokenizedPage extends CorpusPage {
  readonly packed?: Int32Array;
}

const BLOCK = 2 ** 20;

/** Where the tokens of a shard lie. */
export function tokensPath(shard: string): string {
  return shard.replace(/(\.parquet)?$/, ".tokens");
}

/**
 * Writes rows to `<prefix>-0000.parquet`, `<prefix>-0001.parquet` … Each file is whole or not there.
 *
 * @param shardBytes Characters of text after which the next file begins.
 * @param tokens Writes the rows' `packed` tokens, too, to a file beside each shard.
 * @returns The files, in order.
 */
export async function writeShards<Name extends string>(
  rows: AsyncIterable<Readonly<Record<NoInfer<Name>, unknown>> & TokenizedPage>,
  prefix: string,
  columns: Readonly<Record<Name, ColumnType>>,
  shardBytes: number,
  tokens: boolean = false,
): Promise<string[]> {
  const iterator = rows[Symbol.asyncIterator]();
  let next = await iterator.next();
  const files: string[] = [];
  while (!next.done) {
    const path = `${prefix}-${String(files.length).padStart(4, "0")}.parquet`;
    let waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    /** Tokens are written in blocks: a call to the system for each page takes longer than to find its words. */
    async function flush(writeTokens: (bytes: Uint8Array) => Promise<void>): Promise<void> {
      const block = Buffer.concat(waiting, waitingBytes);
      [waiting, waitingBytes] = [[], 0];
      await writeTokens(block);
    }
    async function* shard(writeTokens?: (bytes: Uint8Array) => Promise<void>) {
      for (let size = 0; !next.done && size < shardBytes; next = await iterator.next()) {
        const { text, packed } = next.value;
        size += text.length;
        if (packed && writeTokens) {
          waiting.push(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength));
          waitingBytes += packed.byteLength;
          if (waitingBytes >= BLOCK) await flush(writeTokens);
        }
        yield next.value;
      }
      if (writeTokens) await flush(writeTokens);
    }
    const write = (writeTokens?: (bytes: Uint8Array) => Promise<void>): Promise<number> =>
      writeWhole(path, (writeBytes) =>
        writeRows(shard(writeTokens), (bytes) => writeBytes(bytes), { columns, rowGroupSize: 1000 }),
      );
    await (tokens ? writeWhole(tokensPath(path), write) : write());
    files.push(path);
  }
  return files;
}
