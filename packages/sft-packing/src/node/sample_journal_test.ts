import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { JournalRecord } from "../rejection/journal.ts";
import { openJournal } from "./sample_journal.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-journal-"));
after(() => rm(folder, { recursive: true }));

const verdict = (sample: number): JournalRecord => ({ kind: "verdict", problemId: "ü", sample, correct: true });

async function readAll(path: string): Promise<JournalRecord[]> {
  const journal = await openJournal(path);
  const records: JournalRecord[] = [];
  for await (const record of journal.read()) records.push(record);
  await journal.close();
  return records;
}

test("wherever a file ends, its whole lines are read and appending goes on behind them", async () => {
  const path = join(folder, "cut.jsonl");
  const whole = Buffer.from([0, 1, 2].map((sample) => `${JSON.stringify(verdict(sample))}\n`).join(""));
  for (let length = 0; length <= whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const lines = whole.subarray(0, length).toString("latin1").split("\n").length - 1;
    const journal = await openJournal(path);
    await journal.append([verdict(7)]);
    await journal.close();
    assert.deepEqual(await readAll(path), [...[0, 1, 2].slice(0, lines).map(verdict), verdict(7)]);
  }
});

test("a half line longer than the buffer that looks for its beginning is cut off", async () => {
  const path = join(folder, "long.jsonl");
  await writeFile(path, `${JSON.stringify(verdict(1))}\n${"x".repeat(200_000)}`);
  assert.deepEqual(await readAll(path), [verdict(1)]);
  await writeFile(path, "x".repeat(200_000));
  assert.deepEqual(await readAll(path), []);
  assert.equal(await readFile(path, "utf8"), "");
});

test("a whole line that is no record is refused, by file and place", async () => {
  const path = join(folder, "foreign.jsonl");
  await writeFile(path, `${JSON.stringify(verdict(1))}\n{"loss":1}\n`);
  await assert.rejects(readAll(path), /SyntaxError: Cannot read .*foreign\.jsonl: record 2: not a record.*loss/);
});

/** Starts a run in a process of its own, kills it after so many lines of its output; resolves to these. */
async function runUntil(path: string, lines: number): Promise<string[]> {
  const main = fileURLToPath(new URL("../testing/rejection_main.ts", import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "--no-check", "--allow-all"] : process.execArgv;
  const child = spawn(process.execPath, [...flags, main, path], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.split("\n").length > lines) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  return output.split("\n").slice(0, -1);
}

test("a run that is killed again and again samples nothing twice and loses nothing that it gave", async () => {
  const path = join(folder, "killed.jsonl");
  const everything = Number.POSITIVE_INFINITY;
  const expected = (await runUntil(join(folder, "whole.jsonl"), everything)).filter((line) =>
    line.startsWith("accept"),
  );
  assert.ok(expected.length >= 8, `${expected.length}`);
  const accepted = new Set<string>();
  for (const lines of [3, 6, 5, 9]) {
    for (const line of await runUntil(path, lines)) if (line.startsWith("accept")) accepted.add(line);
  }
  const before = (await readAll(path)).filter(({ kind }) => kind === "sample");
  assert.ok(before.length > 0);
  const last = await runUntil(path, everything);
  for (const { problemId, sample } of before) {
    assert.ok(!last.includes(`sample ${problemId} ${sample}`), `${problemId} ${sample} is sampled again`);
  }
  assert.deepEqual(
    last.filter((line) => line.startsWith("accept")),
    expected,
  );
  for (const line of accepted) assert.ok(expected.includes(line), line);
  const samples = (await readAll(path))
    .filter(({ kind }) => kind === "sample")
    .map((r) => `${r.problemId} ${r.sample}`);
  assert.equal(new Set(samples).size, samples.length);
});
