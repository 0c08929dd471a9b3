/**
 * From finished runs to the record that the report shows.
 *
 * @module
 */

import { availableParallelism, cpus } from "node:os";
import { meanInterval } from "@gradus/evals";
import { formatDuration } from "../progress.ts";
import { improvements } from "../report/abilities.ts";
import type {
  AbilityRecord,
  AccountRecord,
  AccuracyRecord,
  EvaluationRecord,
  RunRecord,
  SampleRecord,
  SettingValue,
} from "../report/record.ts";
import { listText } from "./account.ts";
import { type Configuration, recipeStages, type Stage, stageLabels, stages } from "./configuration.ts";
import type { FinishedRun } from "./train.ts";

/** What a session leaves. */
export interface FinishedSession {
  readonly runs: readonly FinishedRun[];
  /** Path of the report; the combined one where there are several runs. */
  readonly report: string;
  /** A run's folder that can be asked questions. */
  readonly asked: string;
}

/** Mean over runs with Student's t interval; one run keeps its own interval. */
function overRuns(records: readonly AccuracyRecord[]): AccuracyRecord {
  if (records.length === 1) return records[0];
  const { mean, low, high } = meanInterval(records.map(({ accuracy }) => accuracy));
  return { accuracy: mean, low: Math.max(0, low), high: Math.min(1, high), n: records[0].n };
}

function evaluationOf(runs: readonly FinishedRun[], stage: Stage): EvaluationRecord {
  const evaluations = runs.map((run) => run.evaluations[stage]);
  const kinds = Object.keys(evaluations[0].byKind);
  return {
    stage,
    ...overRuns(evaluations),
    ...(runs.length > 1 ? { runs: evaluations.map(({ accuracy }) => accuracy) } : {}),
    byKind: Object.fromEntries(kinds.map((kind) => [kind, overRuns(evaluations.map(({ byKind }) => byKind[kind]))])),
  };
}

function abilityOf(runs: readonly FinishedRun[], stage: Stage): AbilityRecord {
  const full = runs.map((run) => run.full[stage]);
  const atK = (of: (each: (typeof full)[number]) => AbilityRecord["passAtK"]) =>
    of(full[0]).map(({ k }, i) => ({ k, ...overRuns(full.map((each) => of(each)[i])) }));
  return {
    stage,
    greedy: overRuns(runs.map((run) => run.evaluations[stage])),
    program: overRuns(full.map((each) => each.program)),
    toolIntegrated: overRuns(full.map((each) => each.toolIntegrated)),
    majorityAtK: atK((each) => each.majorityAtK),
    passAtK: atK((each) => each.passAtK),
  };
}

function accountsOf({ accounts }: FinishedRun): AccountRecord[] {
  return recipeStages.map((stage) => {
    const { seconds, consumed, produced } = accounts[stage];
    return { label: stageLabels[stage], seconds, consumed: listText(consumed), produced: listText(produced) };
  });
}

/** Held-out problems whose answers changed first, then others. */
function samplesOf({ evaluations, problems }: FinishedRun, count: number): SampleRecord[] {
  const samples = problems.heldOut.map(({ question, kind, answer }, i) => ({
    question,
    kind,
    answer,
    before: pickAnswer(evaluations.sft.answers[i]),
    after: pickAnswer(evaluations.grpo.answers[i]),
  }));
  const interest = ({ before, after }: SampleRecord) => (before.correct === after.correct ? 2 : after.correct ? 0 : 1);
  const fixed = samples.filter((sample) => interest(sample) === 0);
  const broken = samples.filter((sample) => interest(sample) === 1);
  const same = samples.filter((sample) => interest(sample) === 2);
  const shares = [Math.ceil(count / 2), Math.ceil(count / 6), count];
  return [fixed, broken, same].flatMap((group, i) => group.slice(0, shares[i])).slice(0, count);
}

function pickAnswer({ text, correct }: { text: string; correct: boolean }): { text: string; correct: boolean } {
  return { text, correct };
}

/** What the runs ran on. */
export function environment(threads?: number): Record<string, SettingValue> {
  const deno = (globalThis as { Deno?: { version: { deno: string } } }).Deno;
  return {
    runtime: deno ? `Deno ${deno.version.deno}` : `Node ${process.versions.node}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    threads: threads ?? "all cores",
    platform: `${process.platform} ${process.arch}`,
  };
}

const byRule = "1 for a completion whose final answer is exactly right and 0 otherwise";

/** What a stage rewards, in words. */
function rewardedFor({ grpo, iteration, rewardModel }: Configuration, stage: Stage): string | undefined {
  const byModel = `what the ${rewardModel.kind} reward model says`;
  if (stage === "grpo") return grpo.reward === "rule" ? byRule : byModel;
  if (stage !== "iteration") return undefined;
  if (iteration.ending === "model") return byModel;
  const end = `1 if the final answer is exactly right and else 0`;
  return rewardModel.kind === "outcome"
    ? `the mean of ${byModel} and of the rule: ${end}`
    : `${byModel} of each line; the last line's is the rule's: ${end}`;
}

/** The record of one run, or of several with different seeds. */
export function runRecord(runs: readonly FinishedRun[], settings: Readonly<Record<string, SettingValue>>): RunRecord {
  const [first] = runs;
  const { seed: _, ...configuration } = first.configuration;
  return {
    title: `DeepSeekMath recipe on ${first.problems.title}`,
    startedAt: first.startedAt,
    seconds: runs.reduce((total, run) => total + stages.reduce((sum, stage) => sum + run.totals[stage].seconds, 0), 0),
    parameters: first.parameters,
    seeds: runs.map((run) => run.configuration.seed),
    stages: stages.map((stage) => {
      const totals = runs.map((run) => run.totals[stage]);
      const sum = (of: (total: (typeof totals)[number]) => number) =>
        totals.reduce((total, entry) => total + of(entry), 0);
      return {
        stage,
        label: stageLabels[stage],
        rewarded: rewardedFor(first.configuration, stage),
        steps: sum((t) => t.steps),
        tokens: sum((t) => t.tokens),
        seconds: sum((t) => t.seconds),
      };
    }),
    metrics: runs.flatMap((run) =>
      run.metrics.map((record) => (runs.length > 1 ? { ...record, seed: run.configuration.seed } : record)),
    ),
    evaluations: stages.map((stage) => evaluationOf(runs, stage)),
    abilities: stages.map((stage) => abilityOf(runs, stage)),
    accounts: accountsOf(first),
    samples: samplesOf(first, 12),
    configuration: JSON.parse(JSON.stringify(configuration)) as Record<string, SettingValue>,
    environment: settings,
  };
}

/** What a session says at its end. */
export function sessionText({ runs, report, asked }: FinishedSession, seconds: number): string {
  const { stages: records, abilities = [], seeds } = runRecord(runs, {});
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const atMost = (list: AbilityRecord["passAtK"]) => list[list.length - 1];
  const { k } = atMost(abilities[0].passAtK);
  const head = ["", "greedy", "95% interval", "program", "tools", `maj@${k}`, `pass@${k}`];
  const rows = abilities.map(({ greedy, program, toolIntegrated, majorityAtK, passAtK }, i) => [
    records[i].label,
    percent(greedy.accuracy),
    `${percent(greedy.low)} to ${percent(greedy.high)}`,
    ...[program, toolIntegrated, atMost(majorityAtK), atMost(passAtK)].map(({ accuracy }) => percent(accuracy)),
  ]);
  const widths = head.map((_, c) => Math.max(...[head, ...rows].map((row) => row[c].length)));
  const lines = [head, ...rows].map(
    (row) => `  ${row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[0]))).join("  ")}`,
  );
  const out = asked === "runs/default" ? "" : ` --out ${asked}`;
  return [
    "",
    `Held-out accuracy (${seeds.length > 1 ? `mean of ${seeds.length} seeds, ` : ""}95% interval)`,
    ...lines,
    "",
    ...improvements(abilities, (stage) => stageLabels[stage as Stage]),
    "",
    `Report      ${report}`,
    `Ask it      npm start -- ask "17*23"${out}`,
    `Time        ${formatDuration(seconds)}`,
  ].join("\n");
}
