/**
 * The three surrogate objectives of a token, as functions of its importance ratio r and advantage Â. Each kernel fills
 * `values` with the objective (to be maximised) and `slopes` with its derivative with respect to log r, for the first n
 * tokens of a chunk.
 *
 * @module
 */

/** How many tokens of the chunks so far have lost their gradient, and why. */
export interface ClipCounts {
  /** Negative advantage, ratio below the range. */
  low: number;
  /** Positive advantage, ratio above the range (or above `upperBound`). */
  high: number;
  /** Negative advantage, ratio above `dualClip` or `upperBound`. */
  dual: number;
}

/** The bounds of {@link clipKernel}. */
export interface ClipBounds {
  /** 1 − ε_low and 1 + ε_high. */
  readonly low: number;
  readonly high: number;
  readonly upperBound: number;
  readonly dualClip: number;
}

/**
 * PPO's clipped surrogate: `min(r Â, clip(r, 1 − ε_low, 1 + ε_high) Â)`.
 *
 * `upperBound` δ puts min(r, δ) in the place of the first r (INTELLECT-2, arXiv 2505.07291); `dualClip` c keeps the
 * objective of a negative advantage at c Â or more (arXiv 1912.09729). For δ = c ≥ 1 + ε_high the two are the same. On
 * the edge of a range the gradient is the unclipped one.
 */
export function clipKernel(
  { low, high, upperBound, dualClip }: ClipBounds,
  n: number,
  ratios: Float64Array,
  advantages: Float64Array,
  values: Float64Array,
  slopes: Float64Array,
  counts: ClipCounts,
): void {
  const highest = Math.min(high, upperBound);
  const worst = Math.min(dualClip, Math.max(high, upperBound));
  const bounded = worst < Infinity;
  let clippedLow = 0;
  let clippedHigh = 0;
  let clippedDual = 0;
  for (let k = 0; k < n; k++) {
    const advantage = advantages[k];
    const ratio = ratios[k];
    // min(rÂ, clip(r)Â) leaves rÂ unless it gains from leaving the clip range.
    const value = ratio * advantage;
    values[k] = value;
    slopes[k] = value;
    if (advantage > 0) {
      if (ratio > highest) {
        values[k] = highest * advantage;
        slopes[k] = 0;
        clippedHigh++;
      }
    } else if (advantage < 0) {
      if (ratio < low) {
        values[k] = low * advantage;
        slopes[k] = 0;
        clippedLow++;
      } else if (bounded && ratio > worst) {
        values[k] = worst * advantage;
        slopes[k] = 0;
        clippedDual++;
      }
    }
  }
  counts.low += clippedLow;
  counts.high += clippedHigh;
  counts.dual += clippedDual;
}

/**
 * CISPO: `sg[clip(r, 1 − ε_low, 1 + ε_high)] · Â · log π`, with sg the stop-gradient: no token loses its gradient, it is
 * only weighed less. `slopes` are with respect to log π. Counted as clipped is where the weight differs from r.
 *
 * Source: MiniMax-M1 (arXiv 2506.13585) equations 4 and 5, where ε_low is so large that it never acts.
 */
export function cispoKernel(
  { low, high }: ClipBounds,
  n: number,
  ratios: Float64Array,
  advantages: Float64Array,
  logProbs: Float64Array,
  values: Float64Array,
  slopes: Float64Array,
  counts: ClipCounts,
): void {
  for (let k = 0; k < n; k++) {
    let weight = ratios[k];
    if (weight < low) {
      weight = low;
      counts.low++;
    } else if (weight > high) {
      weight = high;
      counts.high++;
    }
    const slope = weight * advantages[k];
    slopes[k] = slope;
    values[k] = slope * logProbs[k];
  }
}

/**
 * SAPO: `(4/τ) σ(τ (r − 1)) Â`, a soft gate in the place of the clip, with one temperature for positive advantages and
 * another, higher one for the others.
 *
 * Source: Soft Adaptive Policy Optimization (arXiv 2511.20347) equations 5 and 6.
 */
export function sapoKernel(
  temperatures: { readonly positive: number; readonly negative: number },
  n: number,
  ratios: Float64Array,
  advantages: Float64Array,
  values: Float64Array,
  slopes: Float64Array,
): void {
  const { positive, negative } = temperatures;
  const [byPositive, byNegative] = [4 / positive, 4 / negative];
  for (let k = 0; k < n; k++) {
    const advantage = advantages[k];
    const tau = advantage > 0 ? positive : negative;
    const gate = 1 / (1 + Math.exp(-tau * (ratios[k] - 1)));
    const scaled = gate * advantage;
    values[k] = (advantage > 0 ? byPositive : byNegative) * scaled;
    slopes[k] = 4 * scaled * (1 - gate) * ratios[k];
  }
}
