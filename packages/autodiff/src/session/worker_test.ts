import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startWorker } from "./worker.ts";

test("a program waits for a worker's answer, and ends although the worker is still there", () => {
  const program = fileURLToPath(new URL("./testing/waits_for_an_answer.ts", import.meta.url));
  const loader = new URL("../../../../tools/lib/typescript.mjs", import.meta.url).href;
  const runtime = "Deno" in globalThis ? ["run", "--no-check", "--allow-all"] : ["--import", loader];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...runtime, program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(error, undefined);
  assert.deepEqual([status, stdout], [0, "answer answer\n"], stderr);
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
