/**
 * Self-consistency with a reward model: votes weighed by the score of the solution that casts them.
 *
 * @module
 */

/**
 * Whether the answer with the most weight is the right one: 1 or 0, or 1/(t + 1) when t others have exactly as much.
 *
 *     argmax_a Σ_i 1(a_i = a) · w_i
 *
 * @param answers The answer of each sample, equal ones identical; `null` or `undefined` has no vote.
 * @param weights The score of each sample, finite and not negative.
 * @param gold The right answer, in the same form.
 * @throws {RangeError} The numbers of answers and weights differ, or a weight is negative or not finite.
 *
 * Source: Li et al. (2022), "Making large language models better reasoners with step-aware verifier" (arXiv 2206.02336);
 * Math-Shepherd (arXiv 2312.08935) equation 5.
 *
 * @example
 * ```ts
 * weightedVote(["4", "5", "5"], [0.9, 0.2, 0.3], "4"); // 1
 * ```
 */
export function weightedVote<Answer>(
  answers: readonly (Answer | null | undefined)[],
  weights: ArrayLike<number>,
  gold: NonNullable<Answer>,
): number {
  if (weights.length !== answers.length) {
    throw new RangeError(
      `Cannot vote: expected ${answers.length} weights, one for each answer, found ${weights.length}`,
    );
  }
  const sums = new Map<Answer, number>();
  for (let i = 0; i < answers.length; i++) {
    if (!(weights[i] >= 0 && weights[i] < Infinity)) {
      throw new RangeError(`Cannot vote: weights must be finite and not negative, found ${weights[i]} at ${i}`);
    }
    const answer = answers[i];
    if (answer != null) sums.set(answer, (sums.get(answer) ?? 0) + weights[i]);
  }
  const right = sums.get(gold);
  if (right === undefined) return 0;
  let level = 0;
  for (const sum of sums.values()) {
    if (sum > right) return 0;
    if (sum === right) level++;
  }
  return 1 / level;
}
