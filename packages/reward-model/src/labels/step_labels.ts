/**
 * Labels of steps, from completions: a step is good if its prefix can still be completed to the right answer.
 *
 * @module
 */

import { type Root, stream } from "@gradus/seeds";
import { checkFunction, checkInteger, checkKeys, checkList, checkOneOf, shown } from "../check.ts";
import { labelOf } from "./outcome_labels.ts";
import { joinPieces, type Piece } from "./split_steps.ts";

/** A solution in steps; see `splitSteps`. */
export interface SteppedSolution<P extends Piece> {
  /** Which problem it is of. Solutions of one problem share the completions of prefixes that they have in common. */
  readonly problem: string;
  readonly steps: readonly P[];
}

/** A prefix to be completed. */
export interface PrefixRequest<P extends Piece> {
  readonly problem: string;
  /** The first steps of a solution, without the problem. */
  readonly prefix: P;
  /** How many completions are wanted. */
  readonly count: number;
  /** From 0 to 2³² − 1; a function of the run's seed, the problem and the prefix alone. */
  readonly seed: number;
}

/** Options of {@link stepLabels} and {@link stepLabelsOf}, but the solutions. */
export interface StepLabelOptions<P extends Piece> {
  /** Completes prefixes: for each request `count` continuations, without the prefix. */
  readonly complete: (
    requests: readonly PrefixRequest<P>[],
  ) => readonly (readonly P[])[] | Promise<readonly (readonly P[])[]>;
  /** Is the whole solution right? */
  readonly verify: (problem: string, solution: P) => boolean | Promise<boolean>;
  /** N: completions of each prefix. Default 8, as in both papers. */
  readonly completionsPerPrefix?: number;
  /** `"hard"` (default): 1 if any completion is right; `"soft"`: the share that is. */
  readonly estimate?: "hard" | "soft";
  /** Where the seeds of the completions come from. Default 0. */
  readonly seed?: Root;
  /** Prefixes in one call of `complete`. Default: all. */
  readonly prefixesPerCall?: number;
}

/** Labels of the steps of one solution. */
export interface StepLabels {
  /** One for each step, from 0 to 1. */
  readonly labels: Float64Array;
  /** Right completions of each prefix, out of `completionsPerPrefix`; of the whole solution all or none. */
  readonly successes: Int32Array;
  /** Whether the solution itself is right. */
  readonly correct: boolean;
}

/** Labels of several solutions, and what they cost. */
export interface StepLabelReport {
  readonly solutions: readonly StepLabels[];
  /** Distinct prefixes that were completed, prefixes that there are, and completions sampled. */
  readonly prefixes: number;
  readonly prefixesBeforeSharing: number;
  readonly completions: number;
}

/**
 * Labels the steps of one solution; see {@link stepLabelsOf}.
 *
 * @example A random walk that has to end at 2 after two steps of 0 or 1
 * ```ts
 * const { labels } = await stepLabels({
 *   solution: { problem: "to 2", steps: ["1", "1"] as string[] },
 *   complete: (requests) => requests.map(({ prefix }) => (prefix.length < 2 ? ["0", "1"] : ["", ""])),
 *   verify: (_, walk) => walk === "11",
 *   completionsPerPrefix: 2,
 *   estimate: "soft",
 * });
 * labels; // [0.5, 1]: after the first step one of two completions arrives, after the second it has arrived
 * ```
 */
export async function stepLabels<P extends Piece>(
  options: StepLabelOptions<P> & { readonly solution: SteppedSolution<P> },
): Promise<StepLabels> {
  const { solution, ...rest } = options;
  return (await stepLabelsOf({ ...rest, solutions: [solution] })).solutions[0];
}

/**
 * Labels the steps of solutions by Monte Carlo.
 *
 * The prefix s_1 … s_j is completed N times, and `HE_j = 1 if any of them is right`, `SE_j = the share that is right`.
 * The last step ends the solution: its label is whether the solution is right, and nothing is sampled. A prefix that
 * solutions of a problem share is completed once (so is one that an empty step repeats); a solution without steps has no
 * labels. Every prefix has a seed of its own, so labels do not depend on which solutions are labelled together.
 *
 * @throws {TypeError} An argument is of the wrong kind; {RangeError} an option is out of its range, or `complete` gives
 * another number of completions than was asked for.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) equations 3 and 4; DeepSeekMath (arXiv 2402.03300) section 4.1.3 follows it.
 *
 * @example
 * ```ts
 * const report = await stepLabelsOf({
 *   solutions: [
 *     { problem: "p", steps: ["a\n", "b\n"] as string[] },
 *     { problem: "p", steps: ["a\n", "c\n"] as string[] },
 *   ],
 *   complete: (requests) => requests.map(({ count }) => Array.from({ length: count }, () => "b\n")),
 *   verify: (_, solution) => solution === "a\nb\n",
 * });
 * report.solutions.map(({ labels }) => [...labels]); // [[1, 1], [1, 0]]
 * report.completions; // 8: both share "a\n"
 * ```
 */
export async function stepLabelsOf<P extends Piece>(
  options: StepLabelOptions<P> & { readonly solutions: readonly SteppedSolution<P>[] },
): Promise<StepLabelReport> {
  const task = "label steps";
  const known = ["solutions", "complete", "verify", "completionsPerPrefix", "estimate", "seed", "prefixesPerCall"];
  checkKeys(task, options, known);
  const { solutions, complete, verify, completionsPerPrefix: count = 8, estimate = "hard", seed = 0 } = options;
  const { prefixesPerCall = Infinity } = options;
  checkFunction(task, "complete", complete);
  checkFunction(task, "verify", verify);
  checkInteger(task, "completionsPerPrefix", count);
  checkOneOf(task, "estimate", estimate, ["hard", "soft"]);
  if (prefixesPerCall !== Infinity) checkInteger(task, "prefixesPerCall", prefixesPerCall);
  checkList(task, "solutions", solutions);
  for (const [i, solution] of solutions.entries()) {
    if (typeof solution?.problem !== "string")
      throw new TypeError(
        `Cannot ${task}: solutions[${i}].problem must be a string, found ${shown(solution?.problem)}`,
      );
    checkList(task, `solutions[${i}].steps`, solution.steps);
  }

  const requests = new Map<string, PrefixRequest<P>>();
  for (const { problem, steps } of solutions) {
    for (let j = 1; j < steps.length; j++) {
      const prefix = joinPieces(steps.slice(0, j));
      const key = keyOf(problem, prefix);
      if (!requests.has(key)) requests.set(key, { problem, prefix, count, seed: seedOf(seed, key) });
    }
  }
  const successes = new Map<string, number>();
  const waiting = [...requests];
  for (let from = 0; from < waiting.length; from += prefixesPerCall) {
    const call = waiting.slice(from, from + prefixesPerCall);
    const completed = await complete(call.map(([, request]) => request));
    checkList(task, "what complete returned", completed, call.length);
    for (const [i, [key, { problem, prefix }]] of call.entries()) {
      checkList(task, `the completions of request ${from + i}`, completed[i], count);
      let right = 0;
      for (const continuation of completed[i])
        right += await isRight(verify, problem, joinPieces([prefix, continuation]));
      successes.set(key, right);
    }
  }

  const labelled: StepLabels[] = [];
  for (const { problem, steps } of solutions) {
    const correct = steps.length > 0 && (await isRight(verify, problem, joinPieces(steps))) === 1;
    const right = Int32Array.from(steps, (_, j) =>
      j + 1 < steps.length
        ? (successes.get(keyOf(problem, joinPieces(steps.slice(0, j + 1)))) as number)
        : count * Number(correct),
    );
    const labels = Float64Array.from(right, (each) => (estimate === "hard" ? Number(each > 0) : each / count));
    labelled.push({ labels, successes: right, correct });
  }
  return {
    solutions: labelled,
    prefixes: requests.size,
    prefixesBeforeSharing: solutions.reduce((sum, { steps }) => sum + Math.max(0, steps.length - 1), 0),
    completions: requests.size * count,
  };
}

async function isRight<P extends Piece>(
  verify: StepLabelOptions<P>["verify"],
  problem: string,
  solution: P,
): Promise<number> {
  return Number(labelOf(await verify(problem, solution), "a verdict") >= 0.5);
}

/** Names a prefix of a problem: as text, which Map and stream both take. */
function keyOf(problem: string, prefix: Piece): string {
  return `${problem.length} ${problem} ${typeof prefix === "string" ? prefix : prefix.join(" ")}`;
}

function seedOf(root: Root, key: string): number {
  return stream(`${typeof root} ${root} ${key}`, { purpose: "step label completions" }).uint32();
}
