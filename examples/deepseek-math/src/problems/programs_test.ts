import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createInterpreter } from "@gradus/code-interpreter";
import { stream } from "@gradus/seeds";
import { reward } from "../verify.ts";
import { problemAt } from "./dataset.ts";
import { codeDocument, operationsOf, programOf, toolSolution } from "./programs.ts";

const python = await createInterpreter();
after(() => python.close());
const run = (program: string) => python.run(program);

test("what Python prints is the answer, for problems of all kinds and levels", async () => {
  let [solved, all] = [0, 0];
  for (let index = 0; index < 300; index++) {
    const problem = problemAt(1, "train", index, { level: { 1: 1, 2: 1, 3: 1, 4: 1 } });
    for (const mode of ["program", "tool-integrated"] as const) {
      const pieces = await toolSolution(problem, mode, run);
      all++;
      if (pieces && reward(pieces[pieces.length - 1].text, problem.answer) === 1) solved++;
    }
  }
  assert.ok(solved > 0.98 * all, `${solved} of ${all}`);
});

test("a solution with tools says what comes next, calls Python, and ends with what it said", async () => {
  const terse = "8*3=24\n24-5=19\n#### 19";
  const problem = { question: "Kim buys 3 bags of 8 pens and uses 5. How many are left?", solutions: { terse } };
  assert.deepEqual(
    operationsOf(problem).map(({ left, operator, right }) => left + operator + right),
    ["8*3", "24-5"],
  );
  assert.equal(programOf(problem), "a=8*3\nprint(a-5)");
  const text = (await toolSolution(problem, "tool-integrated", run))?.map((piece) => piece.text).join("");
  assert.equal(
    text,
    "8*3\n```python\nprint(8*3)\n```\n```output\n24\n```\n24-5\n```python\nprint(24-5)\n```\n```output\n19\n```\n#### 19",
  );
  const program = await toolSolution(problem, "program", run);
  assert.deepEqual(
    program?.filter(({ trained }) => !trained).map((piece) => piece.text),
    ["\n19\n```\n"],
  );
});

test("an expression is its own program, rounded where there are decimals", () => {
  const withSteps = (question: string, terse: string) => programOf({ question, solutions: { terse } });
  assert.equal(withSteps("(3+5)*2-4", "3+5=8\n=8*2-4\n8*2=16\n16-4=12\n#### 12"), "print((3+5)*2-4)");
  assert.equal(withSteps("0.1+0.2", "0.1+0.2=0.3\n#### 0.3"), "print(round(0.1+0.2,6))");
});

test("a problem without operations, or a program that fails, has no solution", async () => {
  assert.equal(await toolSolution({ question: "7", solutions: { terse: "#### 7" } }, "program", run), undefined);
  const failing = async () => ({ output: "", error: "NameError" });
  const problem = { question: "1+1", solutions: { terse: "1+1=2\n#### 2" } };
  assert.equal(await toolSolution(problem, "program", failing), undefined);
});

test("programs as they are found run without an error, and print what their comments say", async () => {
  for (let i = 0; i < 100; i++) {
    const text = codeDocument(stream(3, { purpose: "test", step: i }));
    if (text.startsWith("```")) continue;
    const { output, error } = await run(text);
    assert.equal(error, undefined, text);
    const said = /# (.*)$/.exec(text)?.[1];
    if (said !== undefined) assert.equal(output.trim().replaceAll("\n", " "), said, text);
  }
});
