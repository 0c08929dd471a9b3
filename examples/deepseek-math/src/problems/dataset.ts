/**
 * Training and held-out problems, separate by construction: a hash of the question decides which side it belongs to,
 * whatever the seed, so no held-out question is ever trained on.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { binary, type Expression, parseExpression, print } from "./expression.ts";
import { type GenerateOptions, generate, type Problem } from "./generate.ts";

/** Which side of the divide a question is on. */
export type Split = "train" | "held-out";

/** One question in eight is held out. */
export const heldOutShare: number = 1 / 8;

/**
 * The question in a form that is the same for questions that differ only in spacing, in letter case or in the order of
 * the operands of `+` and `*`: `8*47` is as much a leak of `47*8` as `47*8` itself.
 */
export function canonicalQuestion(question: string): string {
  const plain = question.trim().replace(/\s+/g, " ").toLowerCase();
  if (/[a-z]/.test(plain)) return plain;
  try {
    return print(sortOperands(parseExpression(plain)));
  } catch {
    return plain;
  }
}

function sortOperands(expression: Expression): Expression {
  if (expression.type === "number") return expression;
  if (expression.type === "negative") return { type: "negative", operand: sortOperands(expression.operand) };
  const [left, right] = [sortOperands(expression.left), sortOperands(expression.right)];
  const commutes = expression.operator === "+" || expression.operator === "*";
  return commutes && print(left) > print(right)
    ? binary(expression.operator, right, left)
    : binary(expression.operator, left, right);
}

/** 32-bit FNV-1a hash of the text's UTF-16 code units, finished with MurmurHash3's mixer. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The side a question belongs to: held out when the hash of its canonical form falls in the lowest eighth.
 *
 * @example
 * ```ts
 * splitOf("47*8") === splitOf("8 * 47"); // true
 * ```
 */
export function splitOf(question: string): Split {
  return hash(canonicalQuestion(question)) < heldOutShare * 2 ** 32 ? "held-out" : "train";
}

/**
 * Problem number `index` of a split: a function of the seed, the split and the index alone, so a resumed run sees the
 * same problems. Draws until a question falls on the right side.
 *
 * @throws {RangeError} When the options leave no question on that side (1,000 draws without one).
 * @example
 * ```ts
 * problemAt(1, "train", 0, { kinds: { addition: 1 }, level: 2 }).question; // e.g. "47+86"
 * ```
 */
export function problemAt(seed: number, split: Split, index: number, options: GenerateOptions = {}): Problem {
  const random = stream(seed, { purpose: `problems/${split}`, step: index });
  for (let draw = 0; draw < 1000; draw++) {
    const problem = generate(random, options);
    if (splitOf(problem.question) === split) return problem;
  }
  throw new RangeError(`Cannot find a ${split} problem in 1000 draws with the options ${JSON.stringify(options)}`);
}

/**
 * The first `count` problems of a split with different questions, in order of their index. Where the options allow too
 * few different questions, it ends early: after `20 * count` indices.
 *
 * @example
 * ```ts
 * const heldOut = distinctProblems(1, "held-out", 500, { level: 2 });
 * ```
 */
export function distinctProblems(seed: number, split: Split, count: number, options: GenerateOptions = {}): Problem[] {
  const problems = new Map<string, Problem>();
  for (let index = 0; problems.size < count && index < 20 * count; index++) {
    const problem = problemAt(seed, split, index, options);
    const canonical = canonicalQuestion(problem.question);
    if (!problems.has(canonical)) problems.set(canonical, problem);
  }
  return [...problems.values()];
}
