/**
 * Labels of whole solutions, from a verifier.
 *
 * @module
 */

import { checkFunction, checkKeys, checkList, shown } from "../check.ts";

/** Options of {@link outcomeLabels}. */
export interface OutcomeLabelOptions<Solution> {
  readonly solutions: readonly Solution[];
  /** Is this solution right? A number from 0 to 1 is taken as it is; null: the verifier cannot tell. */
  readonly verify: (solution: Solution, index: number) => Verdict | Promise<Verdict>;
  /** The problem of each solution, to tell which problems can teach pairs. Default: all are of one problem. */
  readonly problemOf?: (solution: Solution) => unknown;
}

/** What a verifier says. */
export type Verdict = boolean | number | null;

/** What {@link outcomeLabels} found. */
export interface OutcomeLabels {
  /** 1 right, 0 wrong, one for each solution; NaN never occurs: solutions without a verdict are in `unknown`. */
  readonly labels: Float64Array;
  /** Indices of the solutions that the verifier could not judge; their labels are 0. Leave them out. */
  readonly unknown: readonly number[];
  /** Mean label of the judged solutions, 0 when there are none. */
  readonly right: number;
  /** Problems with right and wrong solutions, with right ones only, with wrong ones only. */
  readonly mixed: number;
  readonly allRight: number;
  readonly allWrong: number;
}

/**
 * Asks a verifier about every solution, one after the other.
 *
 * @throws {TypeError} An argument is of the wrong kind, or a verdict is no boolean, number or null; {RangeError} a verdict
 * is not from 0 to 1. What the verifier throws, is thrown.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) section 5.2.1: the reward model is trained on rule-judged samples of the policy.
 *
 * @example
 * ```ts
 * const found = await outcomeLabels({ solutions: ["4", "5", "?"], verify: (s) => (s === "?" ? null : s === "4") });
 * found.labels; // [1, 0, 0]
 * found.unknown; // [2]
 * ```
 */
export async function outcomeLabels<Solution>(options: OutcomeLabelOptions<Solution>): Promise<OutcomeLabels> {
  const task = "label outcomes";
  checkKeys(task, options, ["solutions", "verify", "problemOf"]);
  const { solutions, verify, problemOf = () => 0 } = options;
  checkList(task, "solutions", solutions);
  checkFunction(task, "verify", verify);
  checkFunction(task, "problemOf", problemOf);
  const labels = new Float64Array(solutions.length);
  const unknown: number[] = [];
  const groups = new Map<unknown, { right: boolean; wrong: boolean }>();
  let sum = 0;
  for (const [i, solution] of solutions.entries()) {
    const verdict = await verify(solution, i);
    if (verdict === null) {
      unknown.push(i);
      continue;
    }
    labels[i] = labelOf(verdict, `the verdict of solution ${i}`);
    sum += labels[i];
    const group = groups.get(problemOf(solution)) ?? { right: false, wrong: false };
    group[labels[i] >= 0.5 ? "right" : "wrong"] = true;
    groups.set(problemOf(solution), group);
  }
  const count = (right: boolean, wrong: boolean) =>
    [...groups.values()].filter((group) => group.right === right && group.wrong === wrong).length;
  return {
    labels,
    unknown,
    right: sum / Math.max(1, solutions.length - unknown.length),
    mixed: count(true, true),
    allRight: count(true, false),
    allWrong: count(false, true),
  };
}

/** A verdict as a number. */
export function labelOf(verdict: unknown, name: string): number {
  if (typeof verdict !== "boolean" && typeof verdict !== "number")
    throw new TypeError(`Cannot label: ${name} must be true, false or a number from 0 to 1, found ${shown(verdict)}`);
  const label = Number(verdict);
  if (label >= 0 && label <= 1) return label;
  throw new RangeError(`Cannot label: ${name} must be from 0 to 1, found ${label}`);
}
