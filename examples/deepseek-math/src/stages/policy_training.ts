/**
 * What the stages that train the policy share: they begin at the checkpoint before, keep the state on the disk after each
 * update, go on from it bit for bit, and leave a checkpoint and its greedy answers.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { multiStepSchedule, type Schedule } from "@gradus/autodiff";
import type { MixtureState } from "@gradus/math-corpus";
import { createPolicy, type TransformerPolicy } from "@gradus/transformer";
import type { RunPython } from "../problems/programs.ts";
import type { StageProgress } from "../progress.ts";
import { type Configuration, type Stage, stageLabels, stages } from "../recipe/configuration.ts";
import { type Evaluation, evaluate } from "../recipe/evaluate.ts";
import type { RunPosition, StageTotals } from "../recipe/run_directory.ts";
import { openJournal, truncateJournal } from "../run/journal.ts";
import type { StageContext } from "./stage.ts";

/** One update of a stage, made: what to record of it. */
export interface Update {
  readonly tokens: number;
  readonly gradientNorm: number;
  readonly metrics: Record<string, number>;
  /** Of pre-training: what the mixture has drawn for the updates so far. */
  readonly mixture?: MixtureState;
}

/** What a stage's updates are made with. */
export interface Training {
  readonly policy: TransformerPolicy;
  readonly learningRate: Schedule;
  /** Updates that are done. */
  readonly from: number;
  readonly mixture?: MixtureState;
  /** Shows a few words beside the bar. */
  detail(text: string): void;
}

/** A stage that trains the policy. */
export interface PolicyStage {
  readonly stage: Stage;
  readonly steps: number;
  /** Makes the updates from `from` on, and yields after each. */
  updates(training: Training): AsyncIterable<Update>;
}

/** What came of it. */
export interface TrainedStage {
  readonly evaluation: Evaluation;
  readonly totals: StageTotals;
}

/** Runs what is left of a stage, to its checkpoint and its evaluation. */
export async function trainPolicy(context: StageContext, part: PolicyStage): Promise<TrainedStage> {
  const { directory, progress } = context;
  const { stage } = part;
  if (existsSync(directory.checkpoint(stage))) {
    const totals = await totalsOf(context, stage);
    return {
      totals,
      evaluation: (await directory.loadEvaluation(stage)) ?? (await evaluateCheckpoint(context, stage)),
    };
  }
  const saved = await directory.loadState((message) => progress.log(message));
  const isOwn = saved?.position.stage === stage;
  const position: RunPosition = isOwn
    ? saved.position
    : { stage, step: 0, totals: { ...saved?.position.totals, [stage]: undefined } };
  await truncateJournal(directory.journal, stages, position);
  const policy = await begin(context, stage);
  const bar = progress.stage(stageLabels[stage], part.steps, { unit: "steps", from: position.step });
  try {
    if (isOwn) {
      await policy.restore(saved.state);
      progress.log(`Going on after update ${position.step} of ${stageLabels[stage]}`);
    }
    const totals = await runUpdates(context, part, policy, position, bar);
    await policy.save(directory.checkpoint(stage), {
      files: (await context.tokens()).files(context.configuration.model.maxPositions),
    });
    const evaluation = await evaluateGreedily(context, policy, stage);
    const percent = (share: number) => (100 * share).toFixed(1);
    const { accuracy, low, high } = evaluation;
    bar.finish(`accuracy ${percent(accuracy)}% (95%: ${percent(low)}–${percent(high)}%)`);
    await context.policies.remember(stage, policy);
    return { evaluation, totals };
  } finally {
    context.policies.giveBack(policy);
  }
}

/** The weights of the stage before with a fresh optimiser, or random ones. */
async function begin(context: StageContext, stage: Stage): Promise<TransformerPolicy> {
  const { configuration, engine } = context;
  const before = stages.indexOf(stage) - 1;
  if (before >= 0) return await context.policies.take(stages[before]);
  return await createPolicy(configuration.model, { seed: configuration.seed, ...engine });
}

async function totalsOf({ directory }: StageContext, stage: Stage): Promise<StageTotals> {
  const record = await directory.loadStage(stage);
  if (record?.totals) return record.totals;
  const saved = await directory.loadState(() => {}).catch(() => undefined);
  return saved?.position.totals[stage] ?? { steps: 0, tokens: 0, seconds: 0 };
}

async function runUpdates(
  { configuration, directory }: StageContext,
  { stage, steps, updates }: PolicyStage,
  policy: TransformerPolicy,
  from: RunPosition,
  bar: StageProgress,
): Promise<StageTotals> {
  const learningRate = scheduleOf(configuration, stage, steps);
  const totals = from.totals[stage] ?? { steps: 0, tokens: 0, seconds: 0 };
  if (from.step >= steps) return totals;
  const journal = await openJournal(directory.journal);
  let step = from.step;
  let clock = performance.now();
  const training: Training = {
    ...{ policy, learningRate, from: step, mixture: from.mixture },
    detail: (text) => bar.update({ done: step, detail: text }),
  };
  try {
    for await (const { tokens, gradientNorm, metrics, mixture } of updates(training)) {
      const now = performance.now();
      totals.steps = step + 1;
      totals.tokens += tokens;
      totals.seconds += (now - clock) / 1000;
      clock = now;
      const rates = { gradientNorm, learningRate: learningRate(step), tokens: totals.tokens };
      await journal.append({ stage, step: step + 1, ...metrics, ...rates });
      await journal.flush(); // the state must never be ahead of the journal, not even after a power cut
      const position = { stage, step: step + 1, totals: { ...from.totals, [stage]: totals }, mixture };
      await directory.saveState(await policy.state(), position);
      bar.update({ done: ++step, detail: describe(metrics) });
    }
    return totals;
  } finally {
    await journal.close();
  }
}

function scheduleOf(configuration: Configuration, stage: Stage, steps: number): Schedule {
  const { learningRate, warmup } = configuration[stage];
  const options = { peak: learningRate, steps, warmup: Math.min(warmup, steps) };
  // DeepSeekMath fine-tunes and reinforces at a constant rate; only pre-training comes down.
  return multiStepSchedule(stage === "pretraining" ? options : { ...options, drops: [] });
}

/** The newest figures of an update in a few words. */
export function describe({ loss, reward, length }: Record<string, number>): string {
  return reward === undefined ? `loss ${loss.toFixed(3)}` : `reward ${reward.toFixed(3)}, length ${length.toFixed(0)}`;
}

/** A stage that is over is evaluated by its checkpoint: the policy has gone on. */
async function evaluateCheckpoint(context: StageContext, stage: Stage): Promise<Evaluation> {
  const policy = await context.policies.take(stage);
  try {
    return await evaluateGreedily(context, policy, stage);
  } finally {
    context.policies.giveBack(policy);
  }
}

async function evaluateGreedily(context: StageContext, policy: TransformerPolicy, stage: Stage): Promise<Evaluation> {
  const { configuration, directory, progress, problems } = context;
  const bar = progress.stage("  evaluation", problems.heldOut.length, { unit: "problems", transient: true });
  const evaluation = await evaluate(
    policy,
    await context.tokens(),
    problems.heldOut,
    configuration.evaluation.maxNewTokens,
    (done) => bar.update({ done }),
  );
  bar.finish();
  await directory.saveEvaluation(stage, evaluation);
  return evaluation;
}

/** Runs a program; Python is started at the first. */
export function programRunner({ python }: Pick<StageContext, "python">): RunPython {
  return async (program) => await (await python()).run(program);
}

/** The files that a policy stage leaves. */
export function producedBy(stage: Stage): string[] {
  return [`checkpoints/${stage}`, `evaluations/${stage}.json`];
}

/** What it has come to, in numbers. */
export function trainingAccount({ evaluation, totals }: TrainedStage): Record<string, number | string> {
  return { updates: totals.steps, "held-out accuracy": `${(100 * evaluation.accuracy).toFixed(1)}%` };
}
