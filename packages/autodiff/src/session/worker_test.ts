import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

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
