/**
 * SFT's solutions with programs, each run before it is taken: what stands in the data is what Python said.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Mode, type RunPython, type SolutionPiece, toolSolution } from "../problems/programs.ts";
import { writeWhole } from "../run/files.ts";
import { reward } from "../verify.ts";
import type { FineTuningSettings } from "./configuration.ts";
import type { RecipeProblem } from "./problem_source.ts";

/** A problem with a solution that calls Python. */
export interface ToolSolution {
  readonly question: string;
  readonly mode: Exclude<Mode, "chain-of-thought">;
  readonly pieces: readonly SolutionPiece[];
}

/** Makes the solutions that the settings ask for, or reads them where they are already; wrong ones are left out. */
export async function toolSolutions(
  tools: FineTuningSettings["tools"],
  problems: readonly RecipeProblem[],
  path: string,
  run: RunPython,
  onProgress: (done: number) => void = () => {},
): Promise<ToolSolution[]> {
  if (existsSync(path)) {
    const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as ToolSolution);
  }
  const solutions: ToolSolution[] = [];
  let done = 0;
  for (const [mode, count] of [
    ["program", tools?.program ?? 0],
    ["tool-integrated", tools?.toolIntegrated ?? 0],
  ] as const) {
    // The last problems: the first are those that rejection sampling takes when it does not take all.
    for (const problem of count > 0 ? problems.slice(-count) : []) {
      const pieces = await toolSolution(problem, mode, run);
      onProgress(++done);
      if (pieces === undefined || reward(pieces[pieces.length - 1].text, problem.answer) !== 1) continue;
      solutions.push({ question: problem.question, mode, pieces });
    }
  }
  await writeWhole(path, solutions.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return solutions;
}
