/**
 * Python for problems: small programs as they are found (pre-training text), a program that answers a problem, and
 * reasoning that calls Python for each of its steps.
 *
 * @module
 */

import { between, pick, type RandomSource } from "./draw.ts";
import { parseExpression, print } from "./expression.ts";

/** What a program needs to know of a problem. */
export interface SolvedProblem {
  readonly question: string;
  readonly solutions: { readonly terse: string };
}

/** A stretch of a solution: what a model writes, and learns, or what Python answers, which it only reads. */
export interface SolutionPiece {
  readonly text: string;
  readonly trained: boolean;
}

/** How a solution is written: reasoning alone, a program, or reasoning with a program for each step. */
export const modes = ["chain-of-thought", "program", "tool-integrated"] as const;
/** One of {@linkcode modes}. */
export type Mode = (typeof modes)[number];

/** What the question is followed by, so that the model knows what is wanted. */
export const modeSuffix: Readonly<Record<Mode, string>> = {
  "chain-of-thought": "",
  program: "\n> program",
  "tool-integrated": "\n> tools",
};

/** Runs Python; an interpreter of `@gradus/code-interpreter` does. */
export type RunPython = (program: string) => Promise<{ readonly output: string; readonly error?: string }>;

interface Operation {
  readonly left: string;
  readonly operator: string;
  readonly right: string;
  readonly result: string;
}

/** The operations of a solution, from the lines of its terse style; lines that only restate are left out. */
export function operationsOf({ solutions }: SolvedProblem): Operation[] {
  return solutions.terse.split("\n").flatMap((line) => {
    const found = /^(\(?-?[\d.]+\)?)(\/\/|[-+*/])(\(?-?[\d.]+\)?)=(-?[\d./]+)$/.exec(line);
    return found ? [{ left: found[1], operator: found[2], right: found[3], result: found[4] }] : [];
  });
}

const hasDecimals = (operations: readonly Operation[]): boolean =>
  operations.some(({ left, right, result }) => `${left}${right}${result}`.includes("."));

/** Floating-point noise is not an answer. */
function printed(expression: string, decimals: boolean): string {
  return decimals ? `print(round(${expression},6))` : `print(${expression})`;
}

/**
 * A program that prints the answer: the question itself where it is an expression, else an assignment for each operation.
 *
 * @example
 * ```ts
 * programOf({ question: "Kim buys 3 bags of 8 pens and uses 5. How many are left?", solutions: { terse: "8*3=24\n24-5=19\n#### 19" } });
 * // a=8*3
 * // print(a-5)
 * ```
 */
export function programOf(problem: SolvedProblem): string {
  const operations = operationsOf(problem);
  const decimals = hasDecimals(operations);
  const expression = expressionOf(problem.question);
  if (expression !== undefined) return printed(expression, decimals);
  return programOfOperations(operations, decimals);
}

function expressionOf(question: string): string | undefined {
  try {
    return print(parseExpression(question));
  } catch {
    return undefined;
  }
}

function programOfOperations(operations: readonly Operation[], decimals: boolean): string {
  const names = new Map<string, string>();
  const lines: string[] = [];
  operations.forEach(({ left, operator, right, result }, i) => {
    const text = `${names.get(left) ?? left}${operator}${names.get(right) ?? right}`;
    if (i === operations.length - 1) lines.push(printed(text, decimals));
    else {
      const name = String.fromCharCode(97 + i);
      lines.push(`${name}=${text}`);
      names.set(result, name);
    }
  });
  return lines.join("\n");
}

/** The programs of a tool-integrated solution, one for each operation; beyond two, the rest is one program. */
function programsOf(problem: SolvedProblem): { readonly said: string; readonly program: string }[] {
  const operations = operationsOf(problem);
  const decimals = hasDecimals(operations);
  const groups =
    operations.length <= 2 ? operations.map((each) => [each]) : [operations.slice(0, 1), operations.slice(1)];
  return groups.map((group) => ({
    said: group.map(({ left, operator, right }) => `${left}${operator}${right}`).join(", "),
    program: programOfOperations(group, decimals),
  }));
}

/**
 * A solution with Python: `"program"` has one program, `"tool-integrated"` says what comes next before each. Outputs are
 * those of `run`; the last one is the answer. Nothing where a problem has no operations, or Python does not like one.
 */
export async function toolSolution(
  problem: SolvedProblem,
  mode: Exclude<Mode, "chain-of-thought">,
  run: RunPython,
): Promise<SolutionPiece[] | undefined> {
  if (operationsOf(problem).length === 0) return undefined;
  const calls = mode === "program" ? [{ said: "", program: programOf(problem) }] : programsOf(problem);
  const pieces: SolutionPiece[] = [];
  let shown = "";
  for (const { said, program } of calls) {
    const { output, error } = await run(program);
    if (error !== undefined) return undefined;
    shown = output.trim();
    pieces.push({
      text: `${said === "" ? "" : `${said}\n`}\`\`\`python\n${program}\n\`\`\`\n\`\`\`output`,
      trained: true,
    });
    pieces.push({ text: `\n${shown}\n\`\`\`\n`, trained: false });
  }
  return [...pieces, { text: `#### ${shown}`, trained: true }];
}

/** A small program as it stands somewhere: assignments, prints, assertions, loops, with right results in comments. */
export function codeDocument(random: RandomSource): string {
  const [a, b, c] = [between(random, 2, 99), between(random, 2, 20), between(random, 2, 9)];
  const operator = pick(random, ["+", "-", "*"] as const);
  const of = (left: number, right: number): number =>
    operator === "+" ? left + right : operator === "-" ? left - right : left * right;
  const last = of(of(a, b), c);
  switch (pick(random, ["print", "assert", "names", "blocks", "function", "loop"] as const)) {
    case "print":
      return `print(${a}${operator}${b}) # ${of(a, b)}`;
    case "assert":
      return `assert ${a}${operator}${b}==${of(a, b)}`;
    case "names":
      return `a=${a}${operator}${b}\nprint(a${operator}${c}) # ${last}`;
    case "blocks":
      return `\`\`\`python\nprint(${a}${operator}${b})\n\`\`\`\n\`\`\`output\n${of(a, b)}\n\`\`\``;
    case "function":
      return `def f(x):\n    return x${operator}${b}\n\nprint(f(${a})) # ${of(a, b)}`;
    case "loop":
      return `for i in range(${c}):\n    print(i*${b}) # ${Array.from({ length: c }, (_, i) => i * b).join(" ")}`;
  }
}
