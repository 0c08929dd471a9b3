import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type JournalRecord, openJournal, readJournal, truncateJournal } from "./journal.ts";

const stages = ["pretrain", "sft", "grpo"];
const records: readonly JournalRecord[] = [
  { stage: "pretrain", step: 1, loss: 5.5, tokens: 4096 },
  { stage: "pretrain", step: 2, loss: 4.25, tokens: 8192 },
  { stage: "pretrain", step: 2, accuracy: 0.1, note: "évalué\nhere" },
  { stage: "sft", step: 1, loss: 1 },
  { stage: "sft", step: 2, loss: 0.5 },
  { stage: "grpo", step: 1, reward: 0.5, clipFraction: 0, note: "größer" },
];
const lines = records.map((record) => `${JSON.stringify(record)}\n`);

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    await body(join(folder, "run", "metrics.jsonl"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function write(path: string, all: readonly JournalRecord[]): Promise<void> {
  const journal = await openJournal(path);
  for (const record of all) await journal.append(record);
  await journal.flush();
  await journal.close();
}

test("what is appended is read back, in order, over several openings", async () => {
  await inFolder(async (path) => {
    assert.deepEqual((await readJournal(path)).records, []);
    await write(path, records.slice(0, 2));
    await write(path, records.slice(2));
    assert.deepEqual((await readJournal(path)).records, records);
    assert.equal(await readFile(path, "utf8"), lines.join(""));
  });
});

test("a last line cut at any byte is dropped, and a resumed journal equals an uninterrupted one", async () => {
  await inFolder(async (path) => {
    await write(path, records);
    const whole = await readFile(path);
    const lastStart = whole.length - Buffer.byteLength(lines[5]);
    for (let length = lastStart; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const expected = length === whole.length ? records : records.slice(0, 5);
      assert.deepEqual((await readJournal(path)).records, expected, `cut at byte ${length}`);
      assert.deepEqual(await truncateJournal(path, stages, { stage: "sft", step: 2 }), records.slice(0, 5));
      await write(path, records.slice(5));
      assert.deepEqual(await readFile(path), whole, `resumed after a cut at byte ${length}`);
    }
  });
});

test("the journal is cut back to any position, and continues from there", async () => {
  await inFolder(async (path) => {
    for (const [position, kept] of [
      [undefined, 0],
      [{ stage: "pretrain", step: 0 }, 0],
      [{ stage: "pretrain", step: 1 }, 1],
      [{ stage: "pretrain", step: 2 }, 3],
      [{ stage: "pretrain", step: 9 }, 3],
      [{ stage: "sft", step: 0 }, 3],
      [{ stage: "sft", step: 1 }, 4],
      [{ stage: "grpo", step: 1 }, 6],
    ] as const) {
      await writeFile(path, "").catch(() => undefined);
      await write(path, records);
      assert.deepEqual(await truncateJournal(path, stages, position), records.slice(0, kept));
      assert.equal(await readFile(path, "utf8"), lines.slice(0, kept).join(""));
    }
  });
});

test("a missing journal is cut to nothing without being made", async () => {
  await inFolder(async (path) => {
    assert.deepEqual(await truncateJournal(path, stages, { stage: "sft", step: 3 }), []);
    await assert.rejects(readFile(path), { code: "ENOENT" });
  });
});

test("a broken line that is not the last is an error with its number", async () => {
  await inFolder(async (path) => {
    await write(path, records.slice(0, 2));
    await appendFile(path, `{"stage":"sft"}\n${lines[3]}`);
    await assert.rejects(readJournal(path), /metrics\.jsonl:3: not a journal record: \{"stage":"sft"\}/);
    await writeFile(path, "nonsense\n");
    await assert.rejects(readJournal(path), /metrics\.jsonl:1: not a journal record: nonsense/);
  });
});

test("a stage that the run does not have is named", async () => {
  await inFolder(async (path) => {
    await write(path, records);
    await assert.rejects(truncateJournal(path, ["pretrain"], { stage: "pretrain", step: 2 }), /unknown stage "sft"/);
  });
});

test("a metric that is not finite is refused with its name and step", async () => {
  await inFolder(async (path) => {
    const journal = await openJournal(path);
    await assert.rejects(
      journal.append({ stage: "sft", step: 7, loss: Number.NaN }),
      /sft step 7: expected a finite loss, found NaN/,
    );
    await journal.close();
    assert.equal(await readFile(path, "utf8"), "");
  });
});
