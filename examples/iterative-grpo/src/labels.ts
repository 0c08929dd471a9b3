/**
 * How good process labels from N completions are, against the policy's exact chances.
 *
 * @module
 */

import { type StepLabels, stepLabelsOf } from "@gradus/reward-model";
import type { TransformerPolicy } from "@gradus/transformer";
import { ANSWER, chances, isRight, nameOf, type Problem } from "./task.ts";

/** Agreement of labels with the truth, as shares of the steps. */
export interface LabelQuality {
  readonly steps: number;
  /** Hard: is it 1 exactly where the chance is not 0? */
  readonly hard: number;
  /** Soft: is it on the same side of 1/2 as the chance? And its mean distance from the chance. */
  readonly soft: number;
  readonly softDistance: number;
  /** Completions sampled, and how many it would have been had shared prefixes been completed anew. */
  readonly completions: number;
  readonly withoutSharing: number;
}

/** Labels the tokens of `samples` solutions of each problem by `count` completions of each prefix. */
export async function labelQuality(
  policy: TransformerPolicy,
  problems: readonly Problem[],
  { samples, count, seed }: { samples: number; count: number; seed: number },
): Promise<LabelQuality> {
  const byName = new Map(problems.map((each) => [nameOf(each), each]));
  const problemOf = (name: string) => byName.get(name) as Problem;
  const sampled = await policy.sample(
    problems.map(({ tokens }) => tokens),
    { maxNewTokens: ANSWER, samplesPerPrompt: samples, seed },
  );
  const solutions = sampled.map(({ prompt, tokens }) => ({
    problem: nameOf(problems[prompt]),
    steps: Array.from(tokens, (token) => Int32Array.of(token)),
  }));
  const report = await stepLabelsOf<Int32Array>({
    solutions,
    seed,
    estimate: "soft",
    completionsPerPrefix: count,
    complete: async (requests) => {
      const found = await policy.sample(
        requests.map(({ problem, prefix }) => Int32Array.of(...problemOf(problem).tokens, ...prefix)),
        { maxNewTokens: ANSWER, samplesPerPrompt: count, seed, step: 1 },
      );
      const continuations = requests.map(() => [] as Int32Array[]);
      for (const { prompt, tokens } of found) continuations[prompt].push(tokens);
      return continuations;
    },
    verify: (name, solution) => isRight(problemOf(name), solution),
  });
  const exact = await chances(policy, problems);
  let [steps, hard, soft, distance] = [0, 0, 0, 0];
  solutions.forEach((solution, i) => {
    const { solution: right } = problemOf(solution.problem);
    const { successes, labels } = report.solutions[i] as StepLabels;
    let onTrack = true;
    solution.steps.forEach(([token], t) => {
      onTrack &&= token === right[t];
      const chance = onTrack ? exact[problems.indexOf(problemOf(solution.problem))][t + 1] : 0;
      steps++;
      hard += Number(successes[t] > 0 === chance > 0);
      soft += Number(labels[t] >= 0.5 === chance >= 0.5);
      distance += Math.abs(labels[t] - chance);
    });
  });
  return {
    ...{ steps, hard: hard / steps, soft: soft / steps, softDistance: distance / steps },
    ...{ completions: report.completions, withoutSharing: report.prefixesBeforeSharing * count },
  };
}
