/**
 * Learning step by step: can this still become right?
 *
 * @module
 */

import { checkKeys, checkNumber, checkNumbers, checkOneOf, checkSegments, isProbability } from "../check.ts";
import { sigmoid, softplus } from "./logistic.ts";
import type { FloatArray, Loss } from "./loss.ts";

/** The steps of several solutions end to end. */
export interface StepBatch {
  /** One score (logit) for each step. */
  readonly scores: FloatArray;
  /** 1: a good step, 0: a bad one; in between a probability (a soft label). */
  readonly labels: FloatArray;
  /** Cumulative numbers of steps, n + 1 entries: solution i has the steps `segments[i]` to `segments[i + 1]`. */
  readonly segments: ArrayLike<number>;
}

/** Options of {@link stepCrossEntropy}. */
export interface StepCrossEntropyOptions {
  /**
   * `"step"` (default): the mean over all steps; `"solution"`: the mean of each solution's mean, so that long ones count
   * no more than short ones; `"sum"`: the mean of each solution's sum, Math-Shepherd's equation.
   */
  aggregation?: "step" | "solution" | "sum";
  /** The whole batch's when this is one micro-batch of it. Default: this batch's own. */
  total?: { readonly steps: number; readonly solutions: number };
}

/** Metrics of {@link stepCrossEntropy}: means over steps. */
export interface StepMetrics {
  readonly solutions: number;
  readonly steps: number;
  /** Share of steps with σ(score) on the same side of 1/2 as the label; 1/2 counts as good. */
  readonly accuracy: number;
  /** Mean σ(score) and mean label. */
  readonly predicted: number;
  readonly positive: number;
}

/**
 * Binary cross-entropy of each step.
 *
 * `loss = −Σ_i w_i Σ_j y_ij log σ(s_ij) + (1 − y_ij) log(1 − σ(s_ij))`, the derivative is w_i (σ(s_ij) − y_ij); w_i is
 * 1/steps, 1/(solutions · steps of i) or 1/solutions by `aggregation`. A solution without steps adds nothing (with
 * `"solution"` and `"sum"` it still counts among the solutions). Without steps everything is 0.
 *
 * @throws {RangeError} A score is not finite, a label is not from 0 to 1, or lengths do not agree.
 * @throws {TypeError} An array is missing, or an option is unknown.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) equation 2.
 *
 * @example Two solutions, of two steps and of one
 * ```ts
 * const batch = { scores: [0, 0, 0], labels: [1, 0, 1], segments: [0, 2, 3] };
 * stepCrossEntropy(batch, { aggregation: "solution" }).coefficients; // [-0.125, 0.125, -0.25]
 * ```
 */
export function stepCrossEntropy(batch: StepBatch, options: StepCrossEntropyOptions = {}): Loss<StepMetrics> {
  const task = "compute stepCrossEntropy";
  checkKeys(task, options, ["aggregation", "total"]);
  const { aggregation = "step", total } = options;
  checkOneOf(task, "aggregation", aggregation, ["step", "solution", "sum"]);
  const { scores, labels, segments } = batch;
  checkNumbers(task, "scores", scores);
  checkNumbers(task, "labels", labels, scores.length, "from 0 to 1", isProbability);
  checkSegments(task, segments, scores.length);
  if (total !== undefined) {
    checkNumber(task, "total.steps", total.steps);
    checkNumber(task, "total.solutions", total.solutions);
  }
  const solutions = segments.length - 1;
  const perStep = 1 / Math.max(1, total?.steps ?? scores.length);
  const perSolution = 1 / Math.max(1, total?.solutions ?? solutions);

  const coefficients = new Float32Array(scores.length);
  let [loss, right, predicted, positive] = [0, 0, 0, 0];
  for (let i = 0; i < solutions; i++) {
    const steps = segments[i + 1] - segments[i];
    const weight = aggregation === "step" ? perStep : aggregation === "sum" ? perSolution : perSolution / steps;
    for (let j = segments[i]; j < segments[i + 1]; j++) {
      const probability = sigmoid(scores[j]);
      loss += weight * (softplus(scores[j]) - labels[j] * scores[j]);
      coefficients[j] = weight * (probability - labels[j]);
      if (scores[j] >= 0 === labels[j] >= 0.5) right++;
      predicted += probability;
      positive += labels[j];
    }
  }
  const metrics = {
    solutions,
    steps: scores.length,
    accuracy: right * perStep,
    predicted: predicted * perStep,
    positive: positive * perStep,
  };
  return { loss, coefficients, metrics };
}
