/**
 * What `npm start` does: one run, or one for each of several seeds, begun or resumed, with their report.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type TrainOptions, UsageError } from "../cli.ts";
import { requireRunnable } from "../configuration/cost.ts";
import { defaultConfiguration, nominalMinutes } from "../configuration/load.ts";
import type { Progress } from "../progress.ts";
import { writeReport } from "../report/report.ts";
import { type Configuration, type StageName, stageLabels } from "./configuration.ts";
import { RunDirectory, type RunRequest } from "./run_directory.ts";
import { environment, type FinishedSession, runRecord } from "./summary.ts";
import { type FinishedRun, runStages, trainRun } from "./train.ts";

/** From what was asked for to what is done. */
export type Configure = (request: RunRequest) => Configuration;

/** The factor on every stage's steps: `--scale`, or what brings all runs together to `--minutes`. */
export function scaleOf({ minutes, scale, seeds }: Pick<TrainOptions, "minutes" | "scale" | "seeds">): number {
  return minutes === undefined ? scale : minutes / nominalMinutes / seeds;
}

/** The seeds of a session and their folders: `out` itself, or `seed-<n>` in it for each of several. */
export function directoriesOf(options: TrainOptions): Map<number, RunDirectory> {
  const { out, seed, seeds, resume } = options;
  const several = (numbers: readonly number[]) =>
    new Map(numbers.map((number) => [number, new RunDirectory(join(out, `seed-${number}`))]));
  if (seeds > 1) return several(Array.from({ length: seeds }, (_, i) => seed + i));
  const single = new RunDirectory(out);
  if (resume && !single.isBegun) {
    // The command that began several runs need not be repeated in full.
    const found = seedFoldersIn(out);
    if (found.length) return several(found);
  }
  return new Map([[seed, single]]);
}

function seedFoldersIn(out: string): number[] {
  if (!existsSync(out)) return [];
  return readdirSync(out)
    .flatMap((name) => /^seed-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((seed) => new RunDirectory(join(out, `seed-${seed}`)).isBegun)
    .sort((a, b) => a - b);
}

/** Begins the runs that are not begun; touches nothing unless all can go on. */
async function prepare(
  options: TrainOptions,
  directories: ReadonlyMap<number, RunDirectory>,
  configure: Configure,
): Promise<void> {
  const { out, resume } = options;
  if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`Bad --out: ${out} is not a directory`);
  const all = [...directories.values()];
  for (const directory of all) if (directory.isBegun) await directory.lock();
  let request = requestOf(options);
  if (resume) {
    const begun = all.filter((directory) => directory.isBegun);
    if (begun.length === 0) throw new UsageError(`Cannot resume: there is no run in ${out}`);
    for (const directory of begun) requireSame(options, directory, (await directory.open()).request);
    ({ request } = await begun[0].open());
  } else {
    const unfinished = all.find((directory) => directory.hasProgress && !directory.isFinished);
    if (unfinished)
      throw new UsageError(
        `${unfinished.path} holds an unfinished run: add --resume to go on with it, or choose another --out`,
      );
  }
  const startedAt = new Date().toISOString();
  for (const [seed, directory] of directories) {
    if (resume && directory.isBegun) continue;
    const own = { ...request, seed };
    const configuration = configure(own);
    requireRunnable(configuration);
    await directory.begin({ request: own, configuration, startedAt });
  }
}

/** What a command line asks for, but for the seed. */
export function requestOf(options: TrainOptions): Omit<RunRequest, "seed"> {
  const { data, reward, config } = options;
  return {
    ...{ data, scale: scaleOf(options) },
    ...(reward === "rule" ? {} : { reward }),
    ...(config === undefined ? {} : { config }),
  };
}

/** A resumed run does what it began: flags that say otherwise are mistakes. */
function requireSame(options: TrainOptions, { path }: RunDirectory, request: RunRequest): void {
  const { given, seeds, seed, data, reward, config } = options;
  const refuse = (flag: string, begun: unknown) => {
    throw new UsageError(
      `Cannot resume ${path} with another --${flag}: it was begun with ${begun ?? "none"}; leave the flag out, or choose another --out`,
    );
  };
  if (given.includes("seed") && seeds === 1 && seed !== request.seed) refuse("seed", request.seed);
  if (given.includes("data") && data !== request.data) refuse("data", request.data);
  if (given.includes("reward") && reward !== (request.reward ?? "rule")) refuse("reward", request.reward ?? "rule");
  if (given.includes("config") && config !== request.config) refuse("config", request.config);
  for (const flag of ["scale", "minutes"])
    if (given.includes(flag) && scaleOf(options) !== request.scale) refuse(flag, `scale ${request.scale}`);
}

/**
 * Trains, and writes the reports. `configure` decides what a run does; tests bring a smaller one.
 *
 * @throws {UsageError} When there is nothing to resume, or an unfinished run would be overwritten.
 */
export async function runSession(
  options: TrainOptions,
  newProgress: () => Progress,
  configure: Configure = defaultConfiguration,
): Promise<FinishedSession> {
  const directories = directoriesOf(options);
  await prepare(options, directories, configure);
  const settings = environment(options.threads);
  const runs: FinishedRun[] = [];
  for (const [seed, directory] of directories) {
    const progress = newProgress();
    try {
      if (directories.size > 1) progress.log(`Seed ${seed}`);
      const run = await trainRun(directory, { device: options.device, threads: options.threads, progress });
      await writeReport(directory.report, runRecord([run], settings));
      runs.push(run);
    } finally {
      progress.stop();
    }
  }
  const report = join(options.out, "report.html");
  if (runs.length > 1) await writeReport(report, runRecord(runs, settings));
  const [{ path: asked }] = directories.values();
  return { runs, report, asked };
}

/**
 * Runs some stages of the run in `out`, which is begun if it is not there; what is done is not done again.
 *
 * @throws {Error} What a stage consumes is missing.
 */
export async function runNamedStages(
  options: TrainOptions & { readonly stages: readonly StageName[] },
  newProgress: () => Progress,
  configure: Configure = defaultConfiguration,
): Promise<void> {
  const directories = directoriesOf({ ...options, resume: true });
  const begun = [...directories.values()].some((directory) => directory.isBegun);
  await prepare({ ...options, resume: begun }, directories, configure);
  for (const directory of directories.values()) {
    const progress = newProgress();
    try {
      const recorded = async () => await Promise.all(options.stages.map((name) => directory.loadStage(name)));
      const before = await recorded();
      await runStages(directory, { device: options.device, threads: options.threads, progress }, options.stages);
      const after = await recorded();
      options.stages.forEach((name, i) => {
        if (before[i] && isDeepStrictEqual(before[i], after[i]))
          progress.log(`${stageLabels[name]}: was done, its files in ${directory.path} are as they were`);
      });
    } finally {
      progress.stop();
    }
  }
}
