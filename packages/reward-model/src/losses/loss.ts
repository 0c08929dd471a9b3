/**
 * What every loss of this package returns.
 *
 * @module
 */

/** Scores and labels may be of either width; sums are made in float64. */
export type FloatArray = Float32Array | Float64Array | readonly number[];

/** A loss, its derivatives with respect to the scores, and metrics. */
export interface Loss<Metrics> {
  readonly loss: number;
  /** ∂loss/∂score, one for each score: what a model's `backward` takes. */
  readonly coefficients: Float32Array;
  /** Means over the whole batch: those of its micro-batches add up. 0 where there is nothing. */
  readonly metrics: Metrics;
}
