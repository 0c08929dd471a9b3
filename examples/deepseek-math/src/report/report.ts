/**
 * The report of a run: one HTML file that needs nothing else, readable in light and dark, on paper and by ear.
 *
 * @module
 */

import { formatDuration } from "../progress.ts";
import { writeWhole } from "../run/files.ts";
import { abilitySection, accountSection } from "./abilities.ts";
import { intervalChart, lineChart, percent, shortNumber } from "./charts.ts";
import { type Child, html, type Markup } from "./html.ts";
import type { AnswerRecord, EvaluationRecord, RunRecord, SampleRecord, SettingValue } from "./record.ts";
import type { Point } from "./scale.ts";
import { style } from "./style.ts";

function share(value: number): string {
  return `${shortNumber(100 * value)}%`;
}

/** Metrics of reinforcement learning that are drawn where a stage has them, in this order. */
const policyCharts: readonly {
  metric: string;
  title: string;
  include?: readonly number[];
  format?: (value: number) => string;
  /** Whether a curve that is 0 throughout is left out: one update for each exploration never clips. */
  omitZero?: boolean;
}[] = [
  { metric: "reward", title: "Mean reward", include: [0, 1] },
  { metric: "kl", title: "KL to the reference, nats", include: [0] },
  { metric: "entropy", title: "Entropy, nats", include: [0] },
  { metric: "length", title: "Response length, tokens", include: [0] },
  { metric: "zeroVariance", title: "Groups without variance", include: [0, 1], format: share },
  { metric: "clipFraction", title: "Clipped tokens", include: [0], format: share, omitZero: true },
  { metric: "gradientNorm", title: "Gradient norm", include: [0] },
];

/**
 * The report as a complete HTML document. All text from the record is escaped.
 *
 * @example
 * ```ts ignore
 * await writeFile("report.html", renderReport(JSON.parse(await readFile("run.json", "utf8"))));
 * ```
 */
export function renderReport(run: RunRecord): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${run.title} – Gradus</title>
<style>${{ markup: style }}</style>
</head>
<body>
<main>
${header(run)}
${accuracySection(run)}
${abilitySection(run)}
${lossSection(run)}
${policySection(run)}
${kindSection(run)}
${sampleSection(run)}
${accountSection(run)}
${settingsSection(run)}
<footer>Made by Gradus. This page is complete in itself: it loads nothing and sends nothing.</footer>
</main>
</body>
</html>
`;
  return page.markup;
}

/** Renders the report and puts it in place in one move, so that a reader never sees half of it. */
export async function writeReport(path: string, run: RunRecord): Promise<void> {
  await writeWhole(path, renderReport(run));
}

function labelOf(run: RunRecord, stage: string): string {
  return run.stages.find((each) => each.stage === stage)?.label ?? stage;
}

/** A stage's colour, 1 to 4: its place among the stages. */
function colorOf(run: RunRecord, stage: string): number {
  return Math.min(
    4,
    Math.max(
      0,
      run.stages.findIndex((each) => each.stage === stage),
    ) + 1,
  );
}

function section(title: string, note: Child, ...body: readonly Child[]): Markup {
  return html`<section>
<h2>${title}</h2>
<p class="note">${note}</p>
${body}
</section>`;
}

function points(before: number, after: number): string {
  const difference = Math.round(1000 * (after - before)) / 10;
  return `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(1)}`;
}

function header(run: RunRecord): Markup {
  const [last, before] = [run.evaluations.at(-1), run.evaluations.at(-2)];
  const tokens = run.stages.reduce((sum, stage) => sum + stage.tokens, 0);
  const number = (term: string, value: string, detail?: string): Markup =>
    html`<div><dt>${term}</dt><dd>${value}${detail && html`<small>${detail}</small>`}</dd></div>`;
  return html`<header>
<p class="eyebrow">Gradus training report, ${new Date(run.startedAt).toISOString().slice(0, 16).replace("T", " ")} UTC</p>
<h1>${run.title}</h1>
<p class="lead">${summary(run)}</p>
<dl class="numbers">
${last && number("Held-out accuracy", percent(last.accuracy), `95%: ${percent(last.low).slice(0, -1)}–${percent(last.high)}`)}
${last && before && number(`Gained by ${labelOf(run, last.stage)}`, points(before.accuracy, last.accuracy), `points over ${labelOf(run, before.stage)}`)}
${number("Parameters", `${shortNumber(run.parameters / 1e6)}M`)}
${number("Tokens", `${shortNumber(tokens / 1e6)}M`, "trained and sampled")}
${number("Training time", formatDuration(run.seconds), run.seeds.length > 1 ? `${run.seeds.length} seeds` : `seed ${run.seeds[0]}`)}
</dl>
</header>`;
}

function summary(run: RunRecord): string {
  if (run.evaluations.length === 0) return "The run has not been evaluated.";
  const [first, ...others] = run.evaluations.map(
    (each) => `${percent(each.accuracy)} after ${labelOf(run, each.stage)}`,
  );
  const n = run.evaluations[0].n.toLocaleString("en-US");
  const rest = others.length ? `, ${[...others.slice(0, -1), `and ${others.at(-1)}`].join(", ")}` : "";
  return `A model that started from random weights answers held-out problems: ${first}${rest}. Measured on ${n} problems it never trained on.`;
}

function accuracySection(run: RunRecord): Child {
  if (run.evaluations.length === 0) return undefined;
  const title = "Held-out accuracy by stage";
  const rows = run.evaluations.map((each) => ({
    ...each,
    label: labelOf(run, each.stage),
    color: colorOf(run, each.stage),
  }));
  const several = run.evaluations.some(({ runs }) => runs);
  const note = several
    ? `Bars are means over ${run.seeds.length} seeds, the dots below them single runs, whiskers 95% intervals.`
    : "Whiskers are 95% intervals (Wilson).";
  return section(title, note, html`<div class="panel">${intervalChart(title, rows)}</div>`);
}

/** The curves of a metric in a stage, one for each seed. */
function seriesOf(run: RunRecord, stage: string, metric: string): Point[][] {
  const bySeed = new Map<unknown, Point[]>();
  for (const row of run.metrics) {
    const y = row[metric];
    if (row.stage !== stage || typeof y !== "number" || !Number.isFinite(y)) continue;
    const points = bySeed.get(row.seed);
    if (points) points.push({ x: row.step, y });
    else bySeed.set(row.seed, [{ x: row.step, y }]);
  }
  return [...bySeed.values()];
}

function lossSection(run: RunRecord): Child {
  const charts = run.stages.flatMap(({ stage, label }) => {
    const series = seriesOf(run, stage, "loss");
    const isPolicy = seriesOf(run, stage, "reward").length > 0;
    return isPolicy ? [] : [lineChart({ title: label, series, color: colorOf(run, stage), include: [0], wide: true })];
  });
  if (!charts.some(Boolean)) return undefined;
  const note =
    "Cross-entropy in nats a token, by optimiser step. The pale line is each step, the strong one its moving average.";
  return section("Training loss", note, html`<div class="panels two">${charts}</div>`);
}

function policySection(run: RunRecord): Child {
  return run.stages.map(({ stage, label, rewarded }) => {
    if (seriesOf(run, stage, "reward").length === 0) return undefined;
    const color = colorOf(run, stage);
    const charts = policyCharts.map(({ metric, omitZero, ...chart }) => {
      const series = seriesOf(run, stage, metric);
      if (omitZero && series.flat().every(({ y }) => y === 0)) return undefined;
      return lineChart({ ...chart, series, color });
    });
    const reward = rewarded === undefined ? "" : ` The reward is ${rewarded}.`;
    const note = `By exploration step.${reward} A group in which all rewards are alike teaches nothing.`;
    return section(label, note, html`<div class="panels">${charts}</div>`);
  });
}

function kindSection(run: RunRecord): Child {
  const kinds = [...new Set(run.evaluations.flatMap(({ byKind }) => Object.keys(byKind)))];
  if (kinds.length === 0) return undefined;
  const [last, before] = [run.evaluations.at(-1), run.evaluations.at(-2)];
  const cell = (evaluation: EvaluationRecord, kind: string): Markup => {
    const value = evaluation.byKind[kind];
    if (!value) return html`<td>–</td>`;
    return html`<td class="c${colorOf(run, evaluation.stage)}" title="95% interval ${percent(value.low)} to ${percent(value.high)}, ${value.n} problems">${percent(value.accuracy, 0)}<span class="meter"><i style="width:${(100 * value.accuracy).toFixed(1)}%"></i></span></td>`;
  };
  const change = (old: number | undefined, now: number | undefined): Markup => {
    if (old === undefined || now === undefined) return html`<td>–</td>`;
    return html`<td class="${now > old ? "up" : now < old ? "down" : ""}">${points(old, now)}</td>`;
  };
  const rows = kinds.map(
    (kind) =>
      html`<tr><th scope="row">${capitalize(kind)}</th><td>${(last ?? before)?.byKind[kind]?.n ?? "–"}</td>${run.evaluations.map((each) => cell(each, kind))}${before && change(before.byKind[kind]?.accuracy, last?.byKind[kind]?.accuracy)}</tr>`,
  );
  return section(
    "Accuracy by kind of problem",
    before &&
      last &&
      `The last column is the change from ${labelOf(run, before.stage)} to ${labelOf(run, last.stage)} in points.`,
    html`<div class="panel"><table>
<thead><tr><th scope="col">Kind</th><th scope="col">Problems</th>${run.evaluations.map((each) => html`<th scope="col">${labelOf(run, each.stage)}</th>`)}${before && html`<th scope="col">Change</th>`}</tr></thead>
<tbody>
${rows}
</tbody>
<tfoot><tr><th scope="row">All</th><td>${last?.n}</td>${run.evaluations.map((each) => cell({ ...each, byKind: { all: each } }, "all"))}${before && change(before.accuracy, last?.accuracy)}</tr></tfoot>
</table></div>`,
  );
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sampleSection(run: RunRecord): Child {
  if (run.samples.length === 0) return undefined;
  const [last, before] = [run.evaluations.at(-1), run.evaluations.at(-2)];
  const [beforeLabel, afterLabel] = [before, last].map((each) => (each ? labelOf(run, each.stage) : ""));
  const side = (label: string, answer: AnswerRecord): Markup =>
    html`<div><h4>${label}<span class="mark ${answer.correct ? "right" : "wrong"}">${answer.correct ? "✓ right" : "✗ wrong"}</span></h4><pre>${answer.text}</pre></div>`;
  const sample = (each: SampleRecord): Markup => html`<article class="sample">
<header><h3>${each.question}</h3><p>${each.kind}, answer ${each.answer}</p></header>
<div class="sides">${side(`After ${beforeLabel}`, each.before)}${side(`After ${afterLabel}`, each.after)}</div>
</article>`;
  return section(
    "Solutions before and after",
    "Held-out problems, answered greedily by the two checkpoints.",
    run.samples.map(sample),
  );
}

function flatten(settings: Readonly<Record<string, SettingValue>>, prefix = ""): [string, string][] {
  return Object.entries(settings).flatMap(([name, value]): [string, string][] => {
    if (Array.isArray(value)) return [[prefix + name, value.map(String).join(", ")]];
    if (typeof value === "object" && value !== null)
      return flatten(value as Record<string, SettingValue>, `${prefix}${name}.`);
    return [[prefix + name, String(value)]];
  });
}

function settingsSection(run: RunRecord): Markup {
  const list = (entries: readonly [string, string][]): Markup =>
    html`<dl class="settings">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
  const timings = run.stages.map(
    ({ label, steps, tokens, seconds }) =>
      html`<tr><th scope="row">${label}</th><td>${steps.toLocaleString("en-US")}</td><td>${tokens.toLocaleString("en-US")}</td><td>${formatDuration(seconds)}</td><td>${seconds > 0 ? Math.round(tokens / seconds).toLocaleString("en-US") : "–"}</td></tr>`,
  );
  return section(
    "How it was made",
    `Every random choice comes from ${run.seeds.length > 1 ? "the seeds" : "the seed"} ${run.seeds.join(", ")}: the same configuration and versions give the same run.`,
    html`<div class="panel"><table>
<thead><tr><th scope="col">Stage</th><th scope="col">Steps</th><th scope="col">Tokens</th><th scope="col">Time</th><th scope="col">Tokens a second</th></tr></thead>
<tbody>${timings}</tbody>
</table></div>
<h3 class="group">Configuration</h3>
${list(flatten(run.configuration))}
<h3 class="group">Environment</h3>
${list(flatten(run.environment))}`,
  );
}
