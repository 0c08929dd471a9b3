/**
 * Correction for a sampler that is not quite the trainer: another engine, precision, or an older policy.
 *
 * With ω = exp(log π_old − log π_sampler), of a token or of a whole sequence (the *sum* of its log-ratios), the surrogate
 * is multiplied by a weight that carries no gradient: `"truncate"`: min(ω, cap); `"mask"`: ω where floor ≤ ω ≤ cap, else 0.
 *
 * Source: Yao et al., "Your efficient RL framework secretly brings you off-policy RL training" (2025), truncated
 * importance sampling; TRL's `vllm_importance_sampling_mode`.
 *
 * @module
 */

/** How to correct. */
export interface SamplerCorrection {
  /** One weight for each token, or one for all tokens of a sequence. */
  readonly level: "token" | "sequence";
  /** Cut weights above the cap, or drop what lies outside. */
  readonly mode: "truncate" | "mask";
  /** Largest weight. Default 3 (TRL); 2 is usual with `"token"`. */
  readonly cap?: number;
  /** Smallest weight that `"mask"` keeps. Default 0. */
  readonly floor?: number;
}

/** The weight for a log-ratio log π_old − log π_sampler. */
export function samplerWeight({ mode, cap = 3, floor = 0 }: SamplerCorrection, logRatio: number): number {
  const ratio = Math.exp(logRatio);
  if (mode === "truncate") return Math.min(ratio, cap);
  return ratio < floor || ratio > cap ? 0 : ratio; // NaN stays NaN, and is refused with the loss
}
