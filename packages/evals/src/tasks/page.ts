/**
 * An evaluation as one self-contained page: figures, curves over k, and the answers.
 *
 * @module
 */

import { curves } from "./curves.ts";
import type { Evaluation } from "./evaluate.ts";
import type { JudgedSample, ProblemResult, Score } from "./scores.ts";

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text with the five characters that mean something in HTML replaced. */
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]);

const percent = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)}%`);
const interval = ({ value, low, high }: Score): string =>
  `<td class="figure">${percent(value)}</td><td class="range">${percent(low)} to ${percent(high)}</td>`;

const style = `
:root { color-scheme: light dark; --paper: #fbfaf8; --ink: #1d1c1a; --muted: #6b6861; --line: #e5e2db; --c1: #0f766e; --c2: #6d4fa3; --bad: #b4432f; }
@media (prefers-color-scheme: dark) { :root { --paper: #161614; --ink: #eceae4; --muted: #a19d93; --line: #33322e; --c1: #4fbfb2; --c2: #ab92dc; --bad: #e58a74; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 ui-sans-serif, system-ui, sans-serif; }
main { max-width: 920px; margin: 0 auto; padding: 48px 24px; }
h1, h2 { font-family: Georgia, serif; font-weight: 500; line-height: 1.2; }
h2 { margin: 44px 0 10px; }
p, dt, .range, th { color: var(--muted); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; font-weight: 400; padding: 5px 24px 5px 0; border-top: 1px solid var(--line); }
.figure { font-weight: 600; }
svg { max-width: 560px; width: 100%; height: auto; font: 12px ui-sans-serif, system-ui, sans-serif; fill: var(--muted); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; } dd { margin: 0; }
details { border-top: 1px solid var(--line); padding: 8px 0; } summary { cursor: pointer; }
pre { font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0 14px; }
.right { color: var(--c1); } .wrong { color: var(--bad); }`;

/**
 * The page, as HTML. Nothing in it is loaded from elsewhere.
 *
 * @param options.answers problems whose answers are shown, wrong ones first. Default 40
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { evaluate, readProblems, tasks } from "@gradus/evals/tasks";
 *
 * const problems = readProblems(tasks.plain, [{ question: "Is 2 < 3?", answer: "yes" }]);
 * const page = formatPage(await evaluate({ task: tasks.plain, problems, sample: () => [["yes"]] }));
 * assert.ok(page.includes("Is 2 &lt; 3?"));
 * ```
 */
export function formatPage(evaluation: Evaluation, { answers = 40 }: { answers?: number } = {}): string {
  const { task, model, settings, scores, problems } = evaluation;
  const title = escapeHtml(model ? `${model} on ${task}` : task);
  const groups = [
    ["By subject", scores.bySubject],
    ["By level", scores.byLevel],
  ] as const;
  const rows = [
    [scores.samples > 1 ? "mean accuracy" : "accuracy", scores.accuracy] as const,
    ...(scores.weighted ? [[`weighted vote of ${scores.samples}`, scores.weighted] as const] : []),
    ...(scores.samples > 1 ? scores.majorityAtK.map((score) => [`maj@${score.k}`, score] as const) : []),
    ...(scores.samples > 1 ? scores.passAtK.map((score) => [`pass@${score.k}`, score] as const) : []),
  ];
  const shown = [...problems].sort((a, b) => rightShare(a) - rightShare(b)).slice(0, answers);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${style}</style>
<main>
<h1>${title}</h1>
<p>${scores.problems} problems, ${scores.samples} ${scores.samples === 1 ? "answer" : "answers"} each; no answer was found in ${percent(scores.unanswered)}. Ranges are 95% intervals over problems.</p>
<table>${rows.map(([name, score]) => `<tr><th>${name}</th>${interval(score)}</tr>`).join("")}</table>
${
  scores.samples > 1
    ? `<h2>More samples</h2>${curves([
        { name: "pass@k", color: "var(--c1)", points: scores.passAtK },
        { name: "maj@k", color: "var(--c2)", points: scores.majorityAtK },
      ])}`
    : ""
}
${groups
  .filter(([, group]) => Object.keys(group).length > 0)
  .map(
    ([name, group]) =>
      `<h2>${name}</h2><table>${Object.entries(group)
        .map(([key, score]) => `<tr><th>${escapeHtml(key)}</th>${interval(score)}<td>${score.problems}</td></tr>`)
        .join("")}</table>`,
  )
  .join("\n")}
<h2>Answers</h2>
<p>${shown.length} of ${problems.length} problems, those with the fewest right answers first.</p>
${shown.map(formatProblem).join("\n")}
<h2>Settings</h2>
<dl>${Object.entries(settings)
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(String(value))}</dd>`)
    .join("")}</dl>
</main></html>
`;
}

function rightShare({ samples }: ProblemResult): number {
  return samples.filter(({ correct }) => correct).length / samples.length;
}

function formatProblem(problem: ProblemResult): string {
  const right = problem.samples.filter(({ correct }) => correct).length;
  return `<details><summary><span class="${right ? "right" : "wrong"}">${right}/${problem.samples.length}</span> ${escapeHtml(problem.question)}</summary>
<p>Expected ${escapeHtml(problem.gold)}</p>${problem.samples.map(formatSample).join("")}</details>`;
}

function formatSample({ text, answer, correct, weight }: JudgedSample): string {
  const score = weight === undefined ? "" : `, weight ${Number(weight.toPrecision(3))}`;
  return `<span class="${correct ? "right" : "wrong"}">${answer === null ? "no answer" : escapeHtml(answer)}${score}</span><pre>${escapeHtml(text)}</pre>`;
}
