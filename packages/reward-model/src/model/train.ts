/**
 * The training loop of a reward model.
 *
 * @module
 */

import { permutation, type Root } from "@gradus/seeds";
import { checkFunction, checkInteger, checkKeys, checkList, checkNumber, checkOneOf } from "../check.ts";
import { checkExample, type RewardExample } from "./example.ts";
import {
  degenerate,
  lossOf,
  type ObjectiveOptions,
  type RewardObjective,
  totalsOf,
  type Unit,
  unitsOf,
} from "./lessons.ts";
import { checkScores, chunksOf, scoreBatch, sizeOf } from "./score_batch.ts";
import type { OptimizerStep, Scorer } from "./scorer.ts";

/** Options of training. */
export interface TrainOptions extends ObjectiveOptions {
  /** Default: `"step"` for a process reward model, else `"pointwise"`. */
  readonly objective?: RewardObjective;
  readonly learningRate: number | ((update: number) => number);
  readonly seed: Root;
  /** Passes over the examples. Default 1. */
  readonly epochs?: number;
  /** Solutions in an update; with `"pairwise"` problems. Default 32. */
  readonly batchSize?: number;
  readonly optimizer?: Omit<OptimizerStep, "learningRate">;
  /** Tokens that the scorer is given at once; changes no result beyond rounding. Default 16,384. */
  readonly microBatchTokens?: number;
  /** The first update to make, to go on from a checkpoint. Default 0. */
  readonly from?: number;
  readonly signal?: AbortSignal;
}

/** What one update did. */
export interface RewardUpdate {
  /** From 0. */
  readonly update: number;
  readonly updates: number;
  readonly epoch: number;
  readonly loss: number;
  /** Metrics of the objective: see `bradleyTerry`, `binaryCrossEntropy`, `stepCrossEntropy`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly clipFactor: number;
  readonly learningRate: number;
}

const known: readonly (keyof TrainOptions)[] = [
  ...(["objective", "learningRate", "seed", "epochs", "batchSize", "optimizer", "microBatchTokens", "from"] as const),
  ...(["signal", "centering", "margin", "aggregation"] as const),
];

/** Checks what training is given, once. */
export function checkTraining(examples: readonly RewardExample[], options: TrainOptions): void {
  const task = "train the reward model";
  checkKeys(task, options, known);
  const {
    objective,
    learningRate,
    epochs = 1,
    batchSize = 32,
    microBatchTokens = 2 ** 14,
    from = 0,
    margin = 0,
  } = options;
  checkOneOf(task, "objective", objective, ["pairwise", "pointwise", "step"]);
  if (typeof learningRate !== "function") checkNumber(task, "learningRate", learningRate);
  checkInteger(task, "epochs", epochs);
  checkInteger(task, "batchSize", batchSize);
  checkInteger(task, "microBatchTokens", microBatchTokens);
  checkInteger(task, "from", from, 0);
  checkNumber(task, "margin", margin, "finite", Number.isFinite);
  checkList(task, "examples", examples);
  for (const [i, example] of examples.entries()) {
    checkExample(task, `examples[${i}]`, example);
    if (objective !== "step" || !example.stepEnds?.length) continue;
    checkList(task, `examples[${i}].stepLabels`, example.stepLabels, example.stepEnds.length);
  }
  const reason = degenerate(examples, objective as RewardObjective);
  if (reason) throw new RangeError(`Cannot ${task}: ${reason}`);
}

/** Trains a scorer; arguments have been checked. */
export async function* trainScorer(
  scorer: Scorer,
  examples: readonly RewardExample[],
  options: TrainOptions & { readonly objective: RewardObjective },
): AsyncGenerator<RewardUpdate, void> {
  const { objective, learningRate, seed, epochs = 1, batchSize = 32, from = 0, optimizer, signal } = options;
  const units = unitsOf(examples, objective);
  const perEpoch = Math.ceil(units.length / batchSize);
  for (let update = from; update < epochs * perEpoch; update++) {
    signal?.throwIfAborted();
    const epoch = Math.floor(update / perEpoch);
    const order = permutation(units.length, seed, { purpose: "reward model order", step: epoch });
    // Batches of nearly equal size: one of a few examples would weigh as much as a full one.
    const [start, end] = [update, update + 1].map((u) =>
      Math.round(((u - epoch * perEpoch) * units.length) / perEpoch),
    );
    const batch = Array.from({ length: end - start }, (_, i) => units[order.at(start + i)]);
    const { loss, metrics } = await accumulate(scorer, batch, options);
    const rate = typeof learningRate === "number" ? learningRate : rateOf(learningRate, update);
    const { gradientNorm, clipFactor } = await scorer.step({ ...optimizer, learningRate: rate });
    const place = { update, updates: epochs * perEpoch, epoch };
    yield { ...place, loss, metrics, gradientNorm, clipFactor, learningRate: rate };
  }
}

function rateOf(schedule: (update: number) => number, update: number): number {
  checkFunction("train the reward model", "learningRate", schedule);
  const rate = schedule(update);
  checkNumber("train the reward model", `learningRate(${update})`, rate);
  return rate;
}

/** Adds the gradient of a batch. However it is split, one global reducer makes the loss. */
async function accumulate(
  scorer: Scorer,
  units: readonly Unit[],
  options: TrainOptions & { readonly objective: RewardObjective },
): Promise<{ loss: number; metrics: Record<string, number> }> {
  const { objective, microBatchTokens = 2 ** 14 } = options;
  const total = totalsOf(units, objective);
  const metrics: Record<string, number> = {};
  let loss = 0;
  for (const part of chunksOf(units, (unit) => unit.reduce((sum, each) => sum + sizeOf(each), 0), microBatchTokens)) {
    const batch = scoreBatch(part.flat(), objective === "step" ? "process" : "outcome");
    const scores = checkScores(await scorer.score(batch), batch.places);
    const result = lossOf(part, scores, batch.placeSegments, objective, total, options);
    await scorer.backward(batch, result.coefficients);
    loss += result.loss;
    for (const [name, value] of Object.entries(result.metrics)) metrics[name] = (metrics[name] ?? 0) + value;
  }
  return { loss, metrics };
}
