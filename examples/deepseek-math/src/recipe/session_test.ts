import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseCommand, type TrainOptions } from "../cli.ts";
import { defaultConfiguration, nominalMinutes } from "../configuration/load.ts";
import { silentProgress } from "../testing/in_process.ts";
import { inFolder } from "../testing/processes.ts";
import { tinyConfiguration } from "../testing/tiny.ts";
import { RunDirectory } from "./run_directory.ts";
import { directoriesOf, runSession, scaleOf } from "./session.ts";

function optionsOf(...argv: string[]): TrainOptions {
  const command = parseCommand(argv);
  assert.equal(command.name, "train");
  return command as TrainOptions;
}

async function begin(path: string, seed: number): Promise<RunDirectory> {
  const directory = new RunDirectory(path);
  const request = { seed, scale: 2 };
  await directory.begin({ request, configuration: tinyConfiguration(request), startedAt: "2020-01-01T00:00:00Z" });
  return directory;
}

test("--minutes is shared by the seeds and measured against the nominal run", () => {
  assert.equal(scaleOf(optionsOf("--scale", "3")), 3);
  assert.equal(scaleOf(optionsOf("--minutes", String(nominalMinutes))), 1);
  assert.equal(scaleOf(optionsOf("--minutes", String(nominalMinutes), "--seeds", "4")), 0.25);
  const [half, whole] = [0.5, 1].map((scale) => defaultConfiguration({ seed: 1, scale }));
  for (const stage of ["pretraining", "sft", "grpo"] as const)
    assert.ok(Math.abs(whole[stage].steps - 2 * half[stage].steps) <= 1, stage);
});

test("one seed runs in the folder itself, several in folders of their own", async () => {
  await inFolder(async (folder) => {
    const paths = (...argv: string[]) =>
      [...directoriesOf(optionsOf("--out", folder, ...argv))].map(([seed, { path }]) => [seed, path]);
    assert.deepEqual(paths("--seed", "7"), [[7, folder]]);
    assert.deepEqual(paths("--seed", "7", "--seeds", "2"), [
      [7, join(folder, "seed-7")],
      [8, join(folder, "seed-8")],
    ]);
    for (const seed of [10, 9]) await begin(join(folder, `seed-${seed}`), seed);
    await mkdir(join(folder, "seed-11"));
    assert.deepEqual(paths("--resume"), [
      [9, join(folder, "seed-9")],
      [10, join(folder, "seed-10")],
    ]);
  });
});

test("an unfinished run among several stops all before anything is touched", async () => {
  await inFolder(async (folder) => {
    const unfinished = await begin(join(folder, "seed-2"), 2);
    await unfinished.saveState(
      { weights: new Float32Array(1), momentum: new Float32Array(1), variance: new Float32Array(1), steps: 1 },
      { stage: "pretraining", step: 1, totals: {} },
    );
    const session = runSession(optionsOf("--out", folder, "--seeds", "2"), silentProgress, tinyConfiguration);
    await assert.rejects(session, /seed-2 holds an unfinished run/);
    assert.ok(!existsSync(join(folder, "seed-1")));
  });
});

test("a run that was begun but made no update is begun anew", async () => {
  await inFolder(async (folder) => {
    const directory = await begin(join(folder, "run"), 5);
    const options = optionsOf("--out", directory.path, "--scale", "0.3", "--threads", "1");
    const { runs, report, asked } = await runSession(options, silentProgress, tinyConfiguration);
    assert.deepEqual((await directory.open()).request, { seed: 1, scale: 0.3 });
    assert.equal(runs.length, 1);
    assert.deepEqual([report, asked], [directory.report, directory.path]);
    assert.ok(directory.isFinished);
  });
});
