/**
 * A policy small enough to know everything about: a table of logits, one row for each previous token. Trained by plain
 * gradient descent in float64.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import type {
  Batch,
  Completion,
  LogProbs,
  OptimizerStep,
  Policy,
  SampleOptions,
  StepReport,
} from "../trainer/policy.ts";

export class BigramPolicy implements Policy {
  readonly vocabulary: number;
  readonly logits: Float64Array;
  readonly #gradient: Float64Array;
  /** What it was asked for. */
  readonly calls: { sample: number; logProbs: number; backward: number; step: number } = {
    sample: 0,
    logProbs: 0,
    backward: 0,
    step: 0,
  };

  constructor(vocabulary: number, logits?: Float64Array) {
    this.vocabulary = vocabulary;
    this.logits = logits?.slice() ?? new Float64Array(vocabulary ** 2);
    this.#gradient = new Float64Array(vocabulary ** 2);
  }

  logProb(previous: number, token: number): number {
    const row = this.logits.subarray(previous * this.vocabulary, (previous + 1) * this.vocabulary);
    const most = row.reduce((a, b) => Math.max(a, b));
    return row[token] - most - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
  }

  async sample(prompts: readonly Int32Array[], options: SampleOptions): Promise<Completion[]> {
    this.calls.sample++;
    const { samplesPerPrompt = 1, maxNewTokens, seed, step = 0, stop = [] } = options;
    return prompts.flatMap((prompt, p) =>
      Array.from({ length: samplesPerPrompt }, (_, sample): Completion => {
        const random = stream(seed, { purpose: "sample", step, prompt: p, sample });
        const tokens: number[] = [];
        const logProbs: number[] = [];
        let previous = prompt[prompt.length - 1];
        let finishReason: "stop" | "length" = "length";
        while (tokens.length < maxNewTokens && finishReason === "length") {
          const row = Array.from({ length: this.vocabulary }, (_, token) => this.logProb(previous, token));
          const token = random.categoricalFromProbabilities(row.map(Math.exp));
          tokens.push(token);
          logProbs.push(row[token]);
          previous = token;
          if (stop.some((each) => each[0] === token)) finishReason = "stop";
        }
        return {
          prompt: p,
          sample,
          tokens: Int32Array.from(tokens),
          logProbs: Float32Array.from(logProbs),
          finishReason,
        };
      }),
    );
  }

  async logProbs(batch: Batch, { entropies = false }: { entropies?: boolean } = {}): Promise<LogProbs> {
    this.calls.logProbs++;
    return this.#score(batch, entropies);
  }

  #score({ tokens, labels }: Batch, entropies: boolean): LogProbs {
    const logProbs = Float32Array.from(labels, (label, t) => (label < 0 ? 0 : this.logProb(tokens[t], label)));
    if (!entropies) return { logProbs };
    const entropyOf = (previous: number) =>
      Array.from({ length: this.vocabulary }, (_, token) => this.logProb(previous, token)).reduce(
        (sum, l) => sum - Math.exp(l) * l,
        0,
      );
    return { logProbs, entropies: Float32Array.from(labels, (label, t) => (label < 0 ? 0 : entropyOf(tokens[t]))) };
  }

  async backward(batch: Batch, coefficients: Float32Array): Promise<LogProbs> {
    this.calls.backward++;
    batch.labels.forEach((label, t) => {
      if (label < 0) return;
      for (let token = 0; token < this.vocabulary; token++) {
        const slope = Number(token === label) - Math.exp(this.logProb(batch.tokens[t], token));
        this.#gradient[batch.tokens[t] * this.vocabulary + token] += coefficients[t] * slope;
      }
    });
    return this.#score(batch, false);
  }

  async step({ learningRate }: OptimizerStep): Promise<StepReport> {
    const gradientNorm = Math.hypot(...this.#gradient);
    for (let i = 0; i < this.logits.length; i++) this.logits[i] -= learningRate * this.#gradient[i];
    this.#gradient.fill(0);
    return { step: ++this.calls.step, gradientNorm, clipFactor: 1 };
  }
}
