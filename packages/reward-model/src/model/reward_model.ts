/**
 * A reward model: a scorer, and what its scores mean.
 *
 * @module
 */

import { checkFunction, checkInteger, checkKeys, checkList, checkOneOf } from "../check.ts";
import { type Aggregation, aggregate } from "../judge/aggregate.ts";
import { type Calibration, calibration, pairAccuracy } from "../judge/calibration.ts";
import { sigmoid } from "../losses/logistic.ts";
import type { RewardExample, Solution } from "./example.ts";
import { degenerate } from "./lessons.ts";
import { checkScores, chunksOf, type Supervision, scoreBatch, sizeOf } from "./score_batch.ts";
import type { Scorer } from "./scorer.ts";
import { checkTraining, type RewardUpdate, type TrainOptions, trainScorer } from "./train.ts";

/** Options of {@link RewardModel}. */
export interface RewardModelOptions {
  readonly scorer: Scorer;
  /** `"outcome"` (default): one score at the end of a solution; `"process"`: one at the end of each step. */
  readonly supervision?: Supervision;
  /** How the probabilities of steps become the reward of a solution. Default `"min"`. */
  readonly aggregation?: Aggregation;
  /** Tokens that the scorer is given at once; changes no score beyond rounding. Default 16,384. */
  readonly microBatchTokens?: number;
}

/** What {@link RewardModel.update} did. */
export interface TrainReport {
  readonly updates: number;
  /** Loss of the first and the last update; `undefined` when there was none. */
  readonly firstLoss: number | undefined;
  readonly lastLoss: number | undefined;
  /** Why nothing was trained. */
  readonly skipped?: string;
}

/** What {@link RewardModel.evaluate} finds. */
export interface RewardEvaluation extends Calibration {
  readonly solutions: number;
  /** Mean reward, and mean label: how good the model says the solutions are, and how good they are. */
  readonly reward: number;
  readonly right: number;
  /** Share of solutions that are on the same side of 1/2 by reward and by label. */
  readonly accuracy: number;
  /** Share of right–wrong pairs of a problem that are in order; `undefined` where there is none. */
  readonly pairAccuracy: number | undefined;
  readonly pairs: number;
}

/**
 * An outcome or process reward model over any {@link Scorer}.
 *
 * Rewards are probabilities, σ(score). Trained pointwise or by steps they mean what they say; trained on pairs, only
 * their order within a problem does.
 *
 * @example A scorer of one number for each token id, its weight, which reads nothing but the last token
 * ```ts
 * const weights = new Float32Array(10);
 * const gradient = new Float32Array(10);
 * const scorer: Scorer = {
 *   score: async ({ tokens, places }) => Float32Array.from(places, (t) => weights[tokens[t]]),
 *   backward: async ({ tokens, places }, coefficients) =>
 *     places.forEach((t, p) => {
 *       gradient[tokens[t]] += coefficients[p];
 *     }),
 *   step: async ({ learningRate }) => {
 *     weights.forEach((_, i) => {
 *       weights[i] -= learningRate * gradient[i];
 *     });
 *     gradient.fill(0);
 *     return { step: 0, gradientNorm: 0, clipFactor: 1 };
 *   },
 * };
 * const model = new RewardModel({ scorer });
 * const examples = [4, 5].map((answer) => ({
 *   ...{ problem: "2 + 2", prompt: Int32Array.of(2, 2), tokens: Int32Array.of(answer), label: Number(answer === 4) },
 *   ...{ iteration: 0, seed: 1 },
 * }));
 * await model.update(examples, { learningRate: 1, seed: 1, epochs: 20 });
 * const [right, wrong] = await model.score(examples); // 0.98, 0.02
 * ```
 */
export class RewardModel {
  readonly scorer: Scorer;
  readonly supervision: Supervision;
  readonly aggregation: Aggregation;
  readonly #microBatchTokens: number;

  /** @throws {TypeError | RangeError} An option is missing, unknown or out of its range. */
  constructor(options: RewardModelOptions) {
    const task = "make a reward model";
    checkKeys(task, options, ["scorer", "supervision", "aggregation", "microBatchTokens"]);
    const { scorer, supervision = "outcome", aggregation = "min", microBatchTokens = 2 ** 14 } = options;
    for (const name of ["score", "backward", "step"] as const) checkFunction(task, `scorer.${name}`, scorer?.[name]);
    checkOneOf(task, "supervision", supervision, ["outcome", "process"]);
    checkOneOf(task, "aggregation", aggregation, ["min", "product", "last", "mean"]);
    checkInteger(task, "microBatchTokens", microBatchTokens);
    this.scorer = scorer;
    this.supervision = supervision;
    this.aggregation = aggregation;
    this.#microBatchTokens = microBatchTokens;
  }

  /**
   * The reward of each solution, from 0 to 1: σ(score) at its end, or its steps' probabilities aggregated. A solution
   * without steps gets 0 from a process reward model.
   *
   * @throws {RangeError | TypeError} A solution is empty or lacks its step ends, or the scorer's answer is no good.
   */
  async score(solutions: readonly Solution[]): Promise<Float64Array> {
    const probabilities = await this.scoreSteps(solutions);
    if (this.supervision === "outcome") return Float64Array.from(probabilities, ([probability]) => probability);
    return Float64Array.from(probabilities, (steps) => aggregate(steps, this.aggregation));
  }

  /** The probability of each step of each solution; of an outcome reward model one, of the whole. */
  async scoreSteps(solutions: readonly Solution[]): Promise<Float64Array[]> {
    checkList("score solutions", "solutions", solutions);
    const found: Float64Array[] = [];
    for (const part of chunksOf(solutions, sizeOf, this.#microBatchTokens)) {
      const batch = scoreBatch(part, this.supervision);
      const { places, placeSegments } = batch;
      const scores = places.length ? checkScores(await this.scorer.score(batch), places) : new Float32Array();
      for (let i = 0; i < part.length; i++)
        found.push(Float64Array.from(scores.subarray(placeSegments[i], placeSegments[i + 1]), sigmoid));
    }
    return found;
  }

  /**
   * Trains on examples and yields what each update did.
   *
   * Which examples an update takes depends on the seed and the update's number alone, so training goes on from a
   * checkpoint with `from`.
   *
   * @throws {RangeError} The examples can teach nothing (the message is that of `degenerate`), or an option is out of its
   * range; {TypeError} something is missing. Before the first update, always.
   */
  async *train(examples: readonly RewardExample[], options: TrainOptions): AsyncGenerator<RewardUpdate, void> {
    const complete = this.#complete(options);
    checkTraining(examples, complete);
    yield* trainScorer(this.scorer, examples, complete);
  }

  /** Trains to the end. Where the examples can teach nothing it leaves the model as it is and says why in `skipped`. */
  async update(examples: readonly RewardExample[], options: TrainOptions): Promise<TrainReport> {
    const { objective } = this.#complete(options);
    checkList("train the reward model", "examples", examples);
    const skipped = degenerate(examples, objective);
    if (skipped) return { updates: 0, firstLoss: undefined, lastLoss: undefined, skipped };
    let [updates, firstLoss, lastLoss]: [number, number | undefined, number | undefined] = [0, undefined, undefined];
    for await (const { loss } of this.train(examples, options)) {
      firstLoss ??= loss;
      lastLoss = loss;
      updates++;
    }
    return { updates, firstLoss, lastLoss };
  }

  /** How well rewards agree with labels: on the current policy's samples, say, or on held-out problems. */
  async evaluate(examples: readonly RewardExample[]): Promise<RewardEvaluation> {
    const rewards = await this.score(examples);
    const labels = examples.map(({ label }) => label);
    const { accuracy, pairs } = pairAccuracy(
      rewards,
      labels,
      examples.map(({ problem }) => problem),
    );
    const n = Math.max(1, examples.length);
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / n;
    return {
      solutions: examples.length,
      reward: mean(rewards),
      right: mean(labels),
      accuracy: mean(labels.map((label, i) => Number(rewards[i] >= 0.5 === label >= 0.5))),
      pairAccuracy: accuracy,
      pairs,
      ...calibration(rewards, labels),
    };
  }

  #complete(options: TrainOptions) {
    const objective = options?.objective ?? (this.supervision === "process" ? "step" : "pointwise");
    return { ...options, objective };
  }
}
