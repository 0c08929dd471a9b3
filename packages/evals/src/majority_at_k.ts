/**
 * maj@k, or self-consistency: is the answer that most of k samples give the right one?
 *
 * @module
 */

import { logGamma } from "./quantiles.ts";

/**
 * The expected maj@k over every choice of k of the given samples, exactly: no sampling, no seed.
 *
 * With k samples drawn without replacement, the probability that the right answer has the most votes; when t other
 * answers have as many, it wins with probability 1/(t + 1). With k = n it is the plain majority vote. Average it over
 * problems.
 *
 * Computed by counting draws answer by answer, O(n k) for each possible number of winning votes; 64 samples take well
 * under a millisecond.
 *
 * @param answers The answer of each sample, equal ones identical (canonicalise first); `null` or `undefined` for a
 * sample without an answer, which takes a draw but has no vote.
 * @param gold The right answer, in the same form.
 * @param k Samples that vote. Default: all.
 * @throws {RangeError} k is not an integer from 1 to the number of answers.
 *
 * Source: Wang et al. (2022), "Self-consistency improves chain of thought reasoning" (arXiv 2203.11171); Maj@K over
 * K = 1…64: DeepSeekMath (arXiv 2402.03300) section 5.2.2.
 *
 * @example
 * ```ts
 * majorityAtK(["4", "4", "5", null], "4"); // 1
 * majorityAtK(["4", "4", "5", null], "4", 1); // 0.5
 * ```
 */
export function majorityAtK<Answer>(
  answers: readonly (Answer | null | undefined)[],
  gold: NonNullable<Answer>,
  k: number = answers.length,
): number {
  const n = answers.length;
  if (!(Number.isInteger(k) && k >= 1 && k <= n)) {
    throw new RangeError(
      `Cannot compute maj@k: k must be an integer from 1 to the number of answers, ${n}, found ${k}`,
    );
  }
  const counts = new Map<Answer, number>();
  for (const answer of answers) if (answer != null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const right = counts.get(gold) ?? 0;
  counts.delete(gold);
  const silent = answers.filter((answer) => answer == null).length;
  const rivals = [...counts.values()];

  // C(c, j) draws of one answer are weighed by p^j (1 − p)^(c − j) with p = k/n. Every draw of k samples gets the same
  // factor, which the division by C(n, k)'s own weight takes away, and no binomial coefficient overflows.
  const p = k / n;
  let won = 0;
  for (let votes = 1; votes <= Math.min(right, k); votes++) {
    // ways[t][m]: weight of drawing m samples so far with t rivals level with the right answer and none above it.
    let ways: Float64Array[] = [new Float64Array(k + 1)];
    ways[0][votes] = binomial(right, votes, p);
    for (const count of rivals) ways = drawRival(ways, count, votes, p);
    for (let ties = 0; ties < ways.length; ties++) {
      for (let drawn = Math.max(0, k - silent); drawn <= k; drawn++) {
        won += (ways[ties][drawn] * binomial(silent, k - drawn, p)) / (ties + 1);
      }
    }
  }
  return Math.min(1, won / binomial(n, k, p));
}

/** Adds the draws of one rival answer that `count` samples gave, at most `votes` of them drawn. */
function drawRival(ways: Float64Array[], count: number, votes: number, p: number): Float64Array[] {
  const k = ways[0].length - 1;
  const next = Array.from({ length: ways.length + (count >= votes ? 1 : 0) }, () => new Float64Array(k + 1));
  for (let drawn = 0; drawn <= Math.min(count, votes); drawn++) {
    const weight = binomial(count, drawn, p);
    if (weight === 0) continue;
    for (let ties = 0; ties < ways.length; ties++) {
      const target = next[ties + (drawn === votes ? 1 : 0)];
      for (let before = 0; before + drawn <= k; before++) target[before + drawn] += ways[ties][before] * weight;
    }
  }
  return next;
}

/** C(n, j) p^j (1 − p)^(n − j). */
function binomial(n: number, j: number, p: number): number {
  if (p === 1) return j === n ? 1 : 0;
  if (n <= 56) {
    let choose = 1; // Exact: every product stays below 2^53 n.
    for (let i = 1; i <= j; i++) choose = (choose * (n - j + i)) / i;
    return choose * p ** j * (1 - p) ** (n - j);
  }
  const choose = logGamma(n + 1) - logGamma(j + 1) - logGamma(n - j + 1);
  return Math.exp(choose + j * Math.log(p) + (n - j) * Math.log1p(-p));
}
