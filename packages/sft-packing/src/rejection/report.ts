/**
 * The books of a run.
 *
 * @module
 */

import type { ProblemYield, RejectionFailure, RejectionReport } from "./types.ts";

const SUMS = ["samples", "correct", "wrong", "unjudged", "accepted", "duplicates", "surplus"] as const;

/** Sums over the problems, and the problems that stand out. */
export function makeRejectionReport(
  perProblem: readonly ProblemYield[],
  failures: readonly RejectionFailure[],
  resumed: number,
): RejectionReport {
  const sums = Object.fromEntries(
    SUMS.map((name) => [name, perProblem.reduce((sum, problem) => sum + problem[name], 0)]),
  ) as Record<(typeof SUMS)[number], number>;
  const idsWhere = (holds: (problem: ProblemYield) => boolean) =>
    perProblem.filter(holds).map((each) => each.problemId);
  const judged = sums.correct + sums.wrong;
  return {
    problems: perProblem.length,
    ...sums,
    resumed,
    yield: judged === 0 ? 0 : sums.correct / judged,
    perProblem: perProblem.slice(),
    neverSolved: idsWhere(({ correct, wrong }) => correct === 0 && wrong > 0),
    alwaysSolved: idsWhere(({ correct, wrong }) => correct > 0 && wrong === 0),
    failures: failures.slice(),
  };
}
