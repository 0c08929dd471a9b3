/**
 * What a training set teaches under an objective: its units, which stay together, and the loss of some of them.
 *
 * @module
 */

import { binaryCrossEntropy } from "../losses/binary_cross_entropy.ts";
import { bradleyTerry, rightWrongPairs } from "../losses/bradley_terry.ts";
import type { Loss } from "../losses/loss.ts";
import { stepCrossEntropy } from "../losses/step_cross_entropy.ts";
import type { RewardExample } from "./example.ts";

/**
 * `"pairwise"`: right against wrong solutions of a problem (Bradley–Terry); `"pointwise"`: each solution by itself;
 * `"step"`: each step by itself.
 */
export type RewardObjective = "pairwise" | "pointwise" | "step";

/** Examples that a batch takes or leaves as one: a problem's with `"pairwise"`, else one. */
export type Unit = readonly RewardExample[];

/** What the units of a batch have together. */
export interface Totals {
  readonly pairs: number;
  readonly solutions: number;
  readonly steps: number;
}

/** Options of the objectives, for training. */
export interface ObjectiveOptions {
  /** Of `"pairwise"`; see `bradleyTerry`. */
  readonly centering?: number;
  readonly margin?: number;
  /** Of `"step"`; see `stepCrossEntropy`. */
  readonly aggregation?: "step" | "solution" | "sum";
}

const isRight = ({ label }: RewardExample) => label >= 0.5;

/** Splits examples into units; those that can teach nothing (a problem without a pair, a solution without steps) go. */
export function unitsOf(examples: readonly RewardExample[], objective: RewardObjective): Unit[] {
  if (objective === "pointwise") return examples.map((example) => [example]);
  if (objective === "step") return examples.flatMap((example) => (example.stepEnds?.length ? [[example]] : []));
  const problems = new Map<string, RewardExample[]>();
  for (const example of examples) problems.set(example.problem, [...(problems.get(example.problem) ?? []), example]);
  return [...problems.values()].filter((group) => group.some(isRight) && !group.every(isRight));
}

/**
 * Why examples cannot train a reward model under an objective, in words; `undefined` when they can.
 *
 * No examples; no problem with both a right and a wrong solution (`"pairwise"`); labels that are all right or all wrong
 * (`"pointwise"`, `"step"`: the minimum of the loss would be at infinity); no steps (`"step"`). One problem is enough.
 *
 * @example
 * ```ts
 * degenerate([], "pointwise"); // "there are no examples"
 * ```
 */
export function degenerate(examples: readonly RewardExample[], objective: RewardObjective): string | undefined {
  if (examples.length === 0) return "there are no examples";
  if (objective === "pairwise") {
    if (unitsOf(examples, objective).length > 0) return undefined;
    const right = examples.filter(isRight).length;
    return `no problem has both a right and a wrong solution (${right} right, ${examples.length - right} wrong)`;
  }
  const labels =
    objective === "pointwise"
      ? examples.map(({ label }) => label)
      : examples.flatMap(({ stepLabels }) => Array.from(stepLabels ?? []));
  if (labels.length === 0) return `none of the ${examples.length} solutions has a labelled step`;
  const things = objective === "pointwise" ? "solutions" : "steps";
  if (labels.every((label) => label === 1)) return `all ${labels.length} ${things} are right`;
  if (labels.every((label) => label === 0)) return `all ${labels.length} ${things} are wrong`;
  return undefined;
}

/** Counts what the reducers of a batch divide by. */
export function totalsOf(units: readonly Unit[], objective: RewardObjective): Totals {
  const examples = units.flat();
  return {
    pairs: objective === "pairwise" ? units.reduce((sum, unit) => sum + pairsOf(unit).length / 2, 0) : 0,
    solutions: examples.length,
    steps: examples.reduce((sum, { stepEnds }) => sum + (stepEnds?.length ?? 0), 0),
  };
}

function pairsOf(unit: Unit): Int32Array {
  return rightWrongPairs(
    unit.map(({ label }) => label),
    unit.map(() => 0),
  );
}

/** The loss of a micro-batch of units, as its part of a batch with these totals. */
export function lossOf(
  units: readonly Unit[],
  scores: Float32Array,
  placeSegments: Int32Array,
  objective: RewardObjective,
  total: Totals,
  { centering = 0, margin = 0, aggregation = "step" }: ObjectiveOptions,
): Loss<object> {
  const examples = units.flat();
  if (objective === "pointwise") {
    return binaryCrossEntropy({ scores, labels: examples.map(({ label }) => label) }, { total });
  }
  if (objective === "step") {
    const labels = examples.flatMap(({ stepLabels }) => Array.from(stepLabels ?? []));
    return stepCrossEntropy({ scores, labels, segments: placeSegments }, { aggregation, total });
  }
  let start = 0;
  const pairs = units.flatMap((unit) => {
    const indices = Array.from(pairsOf(unit), (index) => start + index);
    start += unit.length;
    return indices;
  });
  const margins = new Float64Array(pairs.length / 2).fill(margin);
  return bradleyTerry({ scores, pairs, margins }, { centering, total });
}
