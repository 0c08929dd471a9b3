import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { verify } from "@gradus/math-verify";
import { loadProblems } from "../node/load.ts";
import { readProblems, type Task } from "./task.ts";
import { tasks } from "./tasks.ts";

/** What each task reads of a row in its publisher's form. */
const rows: [Task, Record<string, unknown>, { question: string; gold: string; subject?: string; level?: string }][] = [
  [tasks.gsm8k, { question: "2 + 3?", answer: "It is 5.\n#### 5" }, { question: "2 + 3?", gold: "5" }],
  [
    tasks.math,
    { problem: "Half?", level: "Level 2", type: "Algebra", solution: "$\\boxed{\\frac{1}{2}}$" },
    { question: "Half?", gold: "\\frac{1}{2}", subject: "Algebra", level: "2" },
  ],
  [
    tasks.math500,
    { problem: "Half?", answer: "\\frac12", subject: "Algebra", level: 2, unique_id: "test/algebra/1.json" },
    { question: "Half?", gold: "\\frac12", subject: "Algebra", level: "2" },
  ],
  [tasks.cmath, { question: "2加3？", golden: "5", grade: 1 }, { question: "2加3？", gold: "5", subject: "grade 1" }],
  [
    tasks.mgsmZh,
    { question: "2加3？", answer: null, answer_number: 1234, equation_solution: null },
    { question: "2加3？", gold: "1234" },
  ],
  [
    tasks.svamp,
    { Body: "Ann has 3 pens", Question: "How many?", Answer: 3.0, Type: "Addition" },
    { question: "Ann has 3 pens. How many?", gold: "3", subject: "Addition" },
  ],
  [
    tasks.asdiv,
    { body: "7 and 2.", question: "Sum?", answer: "9 (apples)", solution_type: "Addition" },
    { question: "7 and 2. Sum?", gold: "9", subject: "Addition" },
  ],
  [tasks.mawps, { input: "7 and 2?", target: 9.5 }, { question: "7 and 2?", gold: "9.5" }],
  [tasks.aime, { problem: "p", answer: "204", solution: "s" }, { question: "p", gold: "204" }],
  [tasks.amc, { question: "p", problem: "p", answer: 27.0 }, { question: "p", gold: "27" }],
  [tasks.plain, { question: "2 + 3?", answer: "5", kind: "sum" }, { question: "2 + 3?", gold: "5", subject: "sum" }],
];

test("each task reads rows in its publisher's form", () => {
  assert.deepEqual(new Set(rows.map(([{ name }]) => name)), new Set(Object.keys(tasks)));
  for (const [task, row, expected] of rows) {
    const [problem] = readProblems(task, [row]);
    for (const [key, value] of Object.entries(expected)) assert.equal(problem[key as "gold"], value, task.name);
  }
});

test("a row without what is needed is named with what it has", () => {
  for (const [task] of rows) {
    assert.throws(() => readProblems(task, [{ other: 1 }]), /Cannot read row 0 of \w+: expected .*, found other/);
  }
  assert.throws(() => readProblems(tasks.gsm8k, [{ question: "2 + 3?", answer: "5" }]), /row 0 of gsm8k: expected/);
  assert.throws(() => readProblems(tasks.plain, {} as []), /plain: rows must be a list of objects, found \{\}/);
  assert.throws(() => readProblems(tasks.plain, ["x"]), /expected an object, found "x"/);
  const twice = { id: "a", question: "q", answer: "1" };
  assert.throws(() => readProblems(tasks.plain, [twice, twice]), /row 1 of plain: its id a was there before/);
});

const data = new URL("../../../../../shared/data/", import.meta.url);
const files: [Task, string, number][] = [
  [tasks.gsm8k, "gsm8k", 1319],
  [tasks.math, "math", 5000],
  [tasks.svamp, "svamp", 1000],
  [tasks.asdiv, "asdiv", 2215],
  [tasks.mawps, "mawps", 2065],
  [tasks.aime, "aime24", 30],
  [tasks.amc, "amc23", 40],
];
for (const [task, folder, count] of files) {
  const file = new URL(`${folder}/test.jsonl`, data);
  test(`${task.title}: every problem of the published file is read, with an answer that equals itself`, {
    skip: !existsSync(file) && `${folder}/test.jsonl is not there`,
  }, async () => {
    const problems = await loadProblems(task, file);
    assert.equal(problems.length, count);
    const odd = problems.filter(({ gold }) => !verify(gold, `So it is $\\boxed{${gold}}$.`));
    assert.deepEqual(odd, []);
  });
}
