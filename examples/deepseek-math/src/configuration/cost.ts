/**
 * What a configuration takes, before anything runs: parameters, tokens, floating-point operations, memory, disk and time of
 * each stage.
 *
 * A pass of a token through N parameters takes 2 N operations, with the backward pass 6 N (Kaplan et al. 2020, arXiv
 * 2001.08361, section 2.1; attention's own are left out). Training holds weights, gradients and AdamW's two moments.
 *
 * @module
 */

import { totalmem } from "node:os";
import { formatDuration } from "../progress.ts";
import { type Configuration, recipeStages, type StageName, stageLabels } from "../recipe/configuration.ts";
import { parameterCount } from "../recipe/parameters.ts";
import { ConfigurationError } from "./rules.ts";

/** What one stage takes. */
export interface StageCost {
  readonly stage: StageName;
  /** Tokens that are trained on, and tokens that are sampled. */
  readonly trained: number;
  readonly sampled: number;
  readonly flops: number;
  /** Bytes at the same time, in all devices together. */
  readonly memory: number;
  /** Bytes that it leaves on the disk. */
  readonly disk: number;
  readonly seconds: number;
}

/** Bytes a parameter: weight, gradient, two moments, 4 each; a model that only answers has the first. */
const TRAINING_BYTES = 16;
const SCORING_BYTES = 4;

/** Pages of the loop a second and core, and their size: measured on the laptop's web; of other crawls as good a guess. */
const PAGES_PER_SECOND = 600;
const PAGE_BYTES = 2500;

/** The costs of all stages. */
export function costOf(configuration: Configuration): StageCost[] {
  const { corpus, pretraining, sft, rewardModel, grpo, iteration, evaluation, text, hardware, model } = configuration;
  const parameters = parameterCount(configuration);
  const { questionTokens, solutionTokens } = text;
  const solution = (limit: number) => Math.min(limit, solutionTokens);
  const whole = (limit: number) => questionTokens + solution(limit);
  /** Activations of what passes through at once: the layers' inputs and outputs, and the logits. */
  const activations = (tokens: number) =>
    4 * tokens * (model.layers * (10 * model.hiddenSize + 3 * model.intermediateSize));
  const training = parameters * TRAINING_BYTES + activations(4096);
  const answering = parameters * SCORING_BYTES + activations(512);
  const checkpoint = 4 * parameters;

  const cost = (
    stage: StageName,
    {
      trained = 0,
      sampled = 0,
      scored = 0,
      memory = 0,
      disk = 0,
      seconds = 0,
    }: Partial<StageCost & { scored: number }>,
  ): StageCost => {
    const [learning, writing] = [6 * parameters * trained, 2 * parameters * sampled];
    const reading = 2 * parameters * scored;
    const { devices, trainingFlops, samplingFlops } = hardware;
    const computing = ((learning + reading) / trainingFlops + writing / samplingFlops) / devices;
    return { stage, trained, sampled, flops: learning + writing + reading, memory, disk, seconds: seconds + computing };
  };
  const exploration = (
    steps: number,
    { prompts, samples, maxNewTokens, beta }: Configuration["grpo" | "iteration"],
  ) => {
    const rollouts = steps * prompts * samples;
    const trained = rollouts * whole(maxNewTokens);
    return { trained, sampled: rollouts * solution(maxNewTokens), scored: beta > 0 ? trained : 0 };
  };
  const judging = (limit: number) => {
    const solutions = rewardModel.problems * rewardModel.samples;
    // Every line of a solution is completed: about four, of which half is shared or short.
    const completions = rewardModel.kind === "process" ? solutions * rewardModel.completions * 2 : 0;
    return {
      sampled: solutions * solution(limit) + (completions * solution(limit)) / 2,
      trained: solutions * rewardModel.epochs * whole(limit),
    };
  };
  const add = (a: ReturnType<typeof judging>, b: ReturnType<typeof exploration>, times: number) => ({
    trained: a.trained * times + b.trained,
    sampled: a.sampled * times + b.sampled,
    scored: b.scored,
  });
  const own = sft.rejection ? sft.rejection.problems * sft.rejection.samples : 0;
  const ends = checkpoint + TRAINING_BYTES * parameters;
  const answers =
    4 * (evaluation.problems + 2 * evaluation.toolProblems + evaluation.sampledProblems * evaluation.samples);
  return [
    cost("corpus", {
      memory: 4 * corpus.classifier.buckets * corpus.classifier.dimension + 1000 * corpus.pages * corpus.keepShare,
      disk: 3 * corpus.pages * PAGE_BYTES,
      seconds: corpus.pages / (PAGES_PER_SECOND * hardware.devices) + 5,
    }),
    cost("tokenizer", { memory: 2e8, disk: 1e5, seconds: 1 }),
    cost("pretraining", { trained: pretraining.steps * pretraining.tokensPerStep, memory: training, disk: ends }),
    cost("sft", {
      ...{
        trained: sft.steps * sft.contextsPerStep * sft.contextLength,
        sampled: own * solution(sft.rejection?.maxNewTokens ?? 0),
      },
      ...{ memory: training, disk: checkpoint + 200 * own, seconds: sft.tools ? 8 : 0 },
    }),
    cost("reward-model", { ...judging(grpo.maxNewTokens), memory: 2 * training, disk: checkpoint }),
    cost("grpo", { ...exploration(grpo.steps, grpo), memory: training + answering, disk: checkpoint }),
    cost("iteration", {
      ...add(
        judging(iteration.maxNewTokens),
        exploration(iteration.rounds * iteration.steps, iteration),
        iteration.rounds - 1,
      ),
      ...{ memory: training + 2 * answering, disk: (1 + 2 * iteration.rounds) * checkpoint },
    }),
    cost("evaluation", {
      sampled: answers * solution(evaluation.maxNewTokens),
      memory: answering,
      disk: 1e6,
      seconds: 8,
    }),
  ];
}

/**
 * Fails where a run cannot be made on this machine: its memory would not hold the training.
 *
 * @throws {ConfigurationError} With what it would take.
 */
export function requireRunnable(configuration: Configuration, available: number = totalmem()): void {
  const most = costOf(configuration).reduce((a, b) => (b.memory > a.memory ? b : a));
  if (most.memory <= available) return;
  throw new ConfigurationError(
    `Cannot run: the stage ${most.stage} of ${parameterCount(configuration).toLocaleString("en-US")} parameters needs ${bytes(most.memory)} of memory, this machine has ${bytes(available)}; --dry-run says what all of it takes`,
  );
}

/** The costs as a table. */
export function costText(configuration: Configuration): string {
  const costs = costOf(configuration);
  const { hardware, text } = configuration;
  const rows = costs.map((each) => [
    stageLabels[each.stage],
    short(each.trained),
    short(each.sampled),
    each.flops === 0 ? "–" : each.flops.toExponential(1).replace("e+", "e"),
    bytes(each.memory),
    bytes(each.disk),
    duration(each.seconds),
  ]);
  const sum = (of: (cost: StageCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  const total = [
    "All",
    ...[sum((c) => c.trained), sum((c) => c.sampled)].map(short),
    sum((c) => c.flops)
      .toExponential(1)
      .replace("e+", "e"),
    bytes(Math.max(...costs.map(({ memory }) => memory))),
    bytes(sum((c) => c.disk)),
    duration(sum((c) => c.seconds)),
  ];
  const head = ["Stage", "Trained", "Sampled", "FLOPs", "Memory", "Disk", "Time"];
  const table = [head, ...rows, total];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[0]))).join("  "),
  );
  const gpu = `${hardware.devices} × ${hardware.name}, ${hardware.memoryGB} GB each: ${rate(hardware.trainingFlops)} training, ${rate(hardware.samplingFlops)} sampling`;
  const held = Math.max(...costs.map(({ memory }) => memory)) / (hardware.devices * hardware.memoryGB * 1e9);
  return [
    `${parameterCount(configuration).toLocaleString("en-US")} parameters, float32; ${gpu}`,
    `Assumed: questions of ${text.questionTokens} tokens, solutions of ${text.solutionTokens}`,
    "",
    ...lines,
    "",
    held > 1
      ? `The memory of these devices does not hold it: ${(100 * held).toFixed(0)}% of it would be needed.`
      : `Memory: ${Math.max(1, Math.round(100 * held))}% of what these devices have.`,
    `Stages: ${recipeStages.join(", ")}. Nothing was run.`,
  ].join("\n");
}

function short(value: number): string {
  if (value === 0) return "–";
  const units: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]; // biome-ignore format: one line
  const [size, unit] = units.find(([least]) => value >= least) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}

function bytes(value: number): string {
  return value === 0 ? "–" : `${short(value)}B`;
}

function rate(flops: number): string {
  return `${short(flops)}FLOP/s`;
}

/** Longer times in hours, so that they can be compared. */
function duration(seconds: number): string {
  return seconds < 36_000 ? formatDuration(seconds) : `${Math.round(seconds / 3600).toLocaleString("en-US")} h`;
}
