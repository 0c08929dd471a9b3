/**
 * Is one checkpoint better than another?
 *
 * @module
 */

import { mcnemarTest, type PairedTest } from "../mcnemar.ts";
import { meanInterval } from "../mean.ts";
import type { ConfidenceOptions } from "../wilson.ts";
import type { Evaluation } from "./evaluate.ts";
import type { ProblemResult } from "./scores.ts";

/** Two evaluations on the same problems. */
export interface Comparison {
  /** Problems that both have. */
  readonly problems: number;
  /** Mean accuracy of the second less that of the first, with Student's interval over problems. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** McNemar's exact test; only where both have one answer for each problem. */
  readonly test?: PairedTest;
  /** Ids of problems that only one of them has. */
  readonly unmatched: readonly string[];
}

/**
 * Compares two evaluations problem by problem, which finds differences that two overlapping intervals hide.
 *
 * @throws {RangeError} They are of different tasks, share no problem, or a problem has another gold in each.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluate, type Sampler, tasks } from "@gradus/evals/tasks";
 *
 * const problems = ["1", "2", "3"].map((answer) => ({ id: answer, question: `${answer} + 0?`, gold: answer }));
 * const says = (text: string): Sampler => (prompts) => prompts.map(() => [text]);
 * const [before, after] = await Promise.all(
 *   ["1", "2 or 3"].map((text) => evaluate({ task: tasks.plain, problems, sample: says(text) })),
 * );
 * assert.equal(compareEvaluations(before, after).problems, 3);
 * ```
 */
export function compareEvaluations(first: Evaluation, second: Evaluation, options: ConfidenceOptions = {}): Comparison {
  if (first.task !== second.task) {
    throw new RangeError(`Cannot compare: both must be of one task, found ${first.task} and ${second.task}`);
  }
  const others = new Map(second.problems.map((problem) => [problem.id, problem]));
  const pairs: [ProblemResult, ProblemResult][] = [];
  const unmatched: string[] = [];
  for (const problem of first.problems) {
    const other = others.get(problem.id);
    if (!other) {
      unmatched.push(problem.id);
      continue;
    }
    others.delete(problem.id);
    if (other.gold !== problem.gold) {
      throw new RangeError(`Cannot compare: problem ${problem.id} has the gold ${problem.gold} and ${other.gold}`);
    }
    pairs.push([problem, other]);
  }
  unmatched.push(...others.keys());
  if (pairs.length === 0) throw new RangeError("Cannot compare: expected problems that both have, found none");
  const share = ({ samples }: ProblemResult): number =>
    samples.reduce((sum, { correct }) => sum + Number(correct), 0) / samples.length;
  const { mean, low, high } = meanInterval(
    pairs.map(([a, b]) => share(b) - share(a)),
    options,
  );
  const single = pairs.every(([a, b]) => a.samples.length === 1 && b.samples.length === 1);
  return {
    problems: pairs.length,
    difference: mean,
    low,
    high,
    ...(single
      ? {
          test: mcnemarTest(
            pairs.map(([a]) => share(a)),
            pairs.map(([, b]) => share(b)),
          ),
        }
      : {}),
    unmatched,
  };
}
