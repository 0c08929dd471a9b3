/**
 * Shares over the number of samples, drawn as SVG with their intervals.
 *
 * @module
 */

import type { ScoreAtK } from "./scores.ts";

/** One curve. */
export interface Curve {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  readonly points: readonly ScoreAtK[];
}

const [width, height, left, right, top, bottom] = [560, 260, 44, 70, 12, 30];

/** The curves on a logarithmic axis of k, from 0% to 100%; bands are the intervals. */
export function curves(lines: readonly Curve[]): string {
  const ks = lines[0].points.map(({ k }) => k);
  const last = Math.log2(Math.max(2, ...ks));
  const x = (k: number): string => (left + ((width - left - right) * Math.log2(k)) / last).toFixed(1);
  const y = (share: number): string => (height - bottom - (height - top - bottom) * share).toFixed(1);
  const path = (points: readonly (readonly [number, number])[]): string =>
    points.map(([k, share], i) => `${i ? "L" : "M"}${x(k)} ${y(share)}`).join("");
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<path d="M${left} ${y(share)}H${width - right}" stroke="var(--line)"/><text x="${left - 8}" y="${y(share)}" dy="4" text-anchor="end">${100 * share}%</text>`,
  );
  const ticks = ks.map((k) => `<text x="${x(k)}" y="${height - 8}" text-anchor="middle">${k}</text>`);
  const drawn = lines.map(({ name, color, points }) => {
    const end = points[points.length - 1];
    const band = [
      ...points.map(({ k, high }) => [k, high] as const),
      ...points.map(({ k, low }) => [k, low] as const).reverse(),
    ];
    return `<path d="${path(band)}Z" fill="${color}" opacity="0.12"/><path d="${path(points.map(({ k, value }) => [k, value]))}" fill="none" stroke="${color}" stroke-width="2"/><text x="${Number(x(end.k)) + 8}" y="${y(end.value)}" dy="4" fill="${color}">${name}</text>`;
  });
  const described = lines
    .map(
      ({ name, points }) =>
        `${name}: ${points.map(({ k, value }) => `${(100 * value).toFixed(1)}% at ${k}`).join(", ")}`,
    )
    .join("; ");
  return `<svg viewBox="0 0 ${width} ${height}" role="img"><title>${described}</title>${[...grid, ...ticks, ...drawn].join("")}</svg>`;
}
