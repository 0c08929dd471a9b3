/**
 * Sorting six digits. Whether an answer is right can be checked, every digit is a step, and a policy's chance to finish
 * right from a prefix is known exactly: one continuation is right, or none. That digits rise is easily seen; that they are
 * the ones that were asked for is not, so a reward model can be fooled.
 *
 * @module
 */

import { rolloutBatch } from "@gradus/grpo";
import type { RewardExample } from "@gradus/reward-model";
import { stream } from "@gradus/seeds";
import type { TransformerPolicy } from "@gradus/transformer";

/** Tokens: the digits, then these. */
export const SORTED = 10;
export const END = 11;
export const VOCABULARY = 12;
/** Digits of a problem, and tokens of an answer. */
export const DIGITS = 6;
export const ANSWER: number = DIGITS + 1;

/** Digits to be sorted. */
export interface Problem {
  readonly tokens: Int32Array;
  /** The right completion: the digits, rising, then the end. */
  readonly solution: Int32Array;
}

/** The splits share no problem: policies and reward models learn from practice, both are judged on held-out problems. */
export type Split = "practice" | "held-out";

/** Problem `index` of a split. */
export function problem(split: Split, index: number): Problem {
  const random = stream(1, { purpose: `sort ${split}`, prompt: index });
  for (;;) {
    const digits = Int32Array.from({ length: DIGITS }, () => random.integer(0, 10));
    const sum = digits.reduce((total, digit, place) => total + (place + 1) * digit, 0);
    if ((sum % 5 === 0) !== (split === "held-out")) continue;
    return { tokens: Int32Array.of(...digits, SORTED), solution: Int32Array.of(...digits.toSorted(), END) };
  }
}

/** A problem's name: its text. */
export function nameOf({ tokens }: Problem): string {
  return tokens.join(" ");
}

/** Is the completion right to its end? */
export function isRight({ solution }: Problem, completion: Int32Array): boolean {
  return completion.length === solution.length && completion.every((token, t) => token === solution[t]);
}

/** A judged completion as an example; every token is a step, good as long as all are right. */
export function exampleOf(
  problem: Problem,
  tokens: Int32Array,
  { iteration, seed }: { iteration: number; seed: number },
): RewardExample {
  const firstWrong = tokens.findIndex((token, t) => token !== problem.solution[t]);
  return {
    problem: nameOf(problem),
    prompt: problem.tokens,
    tokens,
    label: Number(isRight(problem, tokens)),
    stepEnds: [...tokens.keys()],
    stepLabels: Array.from(tokens, (_, t) => Number(firstWrong < 0 || t < firstWrong)),
    iteration,
    seed,
  };
}

/**
 * The policy's exact chance to finish each problem right from its right prefixes of 0, 1, 2 … tokens: the product of the
 * probabilities of the tokens that are missing. From any other prefix it is 0.
 */
export async function chances(policy: TransformerPolicy, problems: readonly Problem[]): Promise<Float64Array[]> {
  const batch = rolloutBatch(
    problems.map(({ tokens: prompt, solution }) => ({ prompt, tokens: solution, logProbs: new Float32Array(ANSWER) })),
  );
  const { logProbs } = await policy.logProbs(batch);
  return problems.map(({ tokens, solution }, i) => {
    const first = batch.segments[i] + tokens.length - 1;
    const chance = new Float64Array(solution.length + 1).fill(1);
    for (let t = solution.length - 1; t >= 0; t--) chance[t] = chance[t + 1] * Math.exp(logProbs[first + t]);
    return chance;
  });
}
