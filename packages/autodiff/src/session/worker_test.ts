import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { callback, startWorker } from "./worker.ts";

/** Runs a program of the folder `testing` to its end. */
function runProgram(name: string): { status: number | null; stdout: string } {
  const program = fileURLToPath(new URL(`./testing/${name}`, import.meta.url));
  const loader = new URL("../../../../tools/lib/typescript.mjs", import.meta.url).href;
  const runtime = "Deno" in globalThis ? ["run", "--no-check", "--allow-all"] : ["--import", loader];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...runtime, program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(error, undefined, stderr);
  return { status, stdout };
}

test("a program waits for a worker's answer, and ends although the worker is still there", () => {
  assert.deepEqual(runProgram("waits_for_an_answer.ts"), { status: 0, stdout: "answer answer\n" });
});

test("a call whose arguments cannot be copied fails, and does not keep the program alive", () => {
  assert.deepEqual(runProgram("sends_a_function.ts"), { status: 0, stdout: "DataCloneError\n" });
});

test("a callback is called in order, and does not keep the program alive after its call", () => {
  assert.deepEqual(runProgram("takes_reports.ts"), { status: 0, stdout: "0 1 2 done\n" });
});

test("all reports are in when the answer comes, and one that waits for the worker itself holds nothing up", async () => {
  const { remote, terminate } = await startWorker<{ flood(count: number, report: (i: number) => void): void }>(
    new URL("./testing/sleeper.ts", import.meta.url),
  );
  for (let round = 0; round < 20; round++) {
    let seen = 0;
    await remote.flood(
      100,
      callback(() => {
        seen++;
      }),
    );
    assert.equal(seen, 100);
  }
  let nested: Promise<unknown> | undefined;
  await remote.flood(
    1,
    callback(async () => {
      nested = Promise.resolve(
        remote.flood(
          0,
          callback(() => {}),
        ),
      );
      await nested;
    }),
  );
  await nested;
  await terminate();
});

test("terminating rejects the calls under way and those that come after", async () => {
  for (const cause of [undefined, new TypeError("we are closed")]) {
    const { remote, terminate } = await startWorker<{ add(a: number, b: number): number; wait(): void }>(
      new URL("./testing/mortal.ts", import.meta.url),
    );
    const waiting = Promise.resolve(remote.wait());
    const ended = terminate(cause);
    const expected = cause ? { name: "TypeError", message: "we are closed" } : /the worker was terminated/;
    await assert.rejects(waiting, expected);
    await assert.rejects(Promise.resolve(remote.add(1, 2)), expected);
    await ended;
    await assert.rejects(Promise.resolve(remote.add(1, 2)), expected);
    await terminate(new Error("once more changes nothing"));
    await assert.rejects(Promise.resolve(remote.add(1, 2)), expected);
  }
});

test("the death of a worker rejects the calls that wait for it and those that come after, with its error", async () => {
  const { remote } = await startWorker<{ add(a: number, b: number): number; die(): void; wait(): void }>(
    new URL("./testing/mortal.ts", import.meta.url),
  );
  assert.equal(await remote.add(1, 2), 3);
  const calls = [remote.wait(), remote.die()];
  for (const call of calls) await assert.rejects(Promise.resolve(call), /out of luck/);
  await assert.rejects(Promise.resolve(remote.add(1, 2)), /out of luck/);
});
