/**
 * The table of the paper in small: each checkpoint with and without tools, greedily, by majority and at best; and what each
 * stage consumed and produced.
 *
 * @module
 */

import { formatDuration } from "../progress.ts";
import { percent } from "./charts.ts";
import { type Child, html } from "./html.ts";
import type { AbilityRecord, AccuracyRecord, RunRecord } from "./record.ts";

type Column = readonly [name: string, of: (row: AbilityRecord) => AccuracyRecord | undefined];

/** All columns: greedy without tools and with, then two numbers of samples. */
function columnsOf(rows: readonly AbilityRecord[]): Column[] {
  const ks = rows[0].passAtK.map(({ k }) => k);
  const shown = [...new Set([ks[Math.floor(ks.length / 2)], ks[ks.length - 1]])];
  const at = (list: AbilityRecord["passAtK"], k: number) => list.find((each) => each.k === k);
  return [
    ["Greedy", (row) => row.greedy],
    ["Program", (row) => row.program],
    ["Tool-integrated", (row) => row.toolIntegrated],
    ["One sample", (row) => at(row.passAtK, 1)],
    ...shown.map((k): Column => [`maj@${k}`, (row) => at(row.majorityAtK, k)]),
    ...shown.map((k): Column => [`pass@${k}`, (row) => at(row.passAtK, k)]),
  ];
}

/**
 * Whether each stage did better than the one before, in a sentence each: more, less, or no more than their intervals can tell.
 *
 * @param labelOf What people read for a stage's name.
 */
export function improvements(rows: readonly AbilityRecord[], labelOf: (stage: string) => string): string[] {
  return rows.slice(1).map((row, i) => {
    const [before, now] = [rows[i], row].map(({ greedy }) => greedy);
    const points = 100 * (now.accuracy - before.accuracy);
    if (points === 0) return `${labelOf(row.stage)} is level with ${labelOf(rows[i].stage)}.`;
    const verb = points > 0 ? "improves on" : "is worse than";
    const clear = now.low > before.high || now.high < before.low;
    return `${labelOf(row.stage)} ${verb} ${labelOf(rows[i].stage)} by ${Math.abs(points).toFixed(1)} points${clear ? "" : ", within both intervals"}.`;
  });
}

/** The table, and in words whether each stage improves on the one before. */
export function abilitySection(run: RunRecord): Child {
  const rows = run.abilities ?? [];
  if (rows.length === 0) return undefined;
  const labelOf = (stage: string) => run.stages.find((each) => each.stage === stage)?.label ?? stage;
  const columns = columnsOf(rows);
  const best = columns.map(([, of]) => Math.max(...rows.map((row) => of(row)?.accuracy ?? 0)));
  const cell = (value: AccuracyRecord | undefined, isBest: boolean) =>
    value
      ? html`<td title="${value.n} problems">${isBest ? html`<strong>${percent(value.accuracy)}</strong>` : percent(value.accuracy)}<br><small>${percent(value.low).slice(0, -1)}–${percent(value.high)}</small></td>`
      : html`<td>–</td>`;
  const several =
    run.seeds.length > 1
      ? `Means over ${run.seeds.length} seeds with Student's 95% intervals`
      : "With 95% intervals over problems";
  return html`<section>
<h2>With and without tools, by majority and at best</h2>
<p class="note">${several}. Program and tool-integrated answers run Python; maj@k is the vote of k samples without tools, pass@k whether one of them is right.</p>
<div class="panel"><table>
<thead><tr><th scope="col">After</th>${columns.map(([name]) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr><th scope="row">${labelOf(row.stage)}</th>${columns.map(([, of], c) => cell(of(row), (of(row)?.accuracy ?? 0) === best[c]))}</tr>`)}
</tbody>
</table></div>
<p class="note">${improvements(rows, labelOf).join(" ")}</p>
</section>`;
}

/** What went in and what came out, stage by stage. */
export function accountSection(run: RunRecord): Child {
  const rows = run.accounts ?? [];
  if (rows.length === 0) return undefined;
  return html`<section>
<h2>What each stage consumed and produced</h2>
<p class="note">${run.seeds.length > 1 ? `Of seed ${run.seeds[0]}.` : ""}</p>
<div class="panel"><table class="words">
<thead><tr><th scope="col">Stage</th><th scope="col">Consumed</th><th scope="col">Produced</th><th scope="col">Time</th></tr></thead>
<tbody>${rows.map(({ label, consumed, produced, seconds }) => html`<tr><th scope="row">${label}</th><td>${consumed}</td><td>${produced}</td><td>${formatDuration(seconds)}</td></tr>`)}</tbody>
</table></div>
</section>`;
}
