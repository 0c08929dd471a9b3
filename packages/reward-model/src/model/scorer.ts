/**
 * What a reward model needs of an engine. Owned here, implemented elsewhere (`@gradus/transformer/reward` is one
 * implementation); everything crosses in flat typed arrays.
 *
 * @module
 */

/**
 * Sequences end to end: sequence i is the range `segments[i]` to `segments[i + 1]` of `tokens` and `positions`, and
 * attention never crosses it.
 */
export interface ScoreBatch {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  /** Cumulative lengths: n + 1 entries, the first 0, the last `tokens.length`. */
  readonly segments: Int32Array;
  /** Where scores are read: indices into `tokens`. One may be there twice. */
  readonly places: Int32Array;
}

/** One optimiser update. */
export interface OptimizerStep {
  learningRate: number;
  weightDecay?: number;
  betas?: readonly [number, number];
  epsilon?: number;
  /** Clip the global gradient norm to this. Default 1; `Infinity` never clips. */
  maxGradientNorm?: number;
}

/** What an update did. */
export interface StepReport {
  /** Updates made so far, this one included. */
  readonly step: number;
  /** Global L2 norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** The factor applied to the gradient, at most 1. */
  readonly clipFactor: number;
}

/** A model that gives a score, the logit of a probability, at places of sequences. */
export interface Scorer {
  /** One score for each place; it depends on the tokens up to there alone. */
  score(batch: ScoreBatch): Promise<Float32Array>;
  /** Accumulates Σ coefficient · ∇ score into the gradient; one coefficient for each place. */
  backward(batch: ScoreBatch, coefficients: Float32Array): Promise<unknown>;
  /** Descends the accumulated gradient and clears it. */
  step(update: OptimizerStep): Promise<StepReport>;
}
