/**
 * Preference data from what was accepted and what was rejected.
 *
 * @module
 */

import type { SampledExample } from "./types.ts";

/** Two completions of one problem, of which the first is right and the second wrong. */
export interface PreferencePair<Problem> {
  readonly problem: Problem;
  readonly problemId: string;
  readonly chosen: string;
  readonly rejected: string;
}

/**
 * Pairs each problem's accepted completions with its rejected ones: the first with the first and so on, as many as there
 * are of both.
 *
 * @example
 * ```ts
 * const about = { problem: "1 + 1", problemId: "a", seed: 0, temperature: 0.7 };
 * preferencePairs(
 *   [{ ...about, sample: 0, completion: "2" }],
 *   [{ ...about, sample: 1, completion: "3" }, { ...about, sample: 2, completion: "11" }],
 * ); // [{ problem: "1 + 1", problemId: "a", chosen: "2", rejected: "3" }]
 * ```
 */
export function preferencePairs<Problem>(
  accepted: Iterable<SampledExample<Problem>>,
  rejected: Iterable<SampledExample<Problem>>,
): PreferencePair<Problem>[] {
  const wrong = new Map<string, string[]>();
  for (const { problemId, completion } of rejected) {
    const completions = wrong.get(problemId);
    if (completions) completions.push(completion);
    else wrong.set(problemId, [completion]);
  }
  const used = new Map<string, number>();
  const pairs: PreferencePair<Problem>[] = [];
  for (const { problem, problemId, completion } of accepted) {
    const next = used.get(problemId) ?? 0;
    const against = wrong.get(problemId)?.[next];
    if (against === undefined) continue;
    used.set(problemId, next + 1);
    pairs.push({ problem, problemId, chosen: completion, rejected: against });
  }
  return pairs;
}
