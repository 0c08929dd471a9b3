import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { defaultConfiguration } from "../configuration/load.ts";
import { canonicalQuestion } from "../problems/dataset.ts";
import { inFolder } from "../testing/processes.ts";
import { reward } from "../verify.ts";
import { drawSolution, openProblems, type ProblemSource } from "./problem_source.ts";

const gsm8k = fileURLToPath(new URL("../../../../../shared/data/gsm8k", import.meta.url));

/** Fails when a held-out question, in any order of its operands, is among the first problems of a training stage. */
function assertApart(problems: ProblemSource, count: number): void {
  const heldOut = new Set(problems.heldOut.map(({ question }) => canonicalQuestion(question)));
  assert.equal(heldOut.size, problems.heldOut.length, "held-out questions are different");
  const check = (stage: string, { question }: { question: string }) =>
    assert.ok(!heldOut.has(canonicalQuestion(question)), `${stage}: ${question}`);
  for (let index = 0; index < count; index++) {
    check("pre-training", problems.pretraining(index));
    check("practice", problems.practice(index));
  }
  for (const problem of problems.sft) check("SFT", problem);
}

test("no held-out question is in any training stage", async () => {
  for (const seed of [1, 2]) assertApart(await openProblems(defaultConfiguration({ seed })), 3000);
});

test("GSM8K's test expressions are not in the generated text either", async () => {
  await inFolder(async (folder) => {
    const rows = (expressions: readonly string[]) =>
      expressions
        .map((text) => JSON.stringify({ question: "?", answer: `<<${text}>>\n#### 1` }))
        .map((line) => `${line}\n`)
        .join("");
    // Every sum of small numbers: the generator makes many of them.
    const sums = Array.from({ length: 400 }, (_, i) => [1 + (i % 20), 1 + Math.floor(i / 20)]).filter(
      ([a, b]) => a <= b,
    );
    await writeFile(join(folder, "train.jsonl"), rows(["100+200=300", "7*800=5600"]));
    await writeFile(join(folder, "test.jsonl"), rows(sums.map(([a, b]) => `${a}+${b}=${a + b}`)));
    const configuration = { ...defaultConfiguration({ seed: 1, data: folder }) };
    const problems = await openProblems(configuration);
    assert.ok(problems.heldOut.length > 100);
    assertApart(problems, 1500);
  });
});

const skip = existsSync(gsm8k) ? false : "GSM8K is not here";
test("GSM8K: held-out expressions are apart, and every solution earns the reward", { skip }, async () => {
  const configuration = defaultConfiguration({ seed: 1, data: gsm8k });
  const problems = await openProblems(configuration);
  // All of them, in whatever order: 9,607 expressions, of which four are longer than the model reads.
  for (let i = 0; i < 9700; i++) {
    const { question, solutions } = problems.practice(i);
    for (const solution of Object.values(solutions))
      assert.ok(question.length + solution.length + 2 <= configuration.model.maxPositions, question);
  }
  assert.equal(problems.heldOut.length, defaultConfiguration({ seed: 1 }).evaluation.problems);
  assertApart(problems, 2000);
  for (let i = 0; i < 200; i++) {
    const problem = problems.practice(i);
    for (const solution of Object.values(problem.solutions)) assert.equal(reward(solution, problem.answer), 1);
  }
});

test("stages read different stretches, the same for the same seed; held-out problems are the same for all seeds", async () => {
  const [a, b, other] = await Promise.all([1, 1, 2].map((seed) => openProblems(defaultConfiguration({ seed }))));
  const questions = (of: (index: number) => { question: string }) =>
    Array.from({ length: 50 }, (_, i) => of(i).question).join();
  assert.equal(questions(a.pretraining), questions(b.pretraining));
  assert.equal(questions(a.practice), questions(b.practice));
  assert.notEqual(questions(a.pretraining), questions(other.pretraining));
  assert.notEqual(questions(a.pretraining), questions(a.practice));
  assert.notEqual(
    questions((i) => a.sft[i]),
    questions(a.practice),
  );
  assert.deepEqual(a.heldOut, other.heldOut);
});

test("styles are drawn in proportion to their weights, and one that has none never", async () => {
  const { pretraining } = await openProblems(defaultConfiguration({ seed: 1 }));
  const counts = { steps: 0, terse: 0, direct: 0 };
  const problem = { ...pretraining(0), solutions: { steps: "steps", terse: "terse", direct: "direct" } };
  for (let i = 0; i < 2000; i++)
    counts[drawSolution(problem, 1, "sft", i, { steps: 3, direct: 1 }) as keyof typeof counts]++;
  assert.equal(counts.terse, 0);
  assert.ok(Math.abs(counts.steps - 1500) < 100, `${counts.steps}`); // ±5 standard deviations
});
