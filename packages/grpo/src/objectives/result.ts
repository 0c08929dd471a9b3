/** What an objective returns: `coefficients[t]` is ∂loss/∂logProbs[t], 0 outside the mask. */
export interface ObjectiveResult<Metrics> {
  readonly loss: number;
  readonly coefficients: Float32Array;
  /** Means are over the trained tokens of the whole batch, so those of its micro-batches add up. */
  readonly metrics: Metrics;
}
