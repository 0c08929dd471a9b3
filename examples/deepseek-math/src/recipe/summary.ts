/**
 * From finished runs to the record that the report shows.
 *
 * @module
 */

import { availableParallelism, cpus } from "node:os";
import { meanInterval } from "@gradus/evals";
import { formatDuration } from "../progress.ts";
import type { AccuracyRecord, EvaluationRecord, RunRecord, SampleRecord, SettingValue } from "../report/record.ts";
import { type Stage, stageLabels, stages } from "./configuration.ts";
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
        steps: sum((t) => t.steps),
        tokens: sum((t) => t.tokens),
        seconds: sum((t) => t.seconds),
      };
    }),
    metrics: runs.flatMap((run) =>
      run.metrics.map((record) => (runs.length > 1 ? { ...record, seed: run.configuration.seed } : record)),
    ),
    evaluations: stages.map((stage) => evaluationOf(runs, stage)),
    samples: samplesOf(first, 12),
    configuration: JSON.parse(JSON.stringify(configuration)) as Record<string, SettingValue>,
    environment: settings,
  };
}

/** What a session says at its end. */
export function sessionText({ runs, report, asked }: FinishedSession, seconds: number): string {
  const { stages: records, evaluations, seeds } = runRecord(runs, {});
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const lines = evaluations.map(({ stage, accuracy, low, high }, i) =>
    [
      `  ${records[i].label.padEnd(14)}${percent(accuracy).padStart(6)}`,
      `(${percent(low)} to ${percent(high)})`,
      ...(stage === "grpo" ? [`${difference(accuracy - evaluations[i - 1].accuracy)} points`] : []),
    ].join("  "),
  );
  const out = asked === "runs/default" ? "" : ` --out ${asked}`;
  return [
    "",
    `Held-out accuracy (${seeds.length > 1 ? `mean of ${seeds.length} seeds, ` : ""}95% interval)`,
    ...lines,
    "",
    `Report      ${report}`,
    `Ask it      npm start -- ask "17*23"${out}`,
    `Time        ${formatDuration(seconds)}`,
  ].join("\n");
}

function difference(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
}
