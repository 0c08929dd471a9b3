/**
 * The evaluation: K seeds, every question under each of them, all of it reported.
 *
 * @module
 */

import { accuracy, meanInterval } from "@gradus/evals";
import type { Question, Sampling } from "./preregistration.ts";
import { seedOf } from "./seeds.ts";

/** Answers a question; the same seed gives the same answer. */
export type Sampler = (question: string, seed: number, sampling: Sampling) => Promise<string>;

/** One answer. */
export interface Rollout {
  /** Which of the K seeds. */
  readonly run: number;
  /** Number of the question. */
  readonly question: number;
  readonly seed: number;
  readonly completion: string;
}

/** What the K runs came to. */
export interface Results {
  /** Accuracy of each seed, in order: all K. */
  readonly accuracies: readonly number[];
  readonly mean: number;
  /** Student's t, 95%; null with one seed. */
  readonly interval: readonly [number, number] | null;
}

/** What stands after the last `#### `, or the whole text's last line. */
export function answerIn(completion: string): string {
  const mark = completion.lastIndexOf("#### ");
  return (mark < 0 ? completion : completion.slice(mark + 5)).trim().split("\n").at(-1)?.trim() ?? "";
}

/** Samples every question under each of the K seeds. */
export async function evaluate(
  sampler: Sampler,
  root: string,
  questions: readonly Question[],
  seeds: number,
  sampling: Sampling,
): Promise<Rollout[]> {
  const rollouts: Rollout[] = [];
  for (let run = 0; run < seeds; run++) {
    for (const [i, { question }] of questions.entries()) {
      const seed = seedOf(root, run, i);
      rollouts.push({ run, question: i, seed, completion: await sampler(question, seed, sampling) });
    }
  }
  return rollouts;
}

/** The accuracies that the rollouts have. */
export function resultsOf(rollouts: readonly Rollout[], questions: readonly Question[], seeds: number): Results {
  const accuracies = Array.from({ length: seeds }, (_, run) => {
    const own = rollouts.filter((rollout) => rollout.run === run);
    return accuracy(own.map(({ question, completion }) => answerIn(completion) === questions[question].answer))
      .accuracy;
  });
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / seeds;
  if (seeds < 2) return { accuracies, mean, interval: null };
  const { low, high } = meanInterval(accuracies);
  return { accuracies, mean, interval: [low, high] };
}
