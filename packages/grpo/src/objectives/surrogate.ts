/**
 * The three surrogates of a token, as functions of its importance ratio r and advantage Â:
 *
 * - `"clip"`, PPO's: `min(r Â, clip(r, 1 − ε_low, 1 + ε_high) Â)`. `upperBound` δ puts min(r, δ) in the place of the first
 *   r (INTELLECT-2, arXiv 2505.07291); `dualClip` c keeps the objective of a negative advantage at c Â or more (arXiv
 *   1912.09729). For δ = c ≥ 1 + ε_high the two are the same.
 * - `"cispo"`: `sg[clip(r, 1 − ε_low, 1 + ε_high)] · Â · log π`, with sg the stop-gradient: no token loses its gradient, it
 *   is only weighed less (MiniMax-M1, arXiv 2506.13585, equations 4 and 5, where ε_low is so large that it never acts).
 * - `"sapo"`: `(4/τ) σ(τ (r − 1)) Â`, a soft gate in the place of the clip, with one temperature for positive advantages and
 *   another, higher one for the others (arXiv 2511.20347, equations 5 and 6).
 *
 * The first two are one idea: put r into a range, and take either its gradient inside of it (`"clip"`) or none at all.
 *
 * @module
 */

/** Name of a surrogate. */
export type Surrogate = "clip" | "cispo" | "sapo";

/** The bounds of the options. */
export interface ClipBounds {
  /** 1 − ε_low and 1 + ε_high. */
  readonly low: number;
  readonly high: number;
  readonly upperBound: number;
  readonly dualClip: number;
}

/** The ranges that a surrogate puts the ratio into. */
export interface RatioRanges {
  /** Where the advantage is positive, … */
  readonly goodLow: number;
  readonly goodHigh: number;
  /** … and where it is negative. */
  readonly badLow: number;
  readonly badHigh: number;
}

/**
 * min(rÂ, clip(r)Â) leaves r alone unless it gains from leaving the clip range: upwards where the advantage is positive,
 * downwards where it is negative.
 */
export function ratioRanges(
  surrogate: Surrogate,
  { low, high, upperBound, dualClip }: ClipBounds,
): RatioRanges {
  if (surrogate === "sapo") return { goodLow: -Infinity, goodHigh: Infinity, badLow: -Infinity, badHigh: Infinity };
  if (surrogate === "cispo") return { goodLow: low, goodHigh: high, badLow: low, badHigh: high };
  return {
    goodLow: -Infinity,
    goodHigh: Math.min(high, upperBound),
    badLow: low,
    badHigh: Math.min(dualClip, Math.max(high, upperBound)),
  };
}
