/**
 * Entropy accumulation: from the score of n trials, which may depend on each other in any way, to the min-entropy of all
 * their outcomes together.
 *
 *     H_min^ε_s ≥ n · η(w),   η(w) = max over p_t of  f(w) − (2/√n) (log₂ 13 + g′(p_t)/γ) √(1 − 2 log₂(ε_s ε_e))
 *
 * w is the share of trials won, g(w) the von Neumann entropy of one trial with that score, and f(w) = g(p_t) + g′(p_t)(w − p_t)
 * its tangent at p_t, which lies below g because g is convex. A steeper tangent is closer to g near a high score, and pays
 * for it in the second term: hence the maximum.
 *
 * Source: Arnon-Friedman, Dupuis, Fawzi, Renner, Vidick, "Practical device-independent quantum cryptography via entropy
 * accumulation", Nature Communications 9, 459 (2018), equations (9) to (11), for Alice's and Bob's outcomes.
 */

import { vonNeumannEntropy } from "./entropy.ts";

/** Share of trials won by local theories at best, and by quantum mechanics. */
export const LOCAL_WIN_SHARE = 0.75;
export const QUANTUM_WIN_SHARE: number = (2 + Math.SQRT2) / 4;

/** Options of {@link entropyRate}. */
export interface AccumulationOptions {
  /** n, number of trials. */
  trials: number;
  /** γ, share of test trials. Default 1. */
  testShare?: number;
  /** ε_s, smoothing: distance from a distribution with that min-entropy. Default 1e-10. */
  smoothing?: number;
  /** ε_e: chance at most that the protocol does not abort although the bound fails. Default 1e-10. */
  failure?: number;
}

/**
 * Certified bits for each trial at win share w = 1/2 + S/8; 0 where the bound says nothing.
 *
 * With ε_s = ε_e = 1e-10 and γ = 1: S = 2.7 gives 0.388 at n = 10⁶ and 0.724 at n = 10¹⁰, of the 0.7285 of infinitely many
 * trials; S = 2.0639, as in loophole-free experiments, takes more than 10⁷ trials for anything at all.
 *
 * @param winShare w, from 0 to (2 + √2)/4.
 * @param options Trials and error probabilities.
 * @throws {RangeError} A number out of its range.
 *
 * @example
 * ```ts
 * entropyRate(1 / 2 + 2.7 / 8, { trials: 1e6 }); // 0.388
 * ```
 */
export function entropyRate(
  winShare: number,
  { trials, testShare = 1, smoothing = 1e-10, failure = 1e-10 }: AccumulationOptions,
): number {
  const refuse = (what: string) => new RangeError(`Cannot certify entropy: ${what}`);
  if (!(winShare >= 0 && winShare <= QUANTUM_WIN_SHARE + 1e-12)) {
    throw refuse(`winShare must be from 0 to (2 + √2)/4, found ${winShare}`);
  }
  if (!(trials >= 1)) throw refuse(`trials must be at least 1, found ${trials}`);
  if (!(testShare > 0 && testShare <= 1)) throw refuse(`testShare must be in (0, 1], found ${testShare}`);
  for (const [name, value] of Object.entries({ smoothing, failure })) {
    if (!(value > 0 && value < 1)) throw refuse(`${name} must be between 0 and 1, found ${value}`);
  }
  const spread = (2 / Math.sqrt(trials)) * Math.sqrt(1 - 2 * Math.log2(smoothing * failure));
  const bound = (tangent: number) => {
    const slope = rateSlope(tangent);
    return rate(tangent) + slope * (winShare - tangent) - spread * (Math.log2(13) + slope / testShare);
  };
  return Math.max(0, maximum(bound, LOCAL_WIN_SHARE + 1e-9, QUANTUM_WIN_SHARE - 1e-9));
}

/** g(w): entropy of one trial. */
function rate(winShare: number): number {
  return vonNeumannEntropy(8 * winShare - 4);
}

/** g′(w) = S/u · log₂((1 + u)/(1 − u)) with u = √(S²/4 − 1). */
function rateSlope(winShare: number): number {
  const score = 8 * winShare - 4;
  const u = Math.sqrt((score * score) / 4 - 1);
  return (score / u) * Math.log2((1 + u) / (1 - u));
}

/** Golden-section search for the maximum of a function with one peak. */
function maximum(f: (x: number) => number, low: number, high: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  for (let i = 0; i < 80; i++) {
    const c = b - golden * (b - a);
    const d = a + golden * (b - a);
    if (f(c) > f(d)) b = d;
    else a = c;
  }
  return f((a + b) / 2);
}
