/**
 * GSM8K (Cobbe et al. 2021, https://arxiv.org/abs/2110.14168) from a folder with `train.jsonl` and `test.jsonl`: its
 * problems, and the arithmetic inside its calculator annotations, `<<48/2=24>>`, as problems of their own.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { extractAnswer } from "../verify.ts";
import { canonicalQuestion } from "./dataset.ts";
import { evaluate, parseExpression, print } from "./expression.ts";
import { equal, format } from "./rational.ts";
import { type Style, stepsOf, styles, writeSolution } from "./solve.ts";

/** One word problem as the file has it: the solution still carries its calculator annotations. */
export interface Gsm8kRow {
  readonly question: string;
  readonly solution: string;
  /** What follows `####`, thousands' commas removed. */
  readonly answer: string;
}

/** An expression to compute, with its chain of thought in every style. */
export interface ExpressionProblem {
  /** In its shortest form, e.g. `0.2*50`. */
  readonly question: string;
  readonly answer: string;
  readonly solutions: Readonly<Record<Style, string>>;
}

/** GSM8K, read into memory. */
export interface Gsm8k {
  readonly train: readonly Gsm8kRow[];
  readonly test: readonly Gsm8kRow[];
}

/** The arithmetic of the training solutions, and that of the test solutions which training does not have. */
export interface Gsm8kExpressions {
  /** Different expressions with at least one operation, in order of appearance. */
  readonly train: readonly ExpressionProblem[];
  /** How often each training expression occurs, in the same order: sampling weights. */
  readonly counts: readonly number[];
  /** Different test expressions that training has in no order of operands and no writing of their numbers. */
  readonly test: readonly ExpressionProblem[];
}

/**
 * Reads `train.jsonl` and `test.jsonl`.
 *
 * @throws {Error} When the directory or a file is missing, or a line is broken: `…/train.jsonl:17: not valid JSON (…)`.
 * @example
 * ```ts ignore
 * const gsm8k = await loadGsm8k("data/gsm8k");
 * gsm8k.train.length; // 7473
 * ```
 */
export async function loadGsm8k(directory: string): Promise<Gsm8k> {
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new Error(
      `Cannot load GSM8K: expected a directory with train.jsonl and test.jsonl, found no directory ${directory}`,
    );
  }
  return { train: await readRows(join(directory, "train.jsonl")), test: await readRows(join(directory, "test.jsonl")) };
}

async function readRows(path: string): Promise<Gsm8kRow[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot load GSM8K: ${error.code === "ENOENT" ? `found no file ${path}` : error.message}`);
  });
  const lines = text.split("\n");
  return lines.flatMap((line, index) => (line.trim() === "" ? [] : [parseRow(line, `${path}:${index + 1}`)]));
}

function parseRow(line: string, place: string): Gsm8kRow {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`${place}: not valid JSON (${(error as Error).message})`);
  }
  const { question, answer } = (row ?? {}) as Record<string, unknown>;
  if (typeof question !== "string" || typeof answer !== "string") {
    throw new TypeError(
      `${place}: expected an object with the strings "question" and "answer", found ${line.slice(0, 80)}`,
    );
  }
  const final = extractAnswer(answer);
  if (final === undefined) throw new TypeError(`${place}: expected an answer that ends in "#### …", found none`);
  return { question, solution: answer, answer: final.replaceAll(",", "") };
}

/**
 * The calculator annotations of a solution, without their angle brackets.
 *
 * @example
 * ```ts
 * annotationsIn("Half of 48 is 48/2 = <<48/2=24>>24."); // ["48/2=24"]
 * ```
 */
export function annotationsIn(solution: string): string[] {
  return Array.from(solution.matchAll(/<<([^<>]*)>>/g), ([, annotation]) => annotation);
}

/**
 * The expressions of all annotations as problems. Annotations are skipped that have no operation (`12=12`), cannot be
 * parsed, or whose written result is not the exact value.
 */
export function gsm8kExpressions(gsm8k: Gsm8k): Gsm8kExpressions {
  const train = collect(gsm8k.train);
  const test = collect(gsm8k.test);
  return {
    train: [...train.values()].map(({ problem }) => problem),
    counts: [...train.values()].map(({ count }) => count),
    test: [...test].filter(([canonical]) => !train.has(canonical)).map(([, { problem }]) => problem),
  };
}

function collect(rows: readonly Gsm8kRow[]): Map<string, { problem: ExpressionProblem; count: number }> {
  const found = new Map<string, { problem: ExpressionProblem; count: number }>();
  for (const annotation of rows.flatMap(({ solution }) => annotationsIn(solution))) {
    const problem = problemOf(annotation);
    if (!problem) continue;
    const canonical = canonicalQuestion(problem.question);
    const known = found.get(canonical);
    if (known) known.count++;
    else found.set(canonical, { problem, count: 1 });
  }
  return found;
}

/** The problem an annotation poses, or undefined when it poses none or its result is wrong. */
function problemOf(annotation: string): ExpressionProblem | undefined {
  const [left, right, ...more] = annotation.split("=");
  if (right === undefined || more.length) return undefined;
  try {
    const expression = parseExpression(left);
    const value = evaluate(expression);
    if (expression.type === "number" || !equal(value, evaluate(parseExpression(right)))) return undefined;
    const steps = stepsOf(expression);
    const solutions = Object.fromEntries(styles.map((style) => [style, writeSolution(steps, value, style)]));
    return { question: print(expression), answer: format(value), solutions: solutions as Record<Style, string> };
  } catch {
    return undefined;
  }
}
