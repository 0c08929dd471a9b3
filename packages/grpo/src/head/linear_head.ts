/**
 * A linear head in plain JavaScript: for small models, and the twin that heads on engines are compared with.
 *
 * @module
 */

import { checkNumber, checkNumbers } from "../check.ts";
import type { Head } from "./streamed_objective.ts";

/** A head with its weights' gradient. */
export interface LinearHead extends Head {
  /** Accumulated gradient of `weight`, [width, vocabulary]; to be cleared by whoever uses it. */
  readonly gradient: Float64Array;
}

/**
 * log softmax(hidden · weight)[target], one token after the other: beyond the weights, memory is one row of the vocabulary.
 *
 * @param weight [width, vocabulary], row-major.
 * @throws {RangeError} The weight is not a whole number of rows of the vocabulary.
 *
 * @example Two hidden numbers, three tokens
 * ```ts
 * const head = linearHead(Float32Array.of(1, 0, 0, 0, 1, 0), 2);
 * head.logProbs(Float32Array.of(0, 0), Int32Array.of(2)); // [−ln 3]
 * ```
 */
export function linearHead(weight: Float32Array, width: number): LinearHead {
  const task = "make a linear head";
  checkNumbers(task, "weight", weight);
  checkNumber(task, "width", width, "an integer above 0", (value) => Number.isSafeInteger(value) && value > 0);
  const vocabulary = weight.length / width;
  if (!Number.isInteger(vocabulary) || vocabulary === 0) {
    throw new RangeError(`Cannot ${task}: weight must be [${width}, vocabulary], found ${weight.length} numbers`);
  }
  const gradient = new Float64Array(weight.length);
  const row = new Float64Array(vocabulary);
  /** Fills `row` with the log-probabilities of token i. */
  const logSoftmax = (hidden: Float32Array, i: number): void => {
    row.fill(0);
    for (let d = 0; d < width; d++) {
      for (let v = 0; v < vocabulary; v++) row[v] += hidden[i * width + d] * weight[d * vocabulary + v];
    }
    const most = row.reduce((a, b) => Math.max(a, b));
    const total = most + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    for (let v = 0; v < vocabulary; v++) row[v] -= total;
  };
  return {
    gradient,
    logProbs: (hidden, targets) =>
      Float32Array.from(targets, (target, i) => {
        logSoftmax(hidden, i);
        return row[target];
      }),
    backward: (hidden, targets, coefficients) => {
      const hiddenGradient = new Float32Array(hidden.length);
      targets.forEach((target, i) => {
        logSoftmax(hidden, i);
        for (let v = 0; v < vocabulary; v++) row[v] = coefficients[i] * (Number(v === target) - Math.exp(row[v]));
        for (let d = 0; d < width; d++) {
          let sum = 0;
          for (let v = 0; v < vocabulary; v++) {
            sum += row[v] * weight[d * vocabulary + v];
            gradient[d * vocabulary + v] += row[v] * hidden[i * width + d];
          }
          hiddenGradient[i * width + d] = sum;
        }
      });
      return hiddenGradient;
    },
  };
}
