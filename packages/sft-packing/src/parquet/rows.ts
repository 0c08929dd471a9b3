/**
 * Plain rows in Parquet: accepted examples, preference pairs, problems.
 *
 * @module
 */

import {
  type AsyncBuffer,
  type Compressors,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from "hyparquet";
import type { ColumnSource } from "hyparquet-writer";
import { type ByteSink, type Compression, inGroups, openGroupWriter } from "./writer.ts";

/** The kinds of column: text (strings, or bytes that are valid UTF-8, which is not checked), whole numbers (64 bits), real numbers (64 bits), true or false. */
export type ColumnType = "string" | "integer" | "number" | "boolean";

/** How to write rows. */
export interface WriteRowsOptions<Name extends string> {
  /** The columns, in order; other properties of a row are not written. */
  readonly columns: Readonly<Record<Name, ColumnType>>;
  /** Rows in a row group: what is held in memory at once. Default 10,000. */
  readonly rowGroupSize?: number;
  /** Default Snappy, which every reader knows. */
  readonly compression?: Compression;
}

/** How to read rows. */
export interface ReadRowsOptions {
  /**
   * Functions that undo compressions other than Snappy, by their names, e.g. `{ GZIP: gunzipSync }` of `node:zlib`. They
   * get a page and how many bytes it had.
   */
  readonly compressors?: Compressors;
}

const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, "name">>> = {
  string: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  integer: { type: "INT64" },
  number: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
};

/**
 * Writes rows; what is `null` or `undefined` in a row is null in the file. Long texts that are at hand in UTF-8 save time
 * as bytes: no string is made and encoded again, and nobody looks whether they repeat.
 *
 * @returns How many rows were written.
 * @throws {TypeError} A value does not fit its column, or a column has an unknown type.
 *
 * @example
 * ```ts
 * const bytes: Uint8Array<ArrayBuffer>[] = [];
 * const rows = [{ prompt: "1 + 1 =", completion: " 2", sample: 3 }];
 * const columns = { prompt: "string", completion: "string", sample: "integer" } as const;
 * await writeRows(rows, (chunk) => void bytes.push(chunk), { columns });
 * for await (const row of readRows(await new Blob(bytes).arrayBuffer())) row; // as it was
 * ```
 */
export async function writeRows<Name extends string>(
  rows: Iterable<Readonly<Record<NoInfer<Name>, unknown>>> | AsyncIterable<Readonly<Record<NoInfer<Name>, unknown>>>,
  sink: ByteSink,
  { columns, rowGroupSize = 10_000, compression }: WriteRowsOptions<Name>,
): Promise<number> {
  const entries = Object.entries(columns) as [Name, ColumnType][];
  const schema = entries.map(([name, type]): SchemaElement[] => {
    if (!Object.hasOwn(TYPES, type)) {
      throw new TypeError(
        `Cannot write column ${name}: its type must be one of ${Object.keys(TYPES).join(", ")}, found ${type}`,
      );
    }
    return [{ name, repetition_type: "OPTIONAL", ...TYPES[type] }];
  });
  const writer = openGroupWriter(schema, sink, compression);
  let written = 0;
  const count = await inGroups(rows, rowGroupSize, async (group) => {
    const columnData = entries.map(([name, type]): ColumnSource => {
      const data = group.map((row, i) => toParquet(row[name], type, name, written + i));
      return { name, data, ...(data.some((value) => value instanceof Uint8Array) && { encoding: "PLAIN" }) };
    });
    await writer.write(columnData);
    written += group.length;
  });
  await writer.finish();
  return count;
}

function toParquet(value: unknown, type: ColumnType, name: string, row: number): unknown {
  if (value === null || value === undefined) return null;
  const isBytes = type === "string" && value instanceof Uint8Array;
  const fits = type === "integer" ? Number.isSafeInteger(value) : typeof value === type || isBytes;
  if (!fits) {
    throw new TypeError(`Cannot write row ${row}: ${name} must be a ${type}, found ${typeof value} ${value}`);
  }
  return type === "integer" ? BigInt(value as number) : value;
}

/**
 * Reads rows, a row group at a time. 64-bit integers become numbers where these hold them exactly.
 *
 * @param file The bytes, or an `AsyncBuffer` of hyparquet: `asyncBufferFromFile(path)`, `asyncBufferFromUrl({ url })`.
 */
export async function* readRows(
  file: ArrayBuffer | AsyncBuffer,
  { compressors }: ReadRowsOptions = {},
): AsyncGenerator<Record<string, unknown>> {
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    for (const row of await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors })) {
      for (const [name, value] of Object.entries(row)) {
        if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) row[name] = Number(value);
      }
      yield row;
    }
    rowStart = rowEnd;
  }
}
