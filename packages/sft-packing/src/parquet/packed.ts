/**
 * Packed contexts in Parquet, as Python's `datasets` and TRL read them.
 *
 * @module
 */

import type { AsyncBuffer, SchemaElement } from "hyparquet";
import type { PackedBatch } from "../pack.ts";
import { fromPackedRow, type PackedRow, type PackedRowLike, type PackedRowOptions, packedRow } from "../packed_row.ts";
import { readRows } from "./rows.ts";
import { type ByteSink, inGroups, openGroupWriter } from "./writer.ts";

/** How to write packed contexts. */
export interface WritePackedOptions extends PackedRowOptions {
  /** Contexts in a row group: what is held in memory at once. Default 100. */
  rowGroupSize?: number;
}

/** A required list of required 32-bit integers. */
function integerList(name: string): SchemaElement[] {
  return [
    { name, repetition_type: "REQUIRED", converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type: "INT32", repetition_type: "REQUIRED" },
  ];
}

/**
 * Writes packed contexts, one a row, with the columns of {@link PackedRow}.
 *
 * @param batches Of `pack` or `packStream`, with shifted labels.
 * @returns How many rows were written.
 * @throws {RangeError} As `packedRow`.
 *
 * @example
 * ```ts
 * const bytes: Uint8Array<ArrayBuffer>[] = [];
 * await writePacked(pack([{ tokens: Int32Array.of(1, 2, 3) }]), (chunk) => void bytes.push(chunk));
 * const file = await new Blob(bytes).arrayBuffer();
 * for await (const { tokens } of readPacked(file)) tokens; // [1, 2, 3]
 * ```
 */
export async function writePacked(
  batches: Iterable<PackedBatch> | AsyncIterable<PackedBatch>,
  sink: ByteSink,
  { rowGroupSize = 100, ...options }: WritePackedOptions = {},
): Promise<number> {
  const names: (keyof PackedRow)[] = ["input_ids", "labels", "position_ids", "seq_lengths"];
  if (options.shiftLabels) names.push("shift_labels");
  const writer = openGroupWriter(names.map(integerList), sink);
  const count = await inGroups(batches, rowGroupSize, async (group) => {
    const rows = group.map((batch) => packedRow(batch, options));
    // Lists are recognised by Array.isArray, so typed arrays have to become arrays.
    await writer.write(names.map((name) => ({ name, data: rows.map((row) => Array.from(row[name]!)) })));
  });
  await writer.finish();
  return count;
}

/**
 * Reads packed contexts, also those of a dataset that TRL packed, a row group at a time.
 *
 * @param file The bytes, or an `AsyncBuffer` of hyparquet: `asyncBufferFromFile(path)`, `asyncBufferFromUrl({ url })`.
 * @throws {SyntaxError} A column is missing. @throws {RangeError} As `fromPackedRow`.
 */
export async function* readPacked(file: ArrayBuffer | AsyncBuffer): AsyncGenerator<PackedBatch> {
  for await (const row of readRows(file)) {
    for (const name of ["input_ids", "seq_lengths"]) {
      if (!Array.isArray(row[name]) && !ArrayBuffer.isView(row[name])) {
        throw new SyntaxError(`Cannot read packed contexts: no list "${name}" among ${Object.keys(row).join(", ")}`);
      }
    }
    yield fromPackedRow(row as unknown as PackedRowLike);
  }
}
