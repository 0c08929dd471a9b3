import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluate, parseExpression, print } from "./expression.ts";
import { decimalPlaces, format, parseDecimal, rational } from "./rational.ts";

const value = (text: string): string => format(evaluate(parseExpression(text)));

test("GSM8K's notations have their exact values", () => {
  for (const [text, result] of [
    ["48/2", "24"],
    ["0.2*50", "10"],
    ["(3+5)*2", "16"],
    ["100-20-30", "50"],
    ["5%*80", "4"],
    ["1/2*8", "4"],
    ["50*10*.01", "5"],
    ["-36+13+-15+-10", "-48"],
    ["-48+21+(-3)", "-30"],
    ["2/3*90", "60"],
    ["100/3", "100/3"],
    ["7//2", "3"],
    ["$1,200.50 x 2", "2401"],
    ["0.1+0.2", "0.3"],
    ["2-3-4*5/2", "-11"],
    ["-(2+3)*2", "-10"],
    ["12/4/3", "1"],
  ]) {
    assert.equal(value(text), result, text);
  }
});

test("what is not an expression is refused with the place", () => {
  assert.throws(() => parseExpression("3+"), /found the end/);
  assert.throws(() => parseExpression("3+y"), /found "y" at character 3/);
  assert.throws(() => parseExpression("(3+4"), /found the end/);
  assert.throws(() => parseExpression("3 4"), /found "4" at character 3/);
  assert.throws(() => parseExpression(""), SyntaxError);
  assert.throws(() => parseExpression("."), SyntaxError);
  assert.throws(() => value("1/(2-2)"), /divide by zero/);
});

test("printing and parsing again changes neither value nor text", () => {
  const tree = fc.letrec<{ tree: string; node: string; leaf: string }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, tie("leaf"), tie("node")),
    leaf: fc.oneof(fc.integer({ min: 0, max: 99 }).map(String), fc.constantFrom("0.5", "-3", "(-7)", "-(1+2)")),
    node: fc
      .tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/", "//"), tie("tree"))
      .map(([a, o, b]) => `(${a}${o}${b})`),
  })).tree;
  fc.assert(
    fc.property(tree, (text) => {
      const expression = parseExpression(text);
      const printed = print(expression);
      assert.equal(print(parseExpression(printed)), printed);
      try {
        assert.deepEqual(evaluate(parseExpression(printed)), evaluate(expression));
      } catch (error) {
        assert.match(String(error), /divide by zero/);
      }
    }),
    { numRuns: 500 },
  );
});

test("decimals are shortest and exact, endless ones stay fractions", () => {
  assert.equal(format(rational(1, 8)), "0.125");
  assert.equal(format(rational(-1, 8)), "-0.125");
  assert.equal(format(rational(1200, 1)), "1200");
  assert.equal(format(rational(5, 3)), "5/3");
  assert.equal(decimalPlaces(rational(1, 7)), undefined);
  assert.deepEqual(parseDecimal(".50"), rational(1, 2));
  assert.throws(() => parseDecimal("1e3"), SyntaxError);
});
