/**
 * Estimators of KL(π‖π_ref) from the log-probability of a sampled token.
 *
 * With d = ℓ − ℓ_ref: k1 = d is unbiased but may be negative; k2 = d²/2 is biased, its gradient is that of the KL;
 * k3 = e^(−d) + d − 1 is unbiased and never negative.
 *
 * Source: Schulman, "Approximating KL divergence" (2020); k3 is DeepSeekMath's equation 4 (arXiv 2402.03300).
 *
 * @module
 */

/** Name of an estimator. */
export type KlEstimator = "k1" | "k2" | "k3";

/** One estimate in nats, from d = log π − log π_ref. */
export function klEstimate(kind: KlEstimator, d: number): number {
  if (kind === "k3") return Math.exp(-d) + d - 1;
  return kind === "k2" ? 0.5 * d * d : d;
}

/** The derivative of {@link klEstimate} with respect to d, and so to log π. */
export function klSlope(kind: KlEstimator, d: number): number {
  if (kind === "k3") return 1 - Math.exp(-d);
  return kind === "k2" ? d : 1;
}

/** What {@link klKernel} is told. */
export interface KlPlan {
  readonly kl: KlEstimator;
  readonly klGradient: KlEstimator;
  readonly klLogClamp: number;
  readonly klClamp: number;
}

/**
 * Turns the first n of `gaps` (d of each token) into estimates and slopes. Clamps act as torch's do: the value stops at
 * the bound, and beyond it there is no gradient.
 */
export function klKernel(
  plan: KlPlan,
  n: number,
  gaps: Float64Array,
  estimates: Float64Array,
  slopes: Float64Array,
): void {
  const { kl, klGradient, klLogClamp, klClamp } = plan;
  if (kl === "k3" && klGradient === "k3" && klLogClamp === Infinity && klClamp === Infinity) {
    for (let k = 0; k < n; k++) {
      const reverseRatio = Math.exp(-gaps[k]);
      estimates[k] = reverseRatio + gaps[k] - 1;
      slopes[k] = 1 - reverseRatio;
    }
    return;
  }
  for (let k = 0; k < n; k++) {
    const d = Math.max(-klLogClamp, Math.min(klLogClamp, gaps[k]));
    const estimate = klEstimate(kl, d);
    const inside = Math.abs(gaps[k]) <= klLogClamp && Math.abs(estimate) <= klClamp;
    estimates[k] = Math.max(-klClamp, Math.min(klClamp, estimate));
    slopes[k] = inside ? klSlope(klGradient, d) : 0;
  }
}
