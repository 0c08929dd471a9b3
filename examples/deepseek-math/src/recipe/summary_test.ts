import assert from "node:assert/strict";
import { test } from "node:test";
import { tinyConfiguration } from "../testing/tiny.ts";
import { recipeStages, type StageName } from "./configuration.ts";
import type { Evaluation } from "./evaluate.ts";
import type { FullEvaluation } from "./full_evaluation.ts";
import type { RecipeProblem } from "./problem_source.ts";
import type { StageRecordFile } from "./run_directory.ts";
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

function full(accuracy: number): FullEvaluation {
  const share = { accuracy, low: accuracy / 2, high: (1 + accuracy) / 2, n: 10 };
  const atK = [1, 8].map((k) => ({ ...share, k }));
  const counts = { programs: 20, failures: 1 };
  return { program: share, toolIntegrated: share, ...counts, majorityAtK: atK, passAtK: atK };
}

const account = (stage: StageName) => ({ stage, consumed: { pages: 1200 }, produced: { kind: "x" }, seconds: 1 });

const accounts: Record<string, StageRecordFile> = Object.fromEntries(
  recipeStages.map((stage) => [stage, account(stage)]),
);

function finished(seed: number, right: readonly number[]): FinishedRun {
  const totals = { steps: 4, tokens: 100, seconds: 2 };
  return {
    configuration: tinyConfiguration({ seed, scale: 1 }),
    startedAt: "2020-01-01T00:00:00Z",
    totals: { pretraining: totals, sft: totals, grpo: totals, iteration: totals },
    metrics: [{ stage: "sft", step: 1, loss: 1 }],
    evaluations: {
      pretraining: evaluation([]),
      sft: evaluation([0, 5]),
      grpo: evaluation(right),
      iteration: evaluation(right),
    },
    full: { pretraining: full(0), sft: full(0.2), grpo: full(0.4), iteration: full(0.5) },
    accounts: accounts as Record<StageName, StageRecordFile>,
    problems: {
      title: "built-in problems",
      given: 0,
      isHeldOut: () => false,
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
  assert.equal(record.seconds, 8);
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
    [300, 300, 300, 300],
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
                  greedy    95% interval  program  tools  maj@8  pass@8
  Pre-training      0.0%   0.0% to 50.0%     0.0%   0.0%   0.0%    0.0%
  SFT              20.0%  10.0% to 60.0%    20.0%  20.0%  20.0%   20.0%
  GRPO             30.0%  15.0% to 65.0%    40.0%  40.0%  40.0%   40.0%
  Iterative GRPO   30.0%  15.0% to 65.0%    50.0%  50.0%  50.0%   50.0%

SFT improves on Pre-training by 20.0 points, within both intervals.
GRPO improves on SFT by 10.0 points, within both intervals.
Iterative GRPO is level with GRPO.

Report      runs/x/report.html
Ask it      npm start -- ask "17*23" --out runs/x
Time        3 min 20 s`,
  );
  assert.match(sessionText({ ...session, asked: "runs/default" }, 1), /ask "17\*23"\nTime/);
});
