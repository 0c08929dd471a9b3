import assert from "node:assert/strict";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileOf } from "../testing/in_process.ts";
import { inFolder } from "../testing/processes.ts";
import { tinyConfiguration } from "../testing/tiny.ts";
import { RunDirectory, type RunPosition } from "./run_directory.ts";

const stateAt = (step: number) => ({
  weights: Float32Array.of(step, 2, 3),
  momentum: Float32Array.of(4, 5, step),
  variance: Float32Array.of(7, step, 9),
  steps: step,
});
const position = (step: number): RunPosition => ({
  stage: "sft",
  step,
  totals: { sft: { steps: step, tokens: 10 * step, seconds: 1.5 } },
});

/** A run with the states of two updates. */
async function withTwoStates(body: (directory: RunDirectory) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "run"));
    const request = { seed: 1, scale: 1 };
    await directory.begin({ request, configuration: tinyConfiguration(request), startedAt: "2020-01-01T00:00:00Z" });
    for (const step of [1, 2]) await directory.saveState(stateAt(step), position(step));
    await body(directory);
  });
}

async function load(directory: RunDirectory) {
  const warnings: string[] = [];
  const found = await directory.loadState((message) => warnings.push(message));
  return { found, warnings };
}

test("the newest state comes back as it was saved", async () => {
  await withTwoStates(async (directory) => {
    assert.deepEqual(await load(directory), { found: { state: stateAt(2), position: position(2) }, warnings: [] });
  });
});

test("whichever byte of the newest state is flipped, the state before it or the true one comes back", async () => {
  await withTwoStates(async (directory) => {
    const [newest, previous] = ["state.safetensors", "state.previous.safetensors"].map((name) =>
      fileOf(directory, name),
    );
    const [good, before] = [await readFile(newest), await readFile(previous)];
    let passedOver = 0;
    for (let at = 0; at < good.length; at++) {
      const damaged = Buffer.from(good);
      damaged[at] ^= 1 << (at % 8);
      await writeFile(newest, damaged);
      await writeFile(previous, before);
      const { found, warnings } = await load(directory);
      const step = warnings.length ? 1 : 2;
      assert.deepEqual(found, { state: stateAt(step), position: position(step) }, `byte ${at}`);
      for (const warning of warnings)
        assert.match(warning, /^Warning: .*state\.safetensors.*; going on from the state one update earlier$/);
      passedOver += warnings.length;
    }
    assert.ok(passedOver > 0.95 * good.length, `${passedOver} of ${good.length}`);
  });
});

test("a damaged state never takes the place of the good one before it", async () => {
  await withTwoStates(async (directory) => {
    await truncate(fileOf(directory, "state.safetensors"), 100);
    assert.equal((await load(directory)).warnings.length, 1);
    // The next update is killed in the middle of its writing: what it leaves must be enough.
    await rm(fileOf(directory, "state.previous.safetensors"), { force: true });
    assert.deepEqual((await load(directory)).found?.position, position(1));
  });
});

test("two damaged states are one error that names both, and stay as they are", async () => {
  await withTwoStates(async (directory) => {
    const paths = ["state.safetensors", "state.previous.safetensors"].map((name) => fileOf(directory, name));
    for (const path of paths) await truncate(path, 100);
    await assert.rejects(load(directory), ({ message }: Error) => {
      assert.match(message, /^Cannot resume: both states are damaged \(.*state\.safetensors.*state\.previous/);
      assert.ok(!message.includes("\n"));
      return true;
    });
    for (const path of paths) assert.equal((await readFile(path)).length, 100);
    await rm(paths[1]);
    await assert.rejects(load(directory), /^Error: Cannot resume: .*state\.safetensors.*there is no state before it$/);
  });
});

test("a run.json that is broken or lacks a part is named with what is wrong", async () => {
  await withTwoStates(async (directory) => {
    const path = fileOf(directory, "run.json");
    const file = JSON.parse(await readFile(path, "utf8"));
    const contents: [text: string, message: RegExp][] = [
      ['{"request": {', /run\.json: it is not valid JSON$/],
      ["[]", /run\.json: it has no configuration$/],
      [JSON.stringify({ ...file, configuration: { ...file.configuration, grpo: 3 } }), /it has no grpo$/],
      [JSON.stringify({ ...file, startedAt: "yesterday" }), /it has no startedAt$/],
      [JSON.stringify({ ...file, request: undefined }), /it has no request$/],
    ];
    for (const [text, message] of contents) {
      await writeFile(path, text);
      await assert.rejects(directory.open(), message);
    }
  });
});

test("a finished run moves aside when another begins, an unfinished one does not", async () => {
  await withTwoStates(async (directory) => {
    assert.deepEqual([directory.isBegun, directory.hasProgress, directory.isFinished], [true, true, false]);
    await directory.saveStage({ stage: "evaluation", consumed: {}, produced: {}, seconds: 1 });
    await writeFile(directory.report, "report");
    assert.ok(directory.isFinished);
    const { request, configuration, startedAt } = await directory.open();
    await directory.begin({ request, configuration, startedAt });
    assert.deepEqual([directory.isBegun, directory.hasProgress], [true, false]);
    assert.ok(new RunDirectory(`${directory.path}.previous`).isFinished);
  });
});
