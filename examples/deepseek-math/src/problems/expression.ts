/**
 * Arithmetic expressions as GSM8K's calculator annotations write them (`48/2`, `.01*20`, `(2/3)*90`, `5%*80`,
 * `-36+13+-15`): parsing and exact evaluation. How they are solved in steps is `solve.ts`.
 *
 * Grammar, loosest first; binary operators associate to the left:
 * ```text
 * sum     := product (("+" | "-") product)*
 * product := factor (("*" | "/" | "//") factor)*
 * factor  := "-" factor | "+" factor | atom "%"*
 * atom    := number | "(" sum ")"
 * ```
 *
 * @module
 */

import {
  add,
  divide,
  floorDivide,
  format,
  multiply,
  negate,
  parseDecimal,
  type Rational,
  rational,
  subtract,
} from "./rational.ts";

/** A binary operator; `//` rounds the quotient down. */
export type Operator = "+" | "-" | "*" | "/" | "//";

/** A parsed expression. A percentage `a%` is parsed as `a/100`. */
export type Expression =
  | { readonly type: "number"; readonly value: Rational }
  | { readonly type: "negative"; readonly operand: Expression }
  | { readonly type: "binary"; readonly operator: Operator; readonly left: Expression; readonly right: Expression };

const spellings: Record<string, string> = { "×": "*", x: "*", X: "*", "÷": "/", "−": "-", "–": "-" };

/** A number as an expression. */
export function literal(value: Rational | number): Expression {
  return { type: "number", value: typeof value === "number" ? rational(value) : value };
}

/** A binary operation as an expression. */
export function binary(operator: Operator, left: Expression, right: Expression): Expression {
  return { type: "binary", operator, left, right };
}

/**
 * Parses an expression. Spaces, `$` and thousands' commas are skipped; `×`, `x`, `÷` and the typographic minus are
 * read as `*`, `/` and `-`.
 *
 * @throws {SyntaxError} With the offending character and its position.
 * @example
 * ```ts
 * format(evaluate(parseExpression("1/2*(3+5)"))); // "4"
 * ```
 */
export function parseExpression(text: string): Expression {
  const tokens = [...text.matchAll(/\d[\d,]*(?:\.\d*)?|\.\d+|\/\/|\S/g)].filter(([token]) => token !== "$");
  let position = 0;
  const peek = (): string => {
    const token = tokens[position]?.[0] ?? "";
    return spellings[token] ?? token;
  };
  const fail = (): never => {
    const token = tokens[position];
    const found = token ? `${JSON.stringify(token[0])} at character ${token.index + 1}` : "the end";
    throw new SyntaxError(`Cannot parse the expression ${JSON.stringify(text)}: found ${found}`);
  };

  function atom(): Expression {
    const token = peek();
    if (token === "(") {
      position++;
      const inside = sum();
      if (peek() !== ")") fail();
      position++;
      return inside;
    }
    if (!/\d/.test(token)) fail();
    position++;
    return literal(parseDecimal(token.replaceAll(",", "")));
  }
  function factor(): Expression {
    if (peek() === "-") {
      position++;
      const operand = factor();
      return operand.type === "number" ? literal(negate(operand.value)) : { type: "negative", operand };
    }
    if (peek() === "+") {
      position++;
      return factor();
    }
    let value = atom();
    for (; peek() === "%"; position++) value = binary("/", value, literal(100));
    return value;
  }
  function chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (operators.includes(peek())) {
      const operator = peek() as Operator;
      position++;
      left = binary(operator, left, operand());
    }
    return left;
  }
  const product = (): Expression => chain(["*", "/", "//"], factor);
  const sum = (): Expression => chain(["+", "-"], product);

  const expression = sum();
  if (position < tokens.length) fail();
  return expression;
}

/** The exact result of one operation. Throws a `RangeError` on division by zero. */
export function operate(operator: Operator, a: Rational, b: Rational): Rational {
  return { "+": add, "-": subtract, "*": multiply, "/": divide, "//": floorDivide }[operator](a, b);
}

/**
 * The exact value of an expression.
 *
 * @throws {RangeError} On division by zero.
 */
export function evaluate(expression: Expression): Rational {
  switch (expression.type) {
    case "number":
      return expression.value;
    case "negative":
      return negate(evaluate(expression.operand));
    case "binary":
      return operate(expression.operator, evaluate(expression.left), evaluate(expression.right));
  }
}

const precedence: Record<Operator, number> = { "+": 1, "-": 1, "*": 2, "/": 2, "//": 2 };

/**
 * The expression with no more parentheses than it needs and every number in its shortest form.
 *
 * @example
 * ```ts
 * print(parseExpression("((.50)*(3 + 5))")); // "0.5*(3+5)"
 * ```
 */
export function print(expression: Expression): string {
  switch (expression.type) {
    case "number":
      return format(expression.value);
    case "negative":
      return `-${operandText(expression.operand, 3, true)}`;
    case "binary": {
      const own = precedence[expression.operator];
      const left = operandText(expression.left, own, false);
      return `${left}${expression.operator}${operandText(expression.right, own + 1, true)}`;
    }
  }
}

/** An operand's text, in parentheses when it binds less tightly than `least` or would put two signs side by side. */
function operandText(operand: Expression, least: number, isRight: boolean): string {
  const text = print(operand);
  const binding = operand.type === "binary" ? precedence[operand.operator] : text.includes("/") ? 2 : 3;
  return binding < least || (isRight && text.startsWith("-")) ? `(${text})` : text;
}
