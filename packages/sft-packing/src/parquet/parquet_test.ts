import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { asyncBufferFromFile } from "hyparquet";
import { writeWhole } from "../node/files.ts";
import { type PackedBatch, pack } from "../pack.ts";
import { packedRow } from "../packed_row.ts";
import { promptCompletion } from "../sequence.ts";
import { packStream } from "../stream.ts";
import { readPacked, writePacked } from "./packed.ts";
import { readRows, writeRows } from "./rows.ts";

/** The bytes that `write` gives to its sink, and in how many pieces. */
async function bytesOf(write: (sink: (bytes: Uint8Array<ArrayBuffer>) => void) => Promise<unknown>) {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  await write((bytes) => void pieces.push(bytes));
  return { file: await new Blob(pieces).arrayBuffer(), pieces: pieces.length };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const sequence = fc
  .tuple(fc.array(fc.nat(200_000), { maxLength: 6 }), fc.array(fc.nat(200_000), { maxLength: 8 }))
  .map(([prompt, completion]) => promptCompletion(prompt, completion));

test("packed contexts come back, whatever the row groups", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sequence, { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (sequences, rowGroupSize) => {
        const whole = pack(sequences, { contextLength: 16 });
        const { file } = await bytesOf((sink) => writePacked(whole, sink, { rowGroupSize }));
        assert.deepEqual(await collect(readPacked(file)), whole);
        const split = pack(sequences, { contextLength: 5, strategy: "wrapped" });
        const shifted = await bytesOf((sink) => writePacked(split, sink, { rowGroupSize, shiftLabels: true }));
        assert.deepEqual(await collect(readPacked(shifted.file)), split);
      },
    ),
    { numRuns: 50 },
  );
});

test("contexts are written as they come, one piece of the file for each row group", async () => {
  const sequences = Array.from({ length: 100 }, (_, i) => ({ tokens: new Int32Array(10).fill(i) }));
  const packed = packStream(sequences, { contextLength: 10, window: 10 });
  const { file, pieces } = await bytesOf((sink) => writePacked(packed, sink, { rowGroupSize: 25 }));
  assert.equal(pieces, 5, "four row groups and the footer");
  assert.equal((await collect(readPacked(file))).length, 100);
});

test("rows of text and numbers come back", async () => {
  const row = fc.record({
    prompt: fc.oneof(fc.string({ unit: "grapheme" }), fc.constant(null)),
    seed: fc.oneof(fc.maxSafeInteger(), fc.constant(null)),
    temperature: fc.double({ noNaN: true }),
    correct: fc.boolean(),
  });
  const columns = { prompt: "string", seed: "integer", temperature: "number", correct: "boolean" } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), async (rows, rowGroupSize) => {
      const { file } = await bytesOf((sink) => writeRows(rows, sink, { columns, rowGroupSize }));
      assert.deepEqual(
        await collect(readRows(file)),
        rows.map((each) => ({ ...each })),
      );
    }),
    { numRuns: 100 },
  );
});

test("text in UTF-8 is written as the string it is, also in other compressions", async () => {
  const texts = ["", "π ≈ 3", null, "x".repeat(10_000), "👍"];
  const compression = { codec: "GZIP" as const, compress: (page: Uint8Array) => gzipSync(page) };
  for (const options of [{}, { compression }]) {
    const columns = { text: "string", again: "string" } as const;
    const rows = texts.map((text) => ({ text: text && new TextEncoder().encode(text), again: text }));
    const { file } = await bytesOf((sink) => writeRows(rows, sink, { columns, rowGroupSize: 3, ...options }));
    const read = await collect(readRows(file, { compressors: { GZIP: (page) => gunzipSync(page) } }));
    assert.deepEqual(
      read,
      texts.map((text) => ({ text, again: text })),
    );
    if ("compression" in options) await assert.rejects(collect(readRows(file)), /unsupported compression codec: GZIP/);
  }
});

test("a value that does not fit its column is named", async () => {
  const write = (rows: { seed: unknown }[], type: "integer") =>
    bytesOf((sink) => writeRows(rows, sink, { columns: { seed: type } }));
  await assert.rejects(
    write([{ seed: 1 }, { seed: "2" }], "integer"),
    /TypeError: .*row 1: seed must be a integer, found string 2/,
  );
  await assert.rejects(write([], "int" as "integer"), /TypeError: .*column seed: its type must be one of .* found int/);
});

test("a file without the columns is refused", async () => {
  const { file } = await bytesOf((sink) => writeRows([{ text: "a" }], sink, { columns: { text: "string" } }));
  await assert.rejects(collect(readPacked(file)), /SyntaxError: .*no list "input_ids" among text/);
});

// A Python with `datasets`, e.g. of a virtual environment: PYTHON=…/bin/python.
const python = process.env.PYTHON ?? "python3";
const hasDatasets = spawnSync(python, ["-c", "import datasets"], { stdio: "ignore" }).status === 0;

test("Python's datasets loads a packed file with the same numbers", { skip: !hasDatasets }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "gradus-parquet-"));
  try {
    const path = join(folder, "packed.parquet");
    const sequences = Array.from({ length: 300 }, (_, i) =>
      promptCompletion(Array(1 + (i % 7)).fill(i), Array(1 + ((i * 13) % 40)).fill(100_000 + i)),
    );
    const batches: PackedBatch[] = pack(sequences, { contextLength: 64 });
    await writeWhole(path, (write) => writePacked(batches, write, { rowGroupSize: 50 }));
    assert.deepEqual(await collect(readPacked(await asyncBufferFromFile(path))), batches);
    const script = `
import json, sys, datasets
rows = datasets.load_dataset("parquet", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
print(json.dumps({"features": {n: f.feature.dtype for n, f in rows.features.items()}, "rows": rows.to_list()}))`;
    const loaded = JSON.parse(
      execFileSync(python, ["-c", script, path, join(folder, "cache")], {
        encoding: "utf8",
        maxBuffer: 2 ** 28,
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    const names = ["input_ids", "labels", "position_ids", "seq_lengths"] as const;
    assert.deepEqual(loaded.features, Object.fromEntries(names.map((name) => [name, "int32"])));
    const rows = batches.map((batch) => {
      const row = packedRow(batch);
      return Object.fromEntries(names.map((name) => [name, [...row[name]]]));
    });
    assert.deepEqual(loaded.rows, rows);
  } finally {
    await rm(folder, { recursive: true });
  }
});
