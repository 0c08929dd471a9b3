/**
 * From measured accuracies to what can be said of the paper's claims.
 *
 * @module
 */

import { meanInterval } from "@gradus/evals";
import type { ClaimResults } from "./arms.ts";

/** A claim, what the paper has for it, and what came out here. */
export interface Finding {
  readonly claim: string;
  /** The paper's figures. */
  readonly paper: string;
  readonly here: string;
  /** Whether the claim was seen: the interval of the difference over seeds is on its side of 0, or not. */
  readonly verdict: "seen" | "not seen" | "the opposite";
}

/** A difference over seeds, in points, with Student's 95% interval; of one seed there is none. */
export interface Difference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Differences between two accuracies of the same seeds. */
export function differenceOf(before: readonly number[], after: readonly number[]): Difference {
  const values = after.map((value, i) => 100 * (value - before[i]));
  if (values.length === 1) return { mean: values[0], low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  return meanInterval(values);
}

/** `+3.1 points (−0.4 to +6.6)`. */
export function differenceText({ mean, low, high }: Difference): string {
  const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
  return `${signed(mean)} points ${Number.isFinite(low) ? `(${signed(low)} to ${signed(high)})` : "(one seed)"}`;
}

/** What a difference says of the claim that it is above 0. */
export function verdictOf({ low, high }: Difference): Finding["verdict"] {
  if (low > 0) return "seen";
  return high < 0 ? "the opposite" : "not seen";
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const percent = (values: readonly number[]): string => `${(100 * mean(values)).toFixed(1)}%`;

/** The claims that the recipe's own runs test. */
export function findingsOf(results: readonly ClaimResults[]): Finding[] {
  const of = (read: (result: ClaimResults) => number) => results.map(read);
  const compare = (
    claim: string,
    paper: string,
    [nameA, a]: readonly [string, readonly number[]],
    [nameB, b]: readonly [string, readonly number[]],
  ): Finding => {
    const difference = differenceOf(a, b);
    const here = `${nameA} ${percent(a)}, ${nameB} ${percent(b)}: ${differenceText(difference)}`;
    return { claim, paper, here, verdict: verdictOf(difference) };
  };
  const [{ recipe }] = results;
  const after = (arm: keyof ClaimResults["arms"], what: "greedy" | "program") => of((result) => result.arms[arm][what]);
  const stage = (name: keyof ClaimResults["recipe"], what: "greedy" | "majority" | "pass") =>
    of((result) => result.recipe[name][what]);
  return [
    compare(
      "Code before mathematics helps mathematics without tools",
      "GSM8K, 1.3B: 20.5 with mathematics only, 21.9 with code first",
      ["math only", after("math only", "greedy")],
      ["code, then math", after("code, then math", "greedy")],
    ),
    compare(
      "Code before mathematics helps solving with programs",
      "GSM8K+Python: 11.4 and 17.4",
      ["math only", after("math only", "program")],
      ["code, then math", after("code, then math", "program")],
    ),
    compare(
      "Without tools, one stage of both is worse than code and then mathematics",
      "GSM8K: 17.6 mixed, 21.9 in two stages",
      ["mixed", after("code and math mixed", "greedy")],
      ["code, then math", after("code, then math", "greedy")],
    ),
    compare(
      "With programs, one stage of both is better",
      "GSM8K+Python: 17.4 in two stages, 19.7 mixed",
      ["code, then math", after("code, then math", "program")],
      ["mixed", after("code and math mixed", "program")],
    ),
    compare(
      `Reinforcement learning raises Maj@${recipe.grpo.k}`,
      "GSM8K and MATH: Maj@K rises",
      ["SFT", stage("sft", "majority")],
      ["GRPO", stage("grpo", "majority")],
    ),
    flat(
      `Reinforcement learning leaves Pass@${recipe.grpo.k} as it is`,
      "GSM8K and MATH: Pass@K does not rise",
      ["SFT", stage("sft", "pass")],
      ["GRPO", stage("grpo", "pass")],
    ),
    compare(
      "Iterative reinforcement learning improves on a single round",
      "GSM8K, MATH: higher, most in the first iteration",
      ["GRPO", stage("grpo", "greedy")],
      ["iterative", stage("iteration", "greedy")],
    ),
  ];
}

/** A claim that nothing changes is seen where the interval holds 0 and is narrow: within five points. */
function flat(
  claim: string,
  paper: string,
  [nameA, a]: readonly [string, readonly number[]],
  [nameB, b]: readonly [string, readonly number[]],
): Finding {
  const difference = differenceOf(a, b);
  const { low, high } = difference;
  const verdict = low > 0 || high < 0 ? "the opposite" : high - low < 10 ? "seen" : "not seen";
  return {
    claim,
    paper,
    here: `${nameA} ${percent(a)}, ${nameB} ${percent(b)}: ${differenceText(difference)}`,
    verdict,
  };
}
