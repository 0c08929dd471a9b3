/**
 * Learning solution by solution: is it right?
 *
 * @module
 */

import { checkKeys, checkNumber, checkNumbers, isProbability } from "../check.ts";
import { sigmoid, softplus } from "./logistic.ts";
import type { FloatArray, Loss } from "./loss.ts";

/** Scores and what they should say. */
export interface LabelledBatch {
  /** One score (logit) for each solution. */
  readonly scores: FloatArray;
  /** 1: right, 0: wrong; in between a probability. */
  readonly labels: FloatArray;
}

/** Options of {@link binaryCrossEntropy}. */
export interface CrossEntropyOptions {
  /** Solutions of the whole batch when this is one micro-batch of it. Default: this batch's own. */
  total?: { readonly solutions: number };
}

/** Metrics of {@link binaryCrossEntropy}: means over solutions. */
export interface CrossEntropyMetrics {
  readonly solutions: number;
  /** Share of solutions with σ(score) on the same side of 1/2 as the label; 1/2 counts as right. */
  readonly accuracy: number;
  /** Mean σ(score) and mean label: of a calibrated model they agree. */
  readonly predicted: number;
  readonly positive: number;
}

/**
 * Pointwise binary cross-entropy.
 *
 * `loss = −mean of y log σ(s) + (1 − y) log(1 − σ(s))`; the derivative is (σ(s) − y) / solutions. Without solutions
 * everything is 0. Labels that are all equal have a finite loss too: its minimum is at infinity, in their direction.
 *
 * @throws {RangeError} A score is not finite, a label is not from 0 to 1, or lengths do not agree.
 * @throws {TypeError} An array is missing, or an option is unknown.
 *
 * Source: the outcome reward model of Cobbe et al. (arXiv 2110.14168) and Math-Shepherd (arXiv 2312.08935) equation 1.
 *
 * @example
 * ```ts
 * binaryCrossEntropy({ scores: [0, 0], labels: [1, 0] }).coefficients; // [-0.25, 0.25]
 * ```
 */
export function binaryCrossEntropy(batch: LabelledBatch, options: CrossEntropyOptions = {}): Loss<CrossEntropyMetrics> {
  const task = "compute binaryCrossEntropy";
  checkKeys(task, options, ["total"]);
  if (options.total !== undefined) checkNumber(task, "total.solutions", options.total.solutions);
  const { scores, labels } = batch;
  checkNumbers(task, "scores", scores);
  checkNumbers(task, "labels", labels, scores.length, "from 0 to 1", isProbability);
  const share = 1 / Math.max(1, options.total?.solutions ?? scores.length);
  const coefficients = new Float32Array(scores.length);
  let [loss, right, predicted, positive] = [0, 0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const probability = sigmoid(scores[i]);
    loss += share * (softplus(scores[i]) - labels[i] * scores[i]);
    coefficients[i] = share * (probability - labels[i]);
    if (scores[i] >= 0 === labels[i] >= 0.5) right++;
    predicted += probability;
    positive += labels[i];
  }
  const metrics = {
    solutions: scores.length,
    accuracy: right * share,
    predicted: predicted * share,
    positive: positive * share,
  };
  return { loss, coefficients, metrics };
}
