/**
 * A scorer for tests: the score at a place is the sum of one weight for each token up to it. Float64, plain descent.
 *
 * @module
 */

import type { OptimizerStep, ScoreBatch, Scorer, StepReport } from "../model/scorer.ts";

export class TableScorer implements Scorer {
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  readonly calls: { score: number; backward: number; step: number } = { score: 0, backward: 0, step: 0 };

  constructor(vocabulary: number, weights?: Float64Array) {
    this.weights = weights?.slice() ?? new Float64Array(vocabulary);
    this.gradient = new Float64Array(vocabulary);
  }

  async score(batch: ScoreBatch): Promise<Float32Array> {
    this.calls.score++;
    return Float32Array.from(batch.places, (place) => {
      let sum = 0;
      this.#readTo(batch, place, (token) => {
        sum += this.weights[token];
      });
      return sum;
    });
  }

  async backward(batch: ScoreBatch, coefficients: Float32Array): Promise<void> {
    this.calls.backward++;
    batch.places.forEach((place, p) => {
      this.#readTo(batch, place, (token) => {
        this.gradient[token] += coefficients[p];
      });
    });
  }

  async step({ learningRate }: OptimizerStep): Promise<StepReport> {
    const gradientNorm = Math.hypot(...this.gradient);
    this.weights.forEach((_, i) => {
      this.weights[i] -= learningRate * this.gradient[i];
    });
    this.gradient.fill(0);
    return { step: ++this.calls.step, gradientNorm, clipFactor: 1 };
  }

  #readTo({ tokens, segments }: ScoreBatch, place: number, read: (token: number) => void): void {
    const start = segments.findLast((segment) => segment <= place) ?? 0;
    for (let t = start; t <= place; t++) read(tokens[t]);
  }
}
