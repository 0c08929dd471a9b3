// The program behind `npm start`.

import { join } from "node:path";
import { type Command, helpText, runMain, type TrainOptions, UsageError } from "./cli.ts";
import { createProgress, formatDuration } from "./progress.ts";
import { ask } from "./recipe/ask.ts";
import { type Configuration, defaultConfiguration, nominalMinutes } from "./recipe/configuration.ts";
import { RunDirectory } from "./recipe/run_directory.ts";
import { environment, runRecord } from "./recipe/summary.ts";
import { type FinishedRun, trainRun } from "./recipe/train.ts";
import { writeReport } from "./report/report.ts";

/** The folders of a command's runs: `out` itself, or one for each seed in it. */
function directoriesOf({ out, seed, seeds }: TrainOptions): { directory: RunDirectory; seed: number }[] {
  if (seeds === 1) return [{ directory: new RunDirectory(out), seed }];
  return Array.from({ length: seeds }, (_, i) => ({
    directory: new RunDirectory(join(out, `seed-${seed + i}`)),
    seed: seed + i,
  }));
}

/** Writes `run.json` of each run, or checks that there is one to go on with. */
async function prepare(directory: RunDirectory, configuration: Configuration, resume: boolean): Promise<void> {
  if (resume) {
    if (!directory.isBegun) throw new UsageError(`Cannot resume: there is no run in ${directory.path}`);
    return;
  }
  if (directory.isBegun && !directory.isFinished) {
    throw new UsageError(
      `${directory.path} holds an unfinished run: add --resume to go on with it, or choose another --out`,
    );
  }
  await directory.begin({ configuration, startedAt: new Date().toISOString() });
}

async function train(options: TrainOptions): Promise<void> {
  const scale = options.minutes === undefined ? options.scale : options.minutes / nominalMinutes / options.seeds;
  const runs = directoriesOf(options);
  for (const { directory, seed } of runs) {
    if (options.resume && runs.length > 1 && !directory.isBegun) continue; // its turn had not come
    await prepare(directory, defaultConfiguration({ seed, data: options.data, scale }), options.resume);
  }
  const started = performance.now();
  const settings = environment(options.threads);
  const finished: FinishedRun[] = [];
  for (const { directory, seed } of runs) {
    if (!directory.isBegun) await prepare(directory, defaultConfiguration({ seed, data: options.data, scale }), false);
    const progress = createProgress();
    try {
      if (runs.length > 1) progress.log(`Seed ${seed}`);
      const run = await trainRun(directory, { device: options.device, threads: options.threads, progress });
      await writeReport(directory.report, runRecord([run], settings));
      finished.push(run);
    } finally {
      progress.stop();
    }
  }
  const report = join(options.out, "report.html");
  if (runs.length > 1) await writeReport(report, runRecord(finished, settings));
  printSummary(finished, report, (performance.now() - started) / 1000);
}

function printSummary(runs: readonly FinishedRun[], report: string, seconds: number): void {
  const { stages, evaluations } = runRecord(runs, {});
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`.padStart(6);
  console.log("\nHeld-out accuracy (95% interval)");
  for (const { stage, label } of stages) {
    const found = evaluations.find((evaluation) => evaluation.stage === stage);
    if (found)
      console.log(
        `  ${label.padEnd(14)}${percent(found.accuracy)}  (${percent(found.low).trim()} to ${percent(found.high).trim()})`,
      );
  }
  console.log(`\nReport      ${report}\nAsk it      npm start -- ask "17*23"\nTime        ${formatDuration(seconds)}`);
}

async function answer(command: Extract<Command, { name: "ask" }>): Promise<void> {
  const { solution, answer: found, stage } = await ask(new RunDirectory(command.out), command.question, command);
  console.log(solution.trim());
  console.log(
    found === undefined ? `(no answer; checkpoint after ${stage})` : `\nAnswer: ${found}  (checkpoint after ${stage})`,
  );
}

process.once("SIGINT", () => {
  process.stderr.write("\nStopped. Everything up to the last update is kept: go on with --resume\n");
  process.exit(130);
});

await runMain(process.argv.slice(2), async (command) => {
  if (command.name === "help") console.log(helpText);
  else if (command.name === "version") console.log(await version());
  else if (command.name === "ask") await answer(command);
  else await train(command);
});

async function version(): Promise<string> {
  const { default: manifest } = await import("../package.json", { with: { type: "json" } });
  return `gradus ${manifest.version}`;
}
