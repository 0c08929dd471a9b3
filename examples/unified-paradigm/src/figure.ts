/**
 * Curves as an SVG that stands alone.
 *
 * @module
 */

/** One curve: the mean over seeds at each point, and the seeds themselves. */
export interface Curve {
  readonly name: string;
  readonly runs: readonly (readonly number[])[];
}

const colors = ["#8a8f98", "#2f7d4f", "#2b6cb0", "#b8542c"];
const [width, height, left, top, right, bottom] = [720, 400, 56, 40, 130, 44];

/** Mean over runs, point by point. */
export function meanOf({ runs }: Curve): number[] {
  return runs[0].map((_, i) => runs.reduce((sum, run) => sum + run[i], 0) / runs.length);
}

/** Accuracy over updates, `every` of them between two points. Thin lines are seeds, thick ones their mean. */
export function figure(title: string, curves: readonly Curve[], every: number): string {
  const values = curves.flatMap(({ runs }) => runs.flat());
  const low = Math.floor(20 * Math.min(...values)) / 20;
  const high = Math.ceil(20 * Math.max(...values)) / 20;
  const points = curves[0].runs[0].length;
  const x = (i: number) => left + ((width - left - right) * i) / (points - 1);
  const y = (value: number) => height - bottom - ((height - top - bottom) * (value - low)) / (high - low);
  const path = (run: readonly number[]) =>
    run.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const text = (at: [number, number], content: string, extra = "") =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${extra}>${content}</text>`;
  const parts = [
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text([left, 22], title, 'font-size="15" font-weight="600"'),
  ];
  for (let tick = 0; tick <= 4; tick++) {
    const value = low + ((high - low) * tick) / 4;
    parts.push(`<path d="M${left} ${y(value)}H${width - right}" stroke="#e4e6ea"/>`);
    parts.push(text([left - 8, y(value) + 4], `${(100 * value).toFixed(0)}%`, 'text-anchor="end"'));
  }
  for (let i = 0; i < points; i += Math.ceil(points / 6)) {
    parts.push(text([x(i), height - bottom + 18], `${i * every}`, 'text-anchor="middle"'));
  }
  parts.push(text([(left + width - right) / 2, height - 8], "updates", 'text-anchor="middle"'));
  let lowest = Infinity;
  const order = curves.map((curve, c) => ({ curve, c, end: meanOf(curve)[points - 1] })).sort((a, b) => a.end - b.end);
  for (const { curve, c, end } of order) {
    const color = colors[c % colors.length];
    for (const run of curve.runs) parts.push(`<path d="${path(run)}" fill="none" stroke="${color}" opacity="0.25"/>`);
    parts.push(`<path d="${path(meanOf(curve))}" fill="none" stroke="${color}" stroke-width="2.5"/>`);
    lowest = Math.min(y(end), lowest - 15); // labels must not cover each other
    parts.push(text([width - right + 8, lowest + 4], `${curve.name} ${(100 * end).toFixed(1)}%`, `fill="${color}"`));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333">\n${parts.join("\n")}\n</svg>\n`;
}
