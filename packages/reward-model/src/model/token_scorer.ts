/**
 * A language model as a scorer, by two tokens of its vocabulary: Math-Shepherd's way, which needs no head of its own.
 *
 * @module
 */

import { checkInteger, checkKeys } from "../check.ts";
import type { OptimizerStep, ScoreBatch, Scorer, StepReport } from "./scorer.ts";

/** Sequences with the token that each position shall predict, −100 for none. */
export interface LabelBatch {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
  readonly positions: Int32Array;
  readonly segments: Int32Array;
}

/** What {@link tokenScorer} needs of a language model; the policies of `@gradus/grpo` and `@gradus/transformer` have it. */
export interface LanguageModel {
  /** Log-probability of each label in nats, 0 where there is none. */
  logProbs(batch: LabelBatch): Promise<{ readonly logProbs: Float32Array }>;
  /** Accumulates Σ coefficient · ∇ log π(label) into the gradient. */
  backward(batch: LabelBatch, coefficients: Float32Array): Promise<unknown>;
  step(update: OptimizerStep): Promise<StepReport>;
}

/**
 * Scores a place by what the model expects behind it: `score = log π(good) − log π(bad)`, so σ(score) is the probability
 * of `good` among the two. Every sequence is computed twice, once with each token as its label.
 *
 * @throws {RangeError} A token is no id, or both are the same.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) section 3.4, whose tokens are "+" and "-".
 *
 * @example A model that expects token 1 with probability 0.8 and token 0 with 0.2, whatever it has read
 * ```ts
 * const model: LanguageModel = {
 *   logProbs: async ({ labels }) => ({
 *     logProbs: Float32Array.from(labels, (label) => (label < 0 ? 0 : Math.log(label === 1 ? 0.8 : 0.2))),
 *   }),
 *   backward: async () => {},
 *   step: async () => ({ step: 1, gradientNorm: 0, clipFactor: 1 }),
 * };
 * const scorer = tokenScorer(model, { good: 1, bad: 0 });
 * const sequence = { tokens: Int32Array.of(5), positions: Int32Array.of(0), segments: Int32Array.of(0, 1) };
 * await scorer.score({ ...sequence, places: Int32Array.of(0) }); // [1.386]: log 4
 * ```
 */
export function tokenScorer(model: LanguageModel, tokens: { readonly good: number; readonly bad: number }): Scorer {
  const task = "make a token scorer";
  checkKeys(task, tokens, ["good", "bad"]);
  const { good, bad } = tokens;
  checkInteger(task, "good", good, 0);
  checkInteger(task, "bad", bad, 0);
  if (good === bad) throw new RangeError(`Cannot ${task}: good and bad must be two tokens, found ${good} for both`);
  return {
    async score(batch) {
      const size = batch.tokens.length;
      const { logProbs } = await model.logProbs(twice(batch, good, bad));
      return Float32Array.from(batch.places, (t) => logProbs[t] - logProbs[size + t]);
    },
    async backward(batch, coefficients) {
      const size = batch.tokens.length;
      const signed = new Float32Array(2 * size);
      batch.places.forEach((t, p) => {
        signed[t] += coefficients[p];
        signed[size + t] -= coefficients[p];
      });
      await model.backward(twice(batch, good, bad), signed);
    },
    step: (update) => model.step(update),
  };
}

/** The batch with `good` as the label of every place, then the same with `bad`. */
function twice({ tokens, positions, segments, places }: ScoreBatch, good: number, bad: number): LabelBatch {
  const size = tokens.length;
  const double = (ids: Int32Array) => Int32Array.from({ length: 2 * size }, (_, t) => ids[t % size]);
  const labels = new Int32Array(2 * size).fill(-100);
  for (const t of places) {
    labels[t] = good;
    labels[size + t] = bad;
  }
  return {
    tokens: double(tokens),
    labels,
    positions: double(positions),
    segments: Int32Array.from({ length: 2 * segments.length - 1 }, (_, s) =>
      s < segments.length ? segments[s] : size + segments[s - segments.length + 1],
    ),
  };
}
