/** Inverting a discrete distribution function: from a uniform to an index. */

/**
 * The least index whose cumulative weight exceeds the given part of the whole: `min {i : p_0 + … + p_i > u · Σp}`. An
 * index of weight zero is never returned. Sums are taken from left to right in doubles.
 *
 * @param probabilities Non-negative weights, not all zero; they need not sum to 1.
 * @param u The part of the whole, in [0, 1).
 * @throws {RangeError} If a weight is negative, NaN or infinite, or their sum is zero or infinite.
 *
 * @example
 * ```ts
 * quantileIndex([1, 2, 1], 0.5); // 1
 * ```
 */
export function quantileIndex(probabilities: ArrayLike<number>, u: number): number {
  let sum = 0;
  let last = -1; // where rounding may leave the target beyond every cumulative weight
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i];
    if (!(p >= 0 && p < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`Cannot draw a category: probabilities must be finite and >= 0, got ${p} at index ${i}`);
    }
    if (p > 0) last = i;
    sum += p;
  }
  if (last < 0 || sum === Number.POSITIVE_INFINITY) {
    throw new RangeError(`Cannot draw a category: probabilities must have a positive, finite sum, got ${sum}`);
  }
  const target = u * sum;
  let cumulative = 0;
  for (let i = 0; i < last; i++) {
    cumulative += probabilities[i];
    if (target < cumulative) return i;
  }
  return last;
}
