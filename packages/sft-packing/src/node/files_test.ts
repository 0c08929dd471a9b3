import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readJsonl, writeJsonl, writeWhole } from "./files.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-files-"));
after(() => rm(folder, { recursive: true }));

test("rows come back from a JSONL file in a folder that was missing", async () => {
  const path = join(folder, "new", "rows.jsonl");
  const rows = Array.from({ length: 5000 }, (_, i) => ({ i, text: "ü\n".repeat(i % 50) }));
  assert.equal(await writeJsonl(path, rows), 5000);
  const found: unknown[] = [];
  for await (const row of readJsonl(path)) found.push(row);
  assert.deepEqual(found, rows);
});

test("a failed write leaves the old file and nothing else", async () => {
  const path = join(folder, "kept", "file.txt");
  await writeWhole(path, (write) => write("old"));
  const failing = writeWhole(path, async (write) => {
    await write("new");
    throw new Error("halfway");
  });
  await assert.rejects(failing, /^Error: halfway$/);
  assert.equal(await readFile(path, "utf8"), "old");
  assert.deepEqual(await readdir(join(folder, "kept")), ["file.txt"]);
});

test("errors name the file", async () => {
  const missing = join(folder, "missing.jsonl");
  const read = async (path: string) => {
    for await (const _ of readJsonl(path));
  };
  await assert.rejects(read(missing), { message: /^Cannot read .*missing\.jsonl: ENOENT/, code: "ENOENT" });
  await writeFile(missing, "1\nx\n");
  await assert.rejects(read(missing), /SyntaxError: Cannot read line 2 of .*missing\.jsonl: it is not JSON: x/);
  await assert.rejects(writeJsonl(join(missing, "below"), []), { message: /^Cannot write .*below: / });
});
