/**
 * One run from random weights to its report: pre-training, SFT, GRPO, each followed by an evaluation and a checkpoint.
 * After each update the state is on disk, so a run that was killed goes on from there, bit for bit.
 *
 * @module
 */

import { multiStepSchedule, type Schedule } from "@gradus/autodiff";
import { createPolicy, loadPolicy, type TransformerPolicy } from "@gradus/transformer";
import type { ProblemTokens } from "../problems/tokens.ts";
import { formatCount, type Progress, type StageProgress } from "../progress.ts";
import { type Journal, type JournalRecord, openJournal, readJournal, truncateJournal } from "../run/journal.ts";
import { type Configuration, type Stage, stageLabels, stages } from "./configuration.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import { openProblems, type ProblemSource } from "./problem_source.ts";
import { reinforcement } from "./reinforcement.ts";
import { type OwnSolution, ownSolutions } from "./rejection.ts";
import { type Judge, openJudge } from "./reward_model.ts";
import type { RunDirectory, RunPosition, StageTotals } from "./run_directory.ts";
import {
  pretrainingBatch,
  type SupervisedBatch,
  sftContexts,
  supervisedCoefficients,
  supervisedLoss,
} from "./supervised.ts";
import { trainTokenizer } from "./tokenizer.ts";

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
  problems: ProblemSource;
  parameters: number;
}

/** One update of a stage, made: what to record of it. */
interface Update {
  readonly tokens: number;
  readonly gradientNorm: number;
  readonly metrics: Record<string, number>;
}

function scheduleOf(configuration: Configuration, stage: Stage): Schedule {
  const { learningRate, steps, warmup } = configuration[stage];
  const options = { peak: learningRate, steps, warmup: Math.min(warmup, steps) };
  // DeepSeekMath fine-tunes and reinforces at a constant rate; only pre-training comes down.
  return multiStepSchedule(stage === "pretraining" ? options : { ...options, drops: [] });
}

class Run {
  readonly #configuration: Configuration;
  readonly #directory: RunDirectory;
  readonly #options: RunOptions;
  readonly #problems: ProblemSource;
  readonly #tokens: ProblemTokens;
  readonly #policy: TransformerPolicy;
  readonly #journal: Journal;
  #position: RunPosition;

  constructor(
    parts: {
      configuration: Configuration;
      directory: RunDirectory;
      options: RunOptions;
      problems: ProblemSource;
      tokens: ProblemTokens;
    },
    policy: TransformerPolicy,
    journal: Journal,
    position: RunPosition,
  ) {
    this.#configuration = parts.configuration;
    this.#directory = parts.directory;
    this.#options = parts.options;
    this.#problems = parts.problems;
    this.#tokens = parts.tokens;
    this.#policy = policy;
    this.#journal = journal;
    this.#position = position;
  }

  get totals(): Readonly<Record<Stage, StageTotals>> {
    return this.#position.totals as Record<Stage, StageTotals>;
  }

  /** Runs what is left of a stage. */
  async stage(stage: Stage): Promise<Evaluation> {
    const done = stages.indexOf(stage) - stages.indexOf(this.#position.stage);
    if (done < 0) return (await this.#directory.loadEvaluation(stage)) ?? (await this.#evaluateCheckpoint(stage));
    if (done > 0) await this.#enter(stage);
    const { steps } = this.#configuration[stage];
    const from = this.#position.step;
    const bar = this.#options.progress.stage(stageLabels[stage], steps, { unit: "steps", from });
    if (from < steps) await this.#updates(stage, from, bar);
    const evaluation = await this.#evaluation(stage);
    const percent = (share: number) => (100 * share).toFixed(1);
    const { accuracy, low, high } = evaluation;
    bar.finish(`accuracy ${percent(accuracy)}% (95%: ${percent(low)}–${percent(high)}%)`);
    return evaluation;
  }

  /** A stage begins with the weights of the one before and a fresh optimiser. */
  async #enter(stage: Stage): Promise<void> {
    const { weights } = await this.#policy.state();
    const zeros = () => new Float32Array(weights.length);
    await this.#policy.restore({ weights, momentum: zeros(), variance: zeros(), steps: 0 });
    this.#position = { ...this.#position, stage, step: 0 };
  }

  async #updates(stage: Stage, from: number, bar: StageProgress): Promise<void> {
    const rate = scheduleOf(this.#configuration, stage);
    const reference = stage === "grpo" && this.#configuration.grpo.beta > 0 ? await this.#reference() : undefined;
    const totals = this.#position.totals[stage] ?? { steps: 0, tokens: 0, seconds: 0 };
    let clock = performance.now();
    let step = from;
    const progress = (detail: string) => bar.update({ done: step, detail });
    const updates =
      stage === "grpo" ? this.#reinforcement(rate, reference, from, progress) : this.#supervision(stage, rate, from);
    try {
      for await (const { tokens, gradientNorm, metrics } of updates) {
        const now = performance.now();
        totals.steps = step + 1;
        totals.tokens += tokens;
        totals.seconds += (now - clock) / 1000;
        clock = now;
        await this.#journal.append({
          stage,
          step: step + 1,
          ...metrics,
          gradientNorm,
          learningRate: rate(step),
          tokens: totals.tokens,
        });
        this.#position = { stage, step: step + 1, totals: { ...this.#position.totals, [stage]: totals } };
        await this.#journal.flush(); // the state must never be ahead of the journal, not even after a power cut
        await this.#directory.saveState(await this.#policy.state(), this.#position);
        bar.update({ done: ++step, detail: describe(metrics) });
      }
    } finally {
      await reference?.dispose();
    }
  }

  /** Updates by `GrpoTrainer`. */
  async *#reinforcement(
    learningRate: Schedule,
    reference: TransformerPolicy | undefined,
    from: number,
    progress: (detail: string) => void,
  ): AsyncGenerator<Update, void> {
    let last = "";
    const parts = {
      ...{ policy: this.#policy, reference, configuration: this.#configuration, problems: this.#problems },
      ...{ tokens: this.#tokens, learningRate },
      onTokens: (sampled: number) => progress(`${last}sampling ${formatCount(sampled)} tokens`),
    };
    const judge = await this.#judge();
    try {
      for await (const { tokens, gradientNorm, ...metrics } of reinforcement({ ...parts, judge: judge?.judge }, from)) {
        last = `${describe(metrics)}, `;
        yield { tokens, gradientNorm, metrics };
      }
    } finally {
      await judge?.dispose();
    }
  }

  /** Updates on given solutions. */
  async *#supervision(
    stage: "pretraining" | "sft",
    learningRate: Schedule,
    from: number,
  ): AsyncGenerator<Update, void> {
    const { steps, weightDecay } = this.#configuration[stage];
    const batchOf: (step: number) => SupervisedBatch =
      stage === "sft"
        ? sftContexts(this.#configuration, this.#problems, this.#tokens, await this.#ownSolutions())
        : (step) => pretrainingBatch(this.#configuration, this.#problems, this.#tokens, step);
    let batch = batchOf(from);
    for (let step = from; step < steps; step++) {
      const learning = this.#policy.backward(batch.batch, supervisedCoefficients(batch));
      // The policy works on another thread: the next batch is made meanwhile.
      const next = step + 1 < steps ? batchOf(step + 1) : batch;
      const { logProbs } = await learning;
      const { gradientNorm } = await this.#policy.step({ learningRate: learningRate(step), weightDecay });
      yield { tokens: batch.batch.tokens.length, gradientNorm, metrics: { loss: supervisedLoss(batch, logProbs) } };
      batch = next;
    }
  }

  /** What SFT learns besides the given solutions, sampled from the policy as pre-training left it. */
  async #ownSolutions(): Promise<OwnSolution[]> {
    const total = Math.min(this.#configuration.sft.rejection?.problems ?? 0, this.#problems.sft.length);
    if (total === 0) return [];
    const bar = this.#options.progress.stage("  rejection sampling", total, { unit: "problems", transient: true });
    let policy: TransformerPolicy | undefined;
    try {
      return await ownSolutions({
        configuration: this.#configuration,
        problems: this.#problems.sft,
        tokens: this.#tokens,
        files: this.#directory.rejection,
        policy: async () => (policy ??= await this.#checkpoint("pretraining")),
        onProgress: (done, detail) => bar.update({ done, detail }),
      });
    } finally {
      bar.finish();
      await policy?.dispose();
    }
  }

  /** The reward model that the configuration asks for: from the run's folder, or trained there first. */
  async #judge(): Promise<Judge | undefined> {
    const { device, threads } = this.#options;
    const settings = this.#configuration.grpo.rewardModel;
    if (settings === undefined) return undefined;
    const bar = this.#options.progress.stage("  reward model", settings.problems, {
      unit: "problems",
      transient: true,
    });
    try {
      return await openJudge({
        ...{ configuration: this.#configuration, problems: this.#problems, tokens: this.#tokens },
        ...{ directory: this.#directory.rewardModel, engine: { device, threads } },
        policy: () => this.#checkpoint("sft"),
        onProgress: (done, detail) => bar.update({ done, detail }),
      });
    } finally {
      bar.finish();
    }
  }

  /** π_ref: the policy as SFT left it. */
  async #reference(): Promise<TransformerPolicy> {
    return await this.#checkpoint("sft");
  }

  async #checkpoint(stage: Stage): Promise<TransformerPolicy> {
    const { device, threads } = this.#options;
    return await loadPolicy(this.#directory.checkpoint(stage), { device, threads });
  }

  /** Saves the policy and answers the held-out problems, unless that was done before. */
  async #evaluation(stage: Stage): Promise<Evaluation> {
    const known = await this.#directory.loadEvaluation(stage);
    if (known) return known;
    await this.#policy.save(this.#directory.checkpoint(stage), {
      files: this.#tokens.files(this.#configuration.model.maxPositions),
    });
    return await this.#evaluate(this.#policy, stage);
  }

  /** A stage that is over is evaluated by its checkpoint: the policy has gone on. */
  async #evaluateCheckpoint(stage: Stage): Promise<Evaluation> {
    const policy = await this.#checkpoint(stage);
    try {
      return await this.#evaluate(policy, stage);
    } finally {
      await policy.dispose();
    }
  }

  async #evaluate(policy: TransformerPolicy, stage: Stage): Promise<Evaluation> {
    const { heldOut } = this.#problems;
    const bar = this.#options.progress.stage("  evaluation", heldOut.length, { unit: "problems", transient: true });
    const { maxNewTokens } = this.#configuration.evaluation;
    const evaluation = await evaluate(policy, this.#tokens, heldOut, maxNewTokens, (done) => bar.update({ done }));
    bar.finish();
    await this.#directory.saveEvaluation(stage, evaluation);
    return evaluation;
  }
}

function describe({ loss, reward, length }: Record<string, number>): string {
  return reward === undefined ? `loss ${loss.toFixed(3)}` : `reward ${reward.toFixed(3)}, length ${length.toFixed(0)}`;
}

/** The run's tokenizer: from its folder, where it is kept from the beginning. */
async function openTokens(
  directory: RunDirectory,
  configuration: Configuration,
  problems: ProblemSource,
): Promise<ProblemTokens> {
  const known = await directory.loadTokens();
  if (known) return known;
  const tokens = await trainTokenizer(configuration, problems);
  await directory.saveTokens(tokens.files(configuration.model.maxPositions)["tokenizer.json"]);
  return tokens;
}

/** Runs every stage that is not done yet. */
export async function trainRun(directory: RunDirectory, options: RunOptions): Promise<FinishedRun> {
  const { configuration, startedAt } = await directory.open();
  const { device, threads, progress } = options;
  const problems = await openProblems(configuration);
  const tokens = await openTokens(directory, configuration, problems);
  const saved = await directory.loadState((message) => progress.log(message));
  const position: RunPosition = saved?.position ?? { stage: stages[0], step: 0, totals: {} };
  const kept = await truncateJournal(directory.journal, stages, saved ? position : undefined);
  const policy = await createPolicy(configuration.model, { seed: configuration.seed, device, threads });
  const journal = await openJournal(directory.journal);
  try {
    if (saved) {
      await policy.restore(saved.state);
      progress.log(
        `Going on after update ${position.step} of ${stageLabels[position.stage]} (${kept.length} updates so far)`,
      );
    }
    const run = new Run({ configuration, directory, options, problems, tokens }, policy, journal, position);
    const evaluations: Partial<Record<Stage, Evaluation>> = {};
    for (const stage of stages) evaluations[stage] = await run.stage(stage);
    const { weights } = await policy.state();
    return {
      configuration,
      startedAt,
      totals: run.totals,
      metrics: (await readJournal(directory.journal)).records,
      evaluations: evaluations as Record<Stage, Evaluation>,
      problems,
      parameters: weights.length,
    };
  } finally {
    await journal.close();
    await policy.dispose();
  }
}
