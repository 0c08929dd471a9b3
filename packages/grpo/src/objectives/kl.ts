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

/** One estimate in nats, from d = log π − log π_ref. `reverseRatio` is e^(−d), for callers that have it already. */
export function klEstimate(kind: KlEstimator, d: number, reverseRatio: number = reverseRatioFor(kind, d)): number {
  if (kind === "k3") return reverseRatio + d - 1;
  return kind === "k2" ? 0.5 * d * d : d;
}

/** The derivative of {@link klEstimate} with respect to d, and so to log π. */
export function klSlope(kind: KlEstimator, d: number, reverseRatio: number = reverseRatioFor(kind, d)): number {
  if (kind === "k3") return 1 - reverseRatio;
  return kind === "k2" ? d : 1;
}

function reverseRatioFor(kind: KlEstimator, d: number): number {
  return kind === "k3" ? Math.exp(-d) : 0;
}

/** How the KL is estimated and bounded. */
export interface KlPlan {
  readonly kl: KlEstimator;
  readonly klGradient: KlEstimator;
  readonly klLogClamp: number;
  readonly klClamp: number;
}
