import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluate, parseExpression, print } from "./expression.ts";
import { writeOperation } from "./operation.ts";
import { format, rational } from "./rational.ts";
import { stepsOf, writeSteps } from "./solve.ts";

const solve = (text: string): string => writeSteps(parseExpression(text));

test("each operation is worked out the way its documentation shows", () => {
  assert.equal(solve("47+586"), "47+586[7+6=13,4+8+1=13,0+5+1=6]=633\n#### 633");
  assert.equal(solve("543-67"), "543-67[13-7=6,13-6=7,4-0=4]=476\n#### 476");
  assert.equal(solve("47*8"), "47*8[7*8=56,4*8+5=37]=376\n#### 376");
  assert.equal(
    solve("47*38"),
    "47*38[47*8[7*8=56,4*8+5=37]=376,47*30[47*3[7*3=21,4*3+2=14]=141]=1410," +
      "376+1410[6+0=6,7+1=8,3+4=7,0+1=1]=1786]=1786\n#### 1786",
  );
  assert.equal(solve("376/8"), "376/8[37/8=4r5,56/8=7r0]=47\n#### 47");
  assert.equal(solve("1.5*40"), "1.5*40[15*4[5*4=20,1*4+2=6]=60]=60\n#### 60");
  assert.equal(solve("12-5"), "12-5=7\n#### 7");
  assert.equal(solve("1/40"), "1/40[0.1/4[10/4=2r2,20/4=5r0]=0.025]=0.025\n#### 0.025");
});

test("an expression is reduced line by line and restated while operations are left", () => {
  assert.equal(solve("(3+5)*2-4"), "3+5=8\n=8*2-4\n8*2=16\n16-4[6-4=2,1-0=1]=12\n#### 12");
  assert.equal(
    solve("-36+13+-15"),
    "-36+13[36-13[6-3=3,3-1=2]=23]=-23\n-23+(-15)[23+15[3+5=8,2+1=3]=38]=-38\n#### -38",
  );
  assert.equal(solve("12"), "#### 12");
});

test("an endless quotient is not rounded: the division moves to the end", () => {
  assert.equal(solve("(2/3)*90"), "=2*90/3\n2*90[2*9=18]=180\n180/3[18/3=6r0,0/3=0r0]=60\n#### 60");
  assert.equal(solve("100/3"), "100/3=100/3\n#### 100/3");
  assert.match(solve("1/(1/3)"), /#### 3$/);
  assert.match(solve("2-1/3*(4-1)"), /#### 1$/);
});

test("the terse style leaves out the work, the direct style everything", () => {
  const expression = parseExpression("(30+5)*2-4");
  assert.equal(writeSteps(expression, "terse"), "30+5=35\n=35*2-4\n35*2=70\n70-4=66\n#### 66");
  assert.equal(writeSteps(expression, "direct"), "#### 66");
});

/** Reads `a∘b[work]=c` and everything inside the brackets; the twin of the writer, and a check of its arithmetic. */
function checkWork(text: string): void {
  const opening = text.indexOf("[");
  const closing = text.lastIndexOf("]");
  const question = opening < 0 ? text.slice(0, text.indexOf("=")) : text.slice(0, opening);
  const result = text.slice(text.indexOf("=", closing) + 1);
  const [quotient, remainder] = result.split("r");
  if (remainder === undefined) {
    assert.equal(format(evaluate(parseExpression(question))), format(evaluate(parseExpression(result))), text);
  } else {
    const [dividend, divisor] = question.split("/").map(Number);
    assert.equal(Number(quotient) * divisor + Number(remainder), dividend, text);
    assert.ok(Number(remainder) < divisor, text);
  }
  if (opening < 0) return;
  let depth = 0;
  let item = "";
  for (const character of `${text.slice(opening + 1, closing)},`) {
    if (character === "," && depth === 0) {
      checkWork(item);
      item = "";
      continue;
    }
    if (character === "[") depth++;
    if (character === "]") depth--;
    item += character;
  }
}

test("every equation in the work of every operation is true", () => {
  const number = fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.constantFrom(1, 10, 100));
  fc.assert(
    fc.property(
      number,
      number,
      fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const),
      (x, y, operator) => {
        const [a, b] = [rational(...x), rational(...y)];
        fc.pre(operator !== "/" || b.numerator !== 0n);
        checkWork(writeOperation(operator, a, b));
      },
    ),
    { numRuns: 2000 },
  );
});

const tree: fc.Arbitrary<string> = fc.letrec<{ tree: string; node: string; leaf: string }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, tie("leaf"), tie("node")),
  leaf: fc.oneof(fc.integer({ min: 0, max: 99 }).map(String), fc.constantFrom("0.5", ".25", "12.50", "20%", "(-7)")),
  node: fc.tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/"), tie("tree")).map(([a, o, b]) => `(${a}${o}${b})`),
})).tree;

test("any expression is reduced to its exact value, and restating never changes it", () => {
  fc.assert(
    fc.property(tree, (text) => {
      const expression = parseExpression(text);
      let value: ReturnType<typeof evaluate>;
      try {
        value = evaluate(expression);
      } catch {
        fc.pre(false);
        return;
      }
      assert.ok(writeSteps(expression).endsWith(`#### ${format(value)}`));
      for (const step of stepsOf(expression)) {
        if (step.type === "restate") assert.deepEqual(evaluate(step.expression), value, print(step.expression));
      }
    }),
    { numRuns: 1000 },
  );
});
