/**
 * A Parquet writer that hands its bytes on after each row group, so that no file has to fit in memory.
 *
 * @module
 */

import type { CompressionCodec, SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";

/** Takes the bytes of a file, in order. They are its own to keep. */
export type ByteSink = (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>;

/** Another compression than Snappy, which is written in JavaScript here: e.g. the `node:zlib` of Node and Deno is faster. */
export interface Compression {
  /** Its name in the file, e.g. `"GZIP"`, `"BROTLI"`. */
  readonly codec: CompressionCodec;
  /** Compresses a page of about 1 MB as the codec's format says; must not keep the bytes. */
  readonly compress: (page: Uint8Array) => Uint8Array;
}

/** Row groups go in, bytes come out. */
export interface GroupWriter {
  write(columns: ColumnSource[]): Promise<void>;
  finish(): Promise<void>;
}

/** Begins a file with these columns. */
export function openGroupWriter(columns: SchemaElement[][], sink: ByteSink, compression?: Compression): GroupWriter {
  const bytes = new ByteWriter();
  const root: SchemaElement = { name: "root", num_children: columns.length };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [root, ...columns.flat()],
    statistics: false,
    ...(compression && { codec: compression.codec, compressors: { [compression.codec]: compression.compress } }),
    createdBy: "@gradus/sft-packing",
  });
  const drain = async (): Promise<void> => {
    const ready = new Uint8Array(bytes.getBuffer());
    bytes.index = 0;
    await sink(ready);
  };
  return {
    async write(columnData) {
      await writer.write({ columnData, rowGroupSize: Math.max(1, columnData[0].data.length) });
      await drain();
    },
    async finish() {
      await writer.finish();
      await drain();
    },
  };
}

/** Passes rows on in groups. */
export async function inGroups<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  size: number,
  write: (group: Row[]) => Promise<void>,
): Promise<number> {
  if (!(Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot write Parquet: rowGroupSize must be an integer of at least 1, found ${size}`);
  }
  let group: Row[] = [];
  let count = 0;
  for await (const row of rows) {
    count++;
    group.push(row);
    if (group.length < size) continue;
    await write(group);
    group = [];
  }
  if (group.length > 0) await write(group);
  return count;
}
