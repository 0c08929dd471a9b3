import assert from "node:assert/strict";
import { test } from "node:test";
import { tinyConfiguration } from "../testing/tiny.ts";
import type { Evaluation } from "./evaluate.ts";
import type { RecipeProblem } from "./problem_source.ts";
import { runRecord, sessionText } from "./summary.ts";
import type { FinishedRun } from "./train.ts";

const heldOut: RecipeProblem[] = Array.from({ length: 10 }, (_, i) => ({
  question: `${i}+1`,
  answer: String(i + 1),
  kind: i < 5 ? "small" : "large",
  solutions: { steps: "", terse: "", direct: "" },
}));

function evaluation(right: readonly number[]): Evaluation {
  const share = (part: readonly RecipeProblem[]) => {
    const accuracy = part.filter((problem) => right.includes(heldOut.indexOf(problem))).length / part.length;
    return { accuracy, low: accuracy / 2, high: (1 + accuracy) / 2, n: part.length };
  };
  return {
    ...share(heldOut),
    byKind: { small: share(heldOut.slice(0, 5)), large: share(heldOut.slice(5)) },
    answers: heldOut.map((_, i) => ({ text: `answer ${i}`, correct: right.includes(i) })),
    tokens: 50,
  };
}

function finished(seed: number, right: readonly number[]): FinishedRun {
  const totals = { steps: 4, tokens: 100, seconds: 2 };
  return {
    configuration: tinyConfiguration({ seed, scale: 1 }),
    startedAt: "2020-01-01T00:00:00Z",
    totals: { pretraining: totals, sft: totals, grpo: totals },
    metrics: [{ stage: "sft", step: 1, loss: 1 }],
    evaluations: { pretraining: evaluation([]), sft: evaluation([0, 5]), grpo: evaluation(right) },
    problems: {
      title: "built-in problems",
      pretraining: () => heldOut[0],
      practice: () => heldOut[0],
      sft: [],
      heldOut,
    },
    parameters: 1234,
  };
}

test("one run keeps its own intervals", () => {
  const record = runRecord([finished(7, [0, 1, 2])], { cores: 2 });
  assert.deepEqual(record.seeds, [7]);
  assert.equal(record.seconds, 6);
  const last = record.evaluations[2];
  assert.deepEqual([last.accuracy, last.low, last.high, last.runs], [0.3, 0.15, 0.65, undefined]);
  assert.deepEqual(record.metrics, [{ stage: "sft", step: 1, loss: 1 }]);
  assert.ok(!("seed" in record.configuration));
});

test("several runs give the mean with Student's t interval", () => {
  const record = runRecord(
    [finished(1, [0, 1, 2, 3]), finished(2, [0, 1, 2, 3, 4]), finished(3, [0, 1, 2, 3, 4, 5])],
    {},
  );
  const { accuracy, low, high, runs } = record.evaluations[2];
  // 0.4, 0.5, 0.6: standard error 0.1/√3, and t(0.975, 2 degrees of freedom) = 4.302653 from the tables.
  const half = (4.302653 * 0.1) / Math.sqrt(3);
  assert.ok(Math.abs(accuracy - 0.5) < 1e-12);
  assert.ok(Math.abs(low - (0.5 - half)) < 1e-6 && Math.abs(high - (0.5 + half)) < 1e-6, `${low} ${high}`);
  assert.deepEqual(runs, [0.4, 0.5, 0.6]);
  assert.deepEqual([...new Set(record.metrics.map(({ seed }) => seed))], [1, 2, 3]);
  assert.deepEqual(
    record.stages.map(({ tokens }) => tokens),
    [300, 300, 300],
  );
});

test("samples show what GRPO repaired, then what it broke, then others", () => {
  const { samples } = runRecord([finished(1, [1, 2, 5])], {});
  assert.deepEqual(
    samples.slice(0, 3).map(({ question, before, after }) => [question, before.correct, after.correct]),
    [
      ["1+1", false, true],
      ["2+1", false, true],
      ["0+1", true, false],
    ],
  );
  assert.equal(samples.length, 10);
});

test("the text at the end has each stage with its interval, the gain, and where to go from there", () => {
  const session = { runs: [finished(1, [0, 1, 2])], report: "runs/x/report.html", asked: "runs/x" };
  assert.equal(
    sessionText(session, 200),
    `
Held-out accuracy (95% interval)
  Pre-training    0.0%  (0.0% to 50.0%)
  SFT            20.0%  (10.0% to 60.0%)
  GRPO           30.0%  (15.0% to 65.0%)  +10.0 points

Report      runs/x/report.html
Ask it      npm start -- ask "17*23" --out runs/x
Time        3 min 20 s`,
  );
  assert.match(sessionText({ ...session, asked: "runs/default" }, 1), /ask "17\*23"\nTime/);
});
