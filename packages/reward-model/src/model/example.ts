/**
 * Solutions: what a reward model scores and learns from.
 *
 * @module
 */

import { checkInteger, checkNumbers, isProbability, shown } from "../check.ts";

/** A solution of a problem, as token ids. */
export interface Solution {
  readonly prompt: Int32Array;
  /** Without the prompt. */
  readonly tokens: Int32Array;
  /** Where its steps end: for each the index in `tokens` of its last token, as `stepEnds` gives it. */
  readonly stepEnds?: ArrayLike<number>;
}

/** A judged solution, and where it came from. */
export interface RewardExample extends Solution {
  /** Names the problem: pairs are made within it, and held-out problems are known by it. */
  readonly problem: string;
  /** Whether it is right: 1, 0, or a probability. */
  readonly label: number;
  /** For process supervision: a label from 0 to 1 for each step. */
  readonly stepLabels?: ArrayLike<number>;
  /** Which iteration's policy it was sampled from (0: before the first), and with which seed. */
  readonly iteration: number;
  readonly seed: number;
}

/** Refuses what is no example. */
export function checkExample(task: string, name: string, example: RewardExample): void {
  const { problem, prompt, tokens, label, stepEnds, stepLabels, iteration, seed } = example ?? {};
  if (typeof problem !== "string")
    throw new TypeError(`Cannot ${task}: ${name}.problem must be a string, found ${shown(problem)}`);
  for (const [part, ids] of Object.entries({ prompt, tokens })) {
    if (!(ids instanceof Int32Array))
      throw new TypeError(`Cannot ${task}: ${name}.${part} must be an Int32Array, found ${shown(ids)}`);
  }
  checkNumbers(task, `${name}.label`, [label], 1, "from 0 to 1", isProbability);
  checkInteger(task, `${name}.iteration`, iteration, 0);
  checkInteger(task, `${name}.seed`, seed, 0);
  if (stepEnds !== undefined) checkStepEnds(task, name, stepEnds, tokens.length);
  if (stepLabels === undefined) return;
  const { length } = stepEnds ?? [];
  checkNumbers(task, `${name}.stepLabels`, stepLabels, length, "from 0 to 1", isProbability);
}

/** Refuses step ends that are not within a solution, in order. −1: an empty step before the first token. */
export function checkStepEnds(task: string, name: string, stepEnds: ArrayLike<number>, tokens: number): void {
  let last = -1;
  const follows = (end: number) => Number.isInteger(end) && end >= last && end < tokens;
  for (let j = 0; j < stepEnds.length; j++) {
    checkNumbers(task, `${name}.stepEnds`, [stepEnds[j]], 1, `in order, from −1 to ${tokens - 1}`, follows);
    last = stepEnds[j];
  }
}

/** What makes two examples the same: problem and solution. */
export function identityOf({ problem, tokens }: Pick<RewardExample, "problem" | "tokens">): string {
  return `${problem.length} ${problem} ${tokens.join(" ")}`;
}
