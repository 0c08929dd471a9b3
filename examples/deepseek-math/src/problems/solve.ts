/**
 * Solutions line by line, each line one operation with its work (`operation.ts`).
 *
 * An expression of several operations is reduced one operation a line; while more than one is left, a line that begins
 * with `=` restates what remains. Leaving out the brackets gives the terse style; leaving out all lines, the direct one.
 *
 * @module
 */

import { binary, type Expression, evaluate, literal, type Operator, operate, print } from "./expression.ts";
import { writeOperation } from "./operation.ts";
import { decimalPlaces, format, negate, type Rational, rational } from "./rational.ts";

/** One line of a solution: an operation on two numbers, or the expression that is left. */
export type Step =
  | { readonly type: "operation"; readonly operator: Operator; readonly left: Rational; readonly right: Rational }
  | { readonly type: "restate"; readonly expression: Expression };

/** How much of the reasoning is written: every digit (`steps`), one line an operation (`terse`), none (`direct`). */
export type Style = "steps" | "terse" | "direct";

/** All styles, the longest first. */
export const styles: readonly Style[] = ["steps", "terse", "direct"];

/** What stands before the answer, as in GSM8K. */
export const answerMark = "#### ";

/**
 * The lines that reduce an expression to its value: operations in the order a person does them (left to right,
 * innermost first), and what remains whenever more than one operation is left. A quotient whose decimals never end is
 * not rounded: the expression is rearranged so that the division comes last (`2/3*90` → `=2*90/3`).
 *
 * @throws {RangeError} On division by zero.
 */
export function stepsOf(expression: Expression): Step[] {
  const steps: Step[] = [];
  let rest = expression;
  while (rest.type !== "number") {
    const reduced = reduce(rest);
    if (reduced.operation) steps.push(reduced.operation);
    rest = reduced.rest;
    if (operations(rest) > 1 || (operations(rest) === 1 && !reduced.operation)) {
      steps.push({ type: "restate", expression: rest });
    }
  }
  return steps;
}

/** How many binary operations an expression has. */
function operations(expression: Expression): number {
  switch (expression.type) {
    case "number":
      return 0;
    case "negative":
      return operations(expression.operand);
    case "binary":
      return 1 + operations(expression.left) + operations(expression.right);
  }
}

interface Reduction {
  readonly rest: Expression;
  /** Absent when the expression was only rearranged. */
  readonly operation?: Step;
}

/** Does the next operation, or rearranges the expression where that operation's decimals would never end. */
function reduce(expression: Expression): Reduction {
  if (expression.type === "number") return { rest: expression };
  if (expression.type === "negative") {
    if (expression.operand.type === "number") return { rest: literal(negate(expression.operand.value)) };
    const { rest, operation } = reduce(expression.operand);
    return { rest: { type: "negative", operand: rest }, operation };
  }
  const { operator, left, right } = expression;
  const rearranged = deferDivision(operator, left, right);
  if (rearranged) return { rest: rearranged };
  if (left.type !== "number" && !isEndlessDivision(left)) {
    const { rest, operation } = reduce(left);
    return { rest: binary(operator, rest, right), operation };
  }
  if (right.type !== "number" && !isEndlessDivision(right)) {
    const { rest, operation } = reduce(right);
    return { rest: binary(operator, left, rest), operation };
  }
  const [a, b] = [left, right] as { type: "number"; value: Rational }[];
  const operation: Step = { type: "operation", operator, left: a.value, right: b.value };
  return { rest: literal(operate(operator, a.value, b.value)), operation };
}

const one = rational(1);

type Division = { readonly left: { readonly value: Rational }; readonly right: { readonly value: Rational } };

/** Whether it is a division of two numbers whose decimals never end. */
function isEndlessDivision(expression: Expression): expression is Expression & Division {
  if (expression.type !== "binary" || expression.operator !== "/") return false;
  const { left, right } = expression;
  if (left.type !== "number" || right.type !== "number") return false;
  return decimalPlaces(operate("/", left.value, right.value)) === undefined;
}

/** Moves an endless division among the operands outwards: (p/q)·c → p·c/q, (p/q)+c → (p+c·q)/q, and so on. */
function deferDivision(operator: Operator, left: Expression, right: Expression): Expression | undefined {
  const ready = (side: Expression): boolean => side.type === "number" || isEndlessDivision(side);
  if (!ready(left) || !ready(right) || (left.type === "number" && right.type === "number")) return undefined;
  const parts = (side: Expression): [Expression, Expression] =>
    isEndlessDivision(side) ? [literal(side.left.value), literal(side.right.value)] : [side, literal(one)];
  const [p, q] = parts(left);
  const [r, s] = parts(right);
  const times = (x: Expression, y: Expression): Expression => {
    if (isOne(x)) return y;
    return isOne(y) ? x : binary("*", x, y);
  };
  switch (operator) {
    case "*":
      return binary("/", times(p, r), times(q, s));
    case "/":
      return binary("/", times(p, s), times(q, r));
    case "+":
    case "-":
      return print(q) === print(s)
        ? binary("/", binary(operator, p, r), q)
        : binary("/", binary(operator, times(p, s), times(r, q)), times(q, s));
    case "//":
      return binary("//", times(p, s), times(q, r));
  }
}

function isOne(expression: Expression): boolean {
  return expression.type === "number" && expression.value.numerator === expression.value.denominator;
}

/**
 * A solution's text in one style, ending in the answer line and without a final line break.
 *
 * @example
 * ```ts
 * writeSolution(stepsOf(parseExpression("47*8")), rational(376), "steps");
 * // 47*8[7*8=56,4*8+5=37]=376
 * // #### 376
 * ```
 */
export function writeSolution(steps: readonly Step[], answer: Rational, style: Style): string {
  const lines = style === "direct" ? [] : steps.map((step) => writeStep(step, style === "steps"));
  return [...lines, answerMark + format(answer)].join("\n");
}

function writeStep(step: Step, work: boolean): string {
  if (step.type === "restate") return `=${print(step.expression)}`;
  return writeOperation(step.operator, step.left, step.right, work);
}

/**
 * The chain of thought for any expression, by the same conventions as the built-in problems.
 *
 * @throws {RangeError} On division by zero.
 * @example
 * ```ts
 * writeSteps(parseExpression("(3+5)*2-4"));
 * // 3+5=8
 * // =8*2-4
 * // 8*2=16
 * // 16-4[…]=12
 * // #### 12
 * ```
 */
export function writeSteps(expression: Expression, style: Style = "steps"): string {
  return writeSolution(stepsOf(expression), evaluate(expression), style);
}
