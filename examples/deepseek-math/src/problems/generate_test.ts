import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import { reward } from "../verify.ts";
import { canonicalQuestion, distinctProblems, problemAt, splitOf } from "./dataset.ts";
import { evaluate, parseExpression } from "./expression.ts";
import { generate } from "./generate.ts";
import { format } from "./rational.ts";

const levels = [1, 2, 3, 4];

test("every line of a solution is true, and each result but the last is used by a later line", () => {
  for (const level of levels) {
    for (let index = 0; index < 500; index++) {
      const { solutions, kind } = problemAt(6, "train", index, { level });
      const lines = solutions.terse.split("\n").slice(0, -1);
      const results: string[] = [];
      for (const line of lines.filter((each) => !each.startsWith("="))) {
        const [left, result] = line.split("=");
        assert.equal(format(evaluate(parseExpression(left))), format(evaluate(parseExpression(result))), line);
        results.push(result);
      }
      if (kind !== "word") continue;
      for (const [i, result] of results.slice(0, -1).entries()) {
        const later = lines.slice(i + 1).flatMap((line) => line.split("=")[0].split(/[-+*/]/));
        assert.ok(later.includes(result), solutions.terse);
      }
    }
  }
});

test("the answer of a bare expression is its exact value", () => {
  const bare = { addition: 1, subtraction: 1, multiplication: 1, division: 1, mixed: 1, decimals: 1 };
  for (const level of levels) {
    for (let index = 0; index < 300; index++) {
      const { question, answer } = problemAt(5, "train", index, { kinds: bare, level });
      assert.equal(answer, format(evaluate(parseExpression(question))), question);
    }
  }
});

test("percentages and fractions of a number have the exact value as answer", () => {
  for (let index = 0; index < 300; index++) {
    const { question, answer } = problemAt(5, "train", index, { kinds: { percent: 1, fractions: 1 }, level: 2 });
    assert.equal(answer, format(evaluate(parseExpression(question.replace(" of ", "*")))), question);
  }
});

test("every style of a problem earns the reward, and the answer of a word problem is a natural number", () => {
  for (const level of levels) {
    for (let index = 0; index < 200; index++) {
      const problem = problemAt(2, "train", index, { level });
      for (const text of Object.values(problem.solutions)) assert.equal(reward(text, problem.answer), 1);
      assert.equal(problem.solutions.direct, `#### ${problem.answer}`);
      if (problem.kind === "word") assert.match(problem.answer, /^[1-9]\d*$/, problem.question);
    }
  }
});

test("a problem depends on seed, split and index alone", () => {
  assert.deepEqual(problemAt(1, "train", 9), problemAt(1, "train", 9));
  const questions = [
    problemAt(1, "train", 9),
    problemAt(2, "train", 9),
    problemAt(1, "train", 10),
    problemAt(1, "held-out", 9),
  ];
  assert.equal(new Set(questions.map(({ question }) => question)).size, 4);
});

test("styles are drawn by their weights and leave the question alone", () => {
  const styled = Array.from({ length: 400 }, (_, i) => problemAt(1, "train", i, { style: { direct: 3, steps: 1 } }));
  const direct = styled.filter(({ style }) => style === "direct").length;
  assert.ok(direct > 250 && direct < 350, `${direct} of 400`);
  for (const [i, { question }] of styled.entries()) assert.equal(question, problemAt(1, "train", i).question);
});

test("no held-out question is ever a training question, in any order of operands", () => {
  const options = { level: { 1: 1, 2: 1, 3: 1, 4: 1 } };
  const heldOut = new Set(
    distinctProblems(1, "held-out", 400, options).map(({ question }) => canonicalQuestion(question)),
  );
  assert.equal(heldOut.size, 400);
  for (let index = 0; index < 4000; index++) {
    const { question } = problemAt(1, "train", index, options);
    assert.ok(!heldOut.has(canonicalQuestion(question)), question);
  }
  assert.equal(canonicalQuestion("8*47"), canonicalQuestion("47 * 8"));
  assert.equal(canonicalQuestion("2+3*4"), canonicalQuestion("4*3+2"));
  assert.notEqual(canonicalQuestion("8-5"), canonicalQuestion("5-8"));
});

test("about one question in eight is held out", () => {
  let heldOut = 0;
  for (let a = 10; a < 100; a++) for (let b = a; b < 100; b++) if (splitOf(`${a}*${b}`) === "held-out") heldOut++;
  const share = heldOut / ((90 * 91) / 2);
  assert.ok(Math.abs(share - 1 / 8) < 0.02, String(share));
});

test("solutions fit a context of 384 bytes at every level, 192 at levels 1 and 2", () => {
  for (const level of levels) {
    for (let index = 0; index < 500; index++) {
      const { question, solution } = problemAt(4, "train", index, { level });
      const length = question.length + 1 + solution.length;
      assert.ok(length <= (level < 3 ? 192 : 384), `${length} bytes: ${question}`);
    }
  }
});

test("bad options are named", () => {
  const random = stream(1, { purpose: "test" });
  assert.throws(() => generate(random, { level: 5 }), /level from 1 to 4, found 5/);
  assert.throws(() => generate(random, { kinds: { logic: 1 } as never }), /unknown kind "logic"/);
  assert.throws(() => generate(random, { kinds: {} }), /positive sum/);
  assert.throws(() => generate(random, { style: "poem" as never }), /unknown style "poem"/);
});
