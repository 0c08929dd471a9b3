/**
 * pass@k: would at least one of k samples be right?
 *
 * @module
 */

/**
 * The unbiased estimate of pass@k from n samples of one problem, c of them right.
 *
 * `1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n − c + 1}^{n} (1 − k/i)`, the product so that nothing overflows. Average it
 * over problems.
 *
 * @param correct How many of the n samples are right.
 * @param n Samples drawn for the problem.
 * @param k Samples allowed.
 * @throws {RangeError} Not integers with 0 ≤ correct ≤ n and 1 ≤ k ≤ n.
 *
 * Source: Chen et al. (2021), "Evaluating large language models trained on code" (arXiv 2107.03374), section 2.1.
 *
 * @example
 * ```ts
 * passAtK(1, 4, 2); // 0.5
 * ```
 */
export function passAtK(correct: number, n: number, k: number): number {
  if (!(Number.isInteger(correct) && Number.isInteger(n) && correct >= 0 && correct <= n)) {
    throw new RangeError(`Cannot compute pass@k: expected integers 0 ≤ correct ≤ n, found ${correct} of ${n}`);
  }
  if (!(Number.isInteger(k) && k >= 1 && k <= n)) {
    throw new RangeError(`Cannot compute pass@k: k must be an integer from 1 to n, ${n}, found ${k}`);
  }
  let allWrong = 1;
  for (let i = n - correct + 1; i <= n; i++) allWrong *= Math.max(0, 1 - k / i);
  return 1 - allWrong;
}
