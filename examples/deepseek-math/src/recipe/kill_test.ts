import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { assertSameRun } from "../testing/comparison.ts";
import { inFolder, run, type Started, start, tinyProgram } from "../testing/processes.ts";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Kills a run once `moment` has come and a random time has passed. Says whether it was still going on. */
async function killAt(started: Started, moment: () => boolean, atMost: number): Promise<boolean> {
  let over = false;
  const ended = started.ended.finally(() => {
    over = true;
  });
  while (!over && !moment()) await pause(1);
  await pause(Math.random() * atMost);
  started.child.kill("SIGKILL");
  const { signal, stderr } = await ended;
  assert.doesNotMatch(stderr, /(^|\n)error: /);
  return signal === "SIGKILL";
}

/** Several threads wait for each other where the machine is busy. */
const threads = ["--threads", "1"];

/** The uninterrupted run, made once. */
const whole = join(await mkdtemp(join(tmpdir(), "gradus-whole-")), "run");
before(async () => {
  const reference = await run(tinyProgram, ["--out", whole, ...threads]);
  assert.equal(reference.code, 0, reference.stderr);
});
after(() => rm(dirname(whole), { recursive: true }));

test("a run stopped by Ctrl-C and killed with -9 in stages, evaluations and while it writes ends as if it had not been", async () => {
  await inFolder(async (folder) => {
    const killed = join(folder, "killed");
    const isWriting = (): boolean => existsSync(killed) && readdirSync(killed).some((name) => name.includes(".tmp"));
    const says =
      (text: string, count = 1) =>
      (stderr: string) =>
        stderr.split(text).length > count;
    const moments: [name: string, moment: (stderr: string) => boolean, atMost: number][] = [
      ["SFT", says("SFT:"), 40],
      ["writing a state", isWriting, 0],
      ["reward model", says("Reward model:"), 200],
      ["writing a state", isWriting, 2],
      ["iterative GRPO", says("Iterative GRPO:"), 300],
      ["evaluation", says("Evaluation:"), 100],
    ];
    // Once it is Ctrl-C, which says how to go on and ends as the signal does.
    const stopped = start(tinyProgram, ["--out", killed, ...threads]);
    while (!stopped.stderr().includes("SFT:")) await pause(2);
    stopped.child.kill("SIGINT");
    const { signal, stderr } = await stopped.ended;
    assert.equal(signal, "SIGINT"); // shells report 128 + 2
    assert.match(stderr, /\nStopped\. Everything up to the last update is kept: go on with --resume\n$/);
    let kills = 0;
    for (const [, moment, atMost] of moments) {
      const started = start(tinyProgram, ["--out", killed, ...threads, "--resume"]);
      if (await killAt(started, () => moment(started.stderr()), atMost)) kills++;
    }
    assert.ok(kills >= 3, `${kills} of ${moments.length} kills hit`);
    const last = await run(tinyProgram, ["--out", killed, ...threads, "--resume"]);
    assert.equal(last.code, 0, last.stderr);
    await assertSameRun(killed, whole);
    const left = readdirSync(killed, { recursive: true }).filter((name) => String(name).includes(".tmp"));
    assert.deepEqual(left, [], "half-written files are cleared away");
  });
});

test("a reader that goes away ends the program without a word", async () => {
  await inFolder(async (folder) => {
    const { child, ended } = start(tinyProgram, ["--out", join(folder, "run"), ...threads]);
    child.stderr?.once("data", () => child.stderr?.destroy());
    const { code, signal } = await ended;
    assert.equal(signal, "SIGTERM", String(code));
  });
});
