import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ReplayBuffer } from "../replay/replay_buffer.ts";
import { exampleOf, examplesOf } from "../testing/examples.ts";
import { openReplayFile } from "./replay_file.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-replay-"));
after(() => rm(folder, { recursive: true }));

test("wherever the last record is cut, only that record is lost, and it can be added again", async () => {
  const path = join(folder, "cut.jsonl");
  const examples = [...examplesOf(0, 3), exampleOf("ü\n", 9, { stepEnds: [0], stepLabels: [0.5] })];
  {
    await using storage = await openReplayFile(path);
    await (await ReplayBuffer.open({ storage })).add(examples);
  }
  const whole = await readFile(path);
  const lastStart = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
  for (let length = lastStart; length <= whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    await using storage = await openReplayFile(path);
    const buffer = await ReplayBuffer.open({ storage });
    const survivors = length === whole.length ? 4 : 3;
    assert.deepEqual(buffer.examples, examples.slice(0, survivors), `cut at ${length}`);
    assert.equal((await buffer.add(examples)).added, 4 - survivors);
    assert.deepEqual(await readFile(path), whole);
  }
});

test("a crash in the middle of a note loses the note: the mix is made again, the same", async () => {
  const path = join(folder, "note.jsonl");
  const mixed = { fresh: examplesOf(1, 13), seed: 1 };
  const use = async (action: (buffer: ReplayBuffer) => Promise<unknown>) => {
    await using storage = await openReplayFile(path);
    return await action(await ReplayBuffer.open({ storage }));
  };
  await use((buffer) => buffer.add(examplesOf(0, 40)));
  const before = (await readFile(path)).length;
  const expected = await use((buffer) => buffer.mix(mixed));
  const whole = await readFile(path);
  for (let length = before; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    assert.deepEqual(await use((buffer) => buffer.mix(mixed)), expected);
    assert.deepEqual(await readFile(path), whole);
  }
});

test("a half line longer than what is read at once is cut off, and long lines are read whole", async () => {
  const path = join(folder, "long.jsonl");
  const long = exampleOf("long", 1, { tokens: new Int32Array(100_000).fill(123456) });
  {
    await using storage = await openReplayFile(path);
    await (await ReplayBuffer.open({ storage })).add([exampleOf("short", 1), long]);
  }
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length - 1));
  await using storage = await openReplayFile(path);
  const buffer = await ReplayBuffer.open({ storage });
  assert.equal(buffer.size, 1);
  await buffer.add([long]);
  assert.deepEqual((await ReplayBuffer.open({ storage })).examples[1], long);
});

test("a full file is rewritten with what is remembered, and goes on", async () => {
  const path = join(folder, "bounded.jsonl");
  await using storage = await openReplayFile(path);
  const buffer = await ReplayBuffer.open({ storage, capacity: 20 });
  for (let iteration = 0; iteration < 30; iteration++) {
    await buffer.add(examplesOf(iteration, 7));
    assert.ok((await readFile(path, "utf8")).split("\n").length <= 42);
  }
  assert.deepEqual((await ReplayBuffer.open({ storage, capacity: 20 })).examples, buffer.examples);
});

test("a file of something else is left as it is", async () => {
  const path = join(folder, "notes.txt");
  for (const text of ["notes of somebody", "one line\nand another"]) {
    await writeFile(path, text);
    await assert.rejects(openReplayFile(path), /Cannot open .*notes.txt: it does not end in a record/);
    assert.equal(await readFile(path, "utf8"), text);
  }
});

test("errors name the file", async () => {
  const path = join(folder, "file");
  await writeFile(path, "not json\n");
  await assert.rejects(openReplayFile(join(path, "below.jsonl")), /Cannot open .*below.jsonl: E(NOTDIR|EXIST)/);
  await using storage = await openReplayFile(path);
  await assert.rejects(ReplayBuffer.open({ storage }), /SyntaxError: Cannot read line 1 of the replay buffer/);
});
