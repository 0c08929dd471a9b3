/**
 * From judged answers to figures: accuracy, pass@k, maj@k and the vote weighed by a reward model, with intervals.
 *
 * @module
 */

import { accuracy } from "../accuracy.ts";
import { majorityAtK } from "../majority_at_k.ts";
import { meanInterval } from "../mean.ts";
import { passAtK } from "../pass_at_k.ts";
import { weightedVote } from "../weighted_vote.ts";
import type { ConfidenceOptions } from "../wilson.ts";

/** One answer to one problem. */
export interface JudgedSample {
  readonly text: string;
  /** What was found in the text; `null` for nothing. */
  readonly answer: string | null;
  readonly correct: boolean;
  /** Answers of one problem that say the same have the same number; `null` for no answer. */
  readonly cluster: number | null;
  /** A reward model's score, from 0, if there was one. */
  readonly weight?: number;
}

/** One problem with its answers. */
export interface ProblemResult {
  readonly id: string;
  readonly question: string;
  readonly gold: string;
  readonly subject?: string;
  readonly level?: string;
  readonly samples: readonly JudgedSample[];
}

/** A share with its interval over problems. */
export interface Score {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A score that depends on the number of samples. */
export interface ScoreAtK extends Score {
  readonly k: number;
}

/** All figures of an evaluation. */
export interface Scores {
  readonly problems: number;
  /** Answers for each problem. */
  readonly samples: number;
  /** Share of right answers: of greedy ones, or the mean over samples, which is pass@1. */
  readonly accuracy: Score;
  /** Share of answers in which no answer was found. */
  readonly unanswered: number;
  readonly passAtK: readonly ScoreAtK[];
  readonly majorityAtK: readonly ScoreAtK[];
  /** The vote of all samples, weighed by their scores; only where every sample has one. */
  readonly weighted?: Score;
  readonly bySubject: Readonly<Record<string, Score & { readonly problems: number }>>;
  readonly byLevel: Readonly<Record<string, Score & { readonly problems: number }>>;
}

/** Numbers of samples that are reported by default: 1, 2, 4, … and all. */
export function powersOfTwo(samples: number): number[] {
  const ks = [];
  for (let k = 1; k < samples; k *= 2) ks.push(k);
  return [...ks, samples];
}

/** Wilson's interval for yes and no, Student's for shares. */
function score(values: readonly number[], options: ConfidenceOptions): Score {
  if (values.length === 0) return { value: Number.NaN, low: 0, high: 1 };
  if (values.every((value) => value === 0 || value === 1)) {
    const { accuracy: value, low, high } = accuracy(values, options);
    return { value, low, high };
  }
  const { mean, low, high } = meanInterval(values, options);
  return { value: mean, low: Math.max(0, low), high: Math.min(1, high) };
}

const share = ({ samples }: ProblemResult): number =>
  samples.filter(({ correct }) => correct).length / Math.max(1, samples.length);

function grouped(
  results: readonly ProblemResult[],
  key: "subject" | "level",
  options: ConfidenceOptions,
): Record<string, Score & { problems: number }> {
  const groups = new Map<string, number[]>();
  for (const result of results) {
    const name = result[key];
    if (name === undefined) continue;
    const values = groups.get(name) ?? [];
    values.push(share(result));
    groups.set(name, values);
  }
  return Object.fromEntries(
    [...groups]
      .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
      .map(([name, values]) => [name, { ...score(values, options), problems: values.length }]),
  );
}

/**
 * All figures of judged problems.
 *
 * @param ks numbers of samples for pass@k and maj@k; default 1, 2, 4, … up to the number of samples
 * @throws {RangeError} Problems have different numbers of samples, or a k is above it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const sample = (correct: boolean) => ({ text: "", answer: "5", correct, cluster: correct ? 0 : 1 });
 * const result = { id: "0", question: "2 + 3?", gold: "5", samples: [sample(true), sample(false)] };
 * const { accuracy, passAtK } = scoreProblems([result]);
 * assert.equal(accuracy.value, 0.5);
 * assert.equal(passAtK[1].value, 1);
 * ```
 */
export function scoreProblems(
  results: readonly ProblemResult[],
  { ks, ...options }: { ks?: readonly number[] } & ConfidenceOptions = {},
): Scores {
  const samples = results[0]?.samples.length ?? 0;
  for (const { id, samples: found } of results) {
    if (found.length !== samples) {
      throw new RangeError(`Cannot score: expected ${samples} samples of each problem, found ${found.length} of ${id}`);
    }
  }
  const counts = ks ?? (samples ? powersOfTwo(samples) : []);
  const at = (k: number, of: (result: ProblemResult) => number): ScoreAtK => ({
    k,
    ...score(results.map(of), options),
  });
  const right = (result: ProblemResult): number => result.samples.filter(({ correct }) => correct).length;
  const all = results.flatMap((result) => result.samples);
  return {
    problems: results.length,
    samples,
    accuracy: score(results.map(share), options),
    unanswered: all.filter(({ answer }) => answer === null).length / Math.max(1, all.length),
    passAtK: counts.map((k) => at(k, (result) => passAtK(right(result), samples, k))),
    majorityAtK: counts.map((k) => at(k, (result) => majorityAtK(votes(result), -1, k))),
    ...(all.length && all.every(({ weight }) => weight !== undefined)
      ? {
          weighted: score(
            results.map((result) =>
              weightedVote(
                votes(result),
                result.samples.map(({ weight }) => weight ?? 0),
                -1,
              ),
            ),
            options,
          ),
        }
      : {}),
    bySubject: grouped(results, "subject", options),
    byLevel: grouped(results, "level", options),
  };
}

/** What each sample votes for: −1 the right answer, whatever it looks like. */
function votes({ samples }: ProblemResult): (number | null)[] {
  return samples.map(({ correct, cluster }) => (correct ? -1 : cluster));
}
