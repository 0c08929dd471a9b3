/**
 * How much of an outcome nobody can know, as a function of the CHSH score alone.
 *
 * The bounds hold for every device whatever is inside, and against everybody who does not signal faster than light and obeys
 * quantum mechanics, the maker of the device included.
 */

/**
 * Shannon's binary entropy h(p) = −p log₂ p − (1 − p) log₂(1 − p), in bits; h(0) = h(1) = 0.
 *
 * @throws {RangeError} p outside [0, 1].
 */
export function binaryEntropy(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot compute an entropy: p must be from 0 to 1, found ${p}`);
  return p === 0 || p === 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
}

/** Tsirelson's bound 2√2, up to rounding errors. */
function checkScore(score: number): number {
  if (!(score >= -4 && score <= 2 * Math.SQRT2 + 1e-9)) {
    throw new RangeError(`Cannot bound an entropy: expected a quantum CHSH score, -4 to 2√2, found ${score}`);
  }
  return Math.min(Math.max(score, 2), 2 * Math.SQRT2);
}

/**
 * Min-entropy of one of Alice's outcomes, in bits: H_min(A|XE) ≥ 1 − log₂(1 + √(2 − S²/4)); 0 for S ≤ 2. S = 2.1 → 0.0385,
 * 2.4 → 0.1940, 2.7 → 0.4928, 2√2 → 1.
 *
 * @throws {RangeError} A score beyond 2√2, which no quantum device has: noise or a loophole.
 *
 * Source: Pironio et al., "Random numbers certified by Bell's theorem", Nature 464 (2010), equation (3).
 *
 * @example
 * ```ts
 * minEntropy(2.7); // 0.4928
 * ```
 */
export function minEntropy(score: number): number {
  const s = checkScore(score);
  return 1 - Math.log2(1 + Math.sqrt(Math.max(0, 2 - (s * s) / 4)));
}

/**
 * Von Neumann entropy of one of Alice's outcomes, in bits: H(A|XYE) ≥ 1 − h(1/2 + 1/2 √(S²/4 − 1)); 0 for S ≤ 2. S = 2.1 →
 * 0.0753, 2.4 → 0.3461, 2.7 → 0.7285, 2√2 → 1. Over many trials this, and not the smaller min-entropy of one, is the rate.
 *
 * @throws {RangeError} A score beyond 2√2.
 *
 * Source: Pironio et al., "Device-independent quantum key distribution secure against collective attacks", New J. Phys. 11
 * (2009).
 *
 * @example
 * ```ts
 * vonNeumannEntropy(2.7); // 0.7285
 * ```
 */
export function vonNeumannEntropy(score: number): number {
  const s = checkScore(score);
  return 1 - binaryEntropy(0.5 + 0.5 * Math.sqrt(Math.max(0, (s * s) / 4 - 1)));
}
