/**
 * Charts as inline SVG strings, coloured by the page's CSS variables so that they follow its light and dark modes. Each
 * has a title and a description for those who cannot see it.
 *
 * @module
 */

import { html, type Markup } from "./html.ts";
import { type Point, smooth, thin, ticks } from "./scale.ts";

/** A small chart of one metric over the steps of a stage. */
export interface LineChart {
  readonly title: string;
  /** One curve for each run. */
  readonly series: readonly (readonly Point[])[];
  /** Number of the stage's colour, 1 to 4. */
  readonly color: number;
  /** Values that the vertical axis must include, e.g. `[0, 1]` for a share. */
  readonly include?: readonly number[];
  readonly format?: (value: number) => string;
  /** Wider by a third, for charts that stand two in a row. Default false. */
  readonly wide?: boolean;
}

/** One row of an interval chart. */
export interface IntervalRow {
  readonly label: string;
  readonly color: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** Further dots: the single runs behind a mean. */
  readonly runs?: readonly number[];
}

const height = 190;
const margin = { top: 12, right: 14, bottom: 26, left: 50 } as const;

/** A number in few characters: three significant digits, thousands as k. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  if (magnitude !== 0 && magnitude < 0.001) return value.toExponential(1).replace(".0", "");
  return String(Number(value.toPrecision(3)));
}

/** `0.482` as `48.2%`. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function path(points: readonly Point[], x: (value: number) => number, y: (value: number) => number): string {
  return points.map((point, i) => `${i ? "L" : "M"}${round(x(point.x))} ${round(y(point.y))}`).join("");
}

/**
 * A line chart: the values as they are in a pale line, their moving average in a strong one, its end marked. Nothing
 * when there are fewer than two points.
 */
export function lineChart({
  title,
  series,
  color,
  include = [],
  format = shortNumber,
  wide = false,
}: LineChart): Markup | undefined {
  const width = wide ? 440 : 340;
  const curves = series.map((points) => thin(points, 240)).filter((points) => points.length > 1);
  if (curves.length === 0) return undefined;
  const all = curves.flat();
  const values = [...all.map((point) => point.y), ...include];
  const yTicks = ticks(Math.min(...values), Math.max(...values), 4);
  const [low, high] = [yTicks[0], yTicks[yTicks.length - 1]];
  const [first, last] = [
    Math.min(...series.map((points) => points[0]?.x ?? Number.POSITIVE_INFINITY)),
    Math.max(...series.map((points) => points.at(-1)?.x ?? Number.NEGATIVE_INFINITY)),
  ];
  const x = (value: number): number =>
    margin.left + ((value - first) / (last - first || 1)) * (width - margin.left - margin.right);
  const y = (value: number): number =>
    height - margin.bottom - ((value - low) / (high - low)) * (height - margin.top - margin.bottom);
  const smoothed = curves.map(smooth);
  const ends = smoothed.map((points) => points[points.length - 1]);
  const mean = ends.reduce((sum, end) => sum + end.y, 0) / ends.length;
  const beginning = smoothed.reduce((sum, points) => sum + points[0].y, 0) / smoothed.length;
  return html`<figure class="chart c${color}">
<figcaption><span>${title}</span><strong>${format(mean)}</strong></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: from ${format(beginning)} to ${format(mean)} over steps ${shortNumber(Math.round(first))} to ${shortNumber(Math.round(last))}">
${yTicks.map((tick) => html`<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text class="tick" x="${margin.left - 8}" y="${round(y(tick) + 3.5)}" text-anchor="end">${format(tick)}</text>`)}
<text class="tick" x="${margin.left}" y="${height - 8}">step ${shortNumber(Math.round(first))}</text><text class="tick" x="${width - margin.right}" y="${height - 8}" text-anchor="end">${shortNumber(Math.round(last))}</text>
${curves.map((points) => html`<path class="raw" d="${path(points, x, y)}"/>`)}
${smoothed.map((points) => html`<path class="line" d="${path(points, x, y)}"/>`)}
${ends.map((end) => html`<circle class="end" cx="${round(x(end.x))}" cy="${round(y(end.y))}" r="3.2"/>`)}
</svg>
</figure>`;
}

/** Shares from 0 to 100% as bars with a whisker for the 95% interval, one row each. */
export function intervalChart(title: string, rows: readonly IntervalRow[]): Markup {
  const [left, right, rowHeight, top] = [132, 150, 46, 6];
  const [full, bottom] = [760, top + rows.length * rowHeight];
  const x = (share: number): number => left + share * (full - left - right);
  const summary = rows.map(
    (row) => `${row.label} ${percent(row.accuracy)} (${percent(row.low)} to ${percent(row.high)})`,
  );
  return html`<svg class="intervals" viewBox="0 0 ${full} ${bottom + 26}" role="img" aria-label="${title}: ${summary.join("; ")}">
${[0, 0.25, 0.5, 0.75, 1].map((tick) => html`<line class="grid" x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${top}" y2="${bottom}"/><text class="tick" x="${round(x(tick))}" y="${bottom + 18}" text-anchor="middle">${percent(tick, 0)}</text>`)}
${rows.map((row, i) => {
  const middle = top + (i + 0.5) * rowHeight;
  return html`<g class="c${row.color}">
<text class="name" x="0" y="${round(middle + 5)}">${row.label}</text>
<rect class="bar" x="${round(x(0))}" y="${round(middle - 9)}" width="${round(Math.max(x(row.accuracy) - x(0), 1))}" height="18" rx="2"/>
<path class="whisker" d="M${round(x(row.low))} ${round(middle)}H${round(x(row.high))}M${round(x(row.low))} ${round(middle - 5)}v10M${round(x(row.high))} ${round(middle - 5)}v10"/>
${row.runs?.map((run) => html`<circle class="run" cx="${round(x(run))}" cy="${round(middle + 15)}" r="2.6"/>`)}
<text class="value" x="${full - 66}" y="${round(middle + 5)}" text-anchor="end">${percent(row.accuracy)}</text><text class="tick" x="${full}" y="${round(middle + 4)}" text-anchor="end">${percent(row.low, 0).slice(0, -1)}–${percent(row.high, 0)}</text>
</g>`;
})}
</svg>`;
}
