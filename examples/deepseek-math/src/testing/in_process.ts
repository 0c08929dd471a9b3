/** Tiny runs in the test's own process: a fraction of a second each. */
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { RunDirectory } from "../recipe/run_directory.ts";
import { type FinishedRun, trainRun } from "../recipe/train.ts";
import { tinyConfiguration } from "./tiny.ts";

/** Progress that keeps its log lines and shows nothing. */
export function silentProgress(lines: string[] = []): Progress {
  return { stage: () => ({ update() {}, finish() {} }), log: (line) => void lines.push(line), stop() {} };
}

/** Begins a tiny run in a folder. */
export async function beginTiny(path: string, scale = 0.5): Promise<RunDirectory> {
  const directory = new RunDirectory(path);
  const request = { seed: 1, scale };
  await directory.begin({ request, configuration: tinyConfiguration(request), startedAt: new Date(0).toISOString() });
  return directory;
}

/** Goes on with a run to its end; gives the lines that it logged. */
export async function goOn(directory: RunDirectory): Promise<{ run: FinishedRun; lines: string[] }> {
  const lines: string[] = [];
  return { run: await trainRun(directory, { device: "cpu", threads: 1, progress: silentProgress(lines) }), lines };
}

/** Path of a run's file. */
export const fileOf = (directory: RunDirectory, name: string): string => join(directory.path, name);
