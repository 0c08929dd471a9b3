/**
 * Parquet files of at most so much text each.
 *
 * @platform node
 * @module
 */

import { writeWhole } from "@gradus/sft-packing/node";
import { type ColumnType, writeRows } from "@gradus/sft-packing/parquet";

/** A page as the stages hand it on. */
export interface CorpusPage {
  readonly url: string;
  readonly text: string;
}

/**
 * Writes rows to `<prefix>-0000.parquet`, `<prefix>-0001.parquet` … Each file is whole or not there.
 *
 * @param shardBytes Characters of text after which the next file begins.
 * @returns The files, in order.
 */
export async function writeShards<Name extends string>(
  rows: AsyncIterable<Readonly<Record<NoInfer<Name>, unknown>> & CorpusPage>,
  prefix: string,
  columns: Readonly<Record<Name, ColumnType>>,
  shardBytes: number,
): Promise<string[]> {
  const iterator = rows[Symbol.asyncIterator]();
  let next = await iterator.next();
  const files: string[] = [];
  while (!next.done) {
    const path = `${prefix}-${String(files.length).padStart(4, "0")}.parquet`;
    async function* shard() {
      for (let size = 0; !next.done && size < shardBytes; next = await iterator.next()) {
        size += next.value.text.length;
        yield next.value;
      }
    }
    await writeWhole(path, (write) => writeRows(shard(), (bytes) => write(bytes), { columns, rowGroupSize: 1000 }));
    files.push(path);
  }
  return files;
}
