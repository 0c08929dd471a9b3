/**
 * One run from a crawl to its report: the stages one after the other, or some of them. A stage is done when what it makes is
 * there and it has left word; then it is not run again.
 *
 * @module
 */

import { createInterpreter, type Interpreter } from "@gradus/code-interpreter";
import type { ProblemTokens } from "../problems/tokens.ts";
import { formatDuration, type Progress } from "../progress.ts";
import { type JournalRecord, readJournal } from "../run/journal.ts";
import { allStages } from "../stages/mod.ts";
import { PolicyShelf } from "../stages/policy_shelf.ts";
import type { RecipeStage, StageContext } from "../stages/stage.ts";
import { accountText } from "./account.ts";
import { type Configuration, recipeStages, type Stage, type StageName, stageLabels, stages } from "./configuration.ts";
import type { Evaluation } from "./evaluate.ts";
import type { FullEvaluation } from "./full_evaluation.ts";
import { parameterCount } from "./parameters.ts";
import { openProblems, type ProblemSource } from "./problem_source.ts";
import type { RunDirectory, StageRecordFile, StageTotals } from "./run_directory.ts";

/** How to run; none of these changes what is computed. */
export interface RunOptions {
  device: "cpu" | "webgpu";
  threads?: number;
  progress: Progress;
}

/** What a finished run knows of itself. */
export interface FinishedRun {
  configuration: Configuration;
  startedAt: string;
  totals: Readonly<Record<Stage, StageTotals>>;
  metrics: readonly JournalRecord[];
  evaluations: Readonly<Record<Stage, Evaluation>>;
  full: Readonly<Record<Stage, FullEvaluation>>;
  accounts: Readonly<Record<StageName, StageRecordFile>>;
  problems: ProblemSource;
  parameters: number;
}

/** Runs every stage that is not done yet. */
export async function trainRun(directory: RunDirectory, options: RunOptions): Promise<FinishedRun> {
  const { configuration, startedAt } = await directory.open();
  const problems = await openProblems(configuration);
  await runStages(directory, options, recipeStages, problems);
  const ofStages = async <T>(load: (stage: Stage) => Promise<T | undefined>): Promise<Record<Stage, T>> =>
    Object.fromEntries(await Promise.all(stages.map(async (stage) => [stage, await load(stage)] as const))) as Record<
      Stage,
      T
    >;
  const accounts = Object.fromEntries(
    await Promise.all(recipeStages.map(async (stage) => [stage, await directory.loadStage(stage)] as const)),
  ) as Record<StageName, StageRecordFile>;
  return {
    ...{ configuration, startedAt, problems, accounts },
    totals: await ofStages(async (stage) => accounts[stage].totals),
    metrics: (await readJournal(directory.journal)).records,
    evaluations: await ofStages((stage) => directory.loadEvaluation(stage)),
    full: await ofStages((stage) => directory.loadFullEvaluation(stage)),
    parameters: parameterCount(configuration),
  };
}

/**
 * Runs those of the named stages that are not done, in their order.
 *
 * @throws {Error} What a stage consumes is missing; the message names the stage that makes it.
 */
export async function runStages(
  directory: RunDirectory,
  options: RunOptions,
  names: readonly StageName[],
  source?: ProblemSource,
): Promise<void> {
  const { configuration } = await directory.open();
  const problems = source ?? (await openProblems(configuration));
  const { device, threads, progress } = options;
  let tokens: ProblemTokens | undefined;
  const pythons: Promise<Interpreter>[] = [];
  // A state that cannot be read is an error before anything is made, and not after the first stages.
  await directory.loadState((message) => progress.log(message));
  const engine = { device, threads };
  const policies = new PolicyShelf(directory, engine);
  const context: StageContext = {
    ...{ configuration, directory, engine, progress, problems, policies },
    async tokens() {
      tokens ??= await directory.loadTokens();
      if (tokens === undefined) throw new Error(`Cannot read ${directory.path}/tokenizer.json: no such file`);
      return tokens;
    },
    async python() {
      if (pythons.length === 0) pythons.push(createInterpreter({ timeLimitMs: 2000 }));
      return await pythons[0];
    },
  };
  try {
    for (const name of recipeStages.filter((each) => names.includes(each))) await runStage(context, allStages[name]);
  } finally {
    await policies.close();
    for (const python of pythons) (await python.catch(() => undefined))?.close();
  }
}

async function runStage(context: StageContext, stage: RecipeStage): Promise<void> {
  const { configuration, directory, progress } = context;
  const record = await directory.loadStage(stage.name);
  if (record && directory.missing(stage.produces(configuration)).length === 0) return;
  const [missing] = directory.missing(stage.consumes(configuration));
  if (missing !== undefined) {
    const maker = recipeStages.find((name) => allStages[name].produces(configuration).includes(missing));
    throw new Error(
      `Cannot run the stage ${stage.name}: ${directory.path}/${missing} is missing; the stage ${maker} makes it`,
    );
  }
  const started = performance.now();
  const account = await stage.run(context);
  const seconds = (performance.now() - started) / 1000;
  await directory.saveStage({ stage: stage.name, ...account, ...(await totalsOf(context, stage.name)), seconds });
  progress.log(`${stageLabels[stage.name]}, ${formatDuration(seconds)}: ${accountText(account)}`);
}

async function totalsOf({ directory }: StageContext, name: StageName): Promise<{ totals?: StageTotals }> {
  const stage = stages.find((each) => each === name);
  if (stage === undefined) return {};
  const known = (await directory.loadStage(stage))?.totals;
  const saved = await directory.loadState(() => {}).catch(() => undefined);
  return { totals: known ?? saved?.position.totals[stage] ?? { steps: 0, tokens: 0, seconds: 0 } };
}
