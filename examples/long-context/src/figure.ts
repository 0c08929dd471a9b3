/** The experiment as an SVG that stands alone: what was learnt and where, what a step takes, what a token takes. */
import type { Kind } from "./model.ts";
import type { Speed } from "./speed.ts";
import type { Run } from "./train.ts";

/** Everything that was measured. */
export interface Results {
  runs: Run[];
  speeds: Speed[];
}

const colors: Record<Kind, string> = { full: "#8a8f98", nsa: "#2b6cb0" };
const names: Record<Kind, string> = { full: "full attention", nsa: "sparse attention" };
const [width, height, panel, top, bottom] = [680, 290, 250, 62, 34];

interface Series {
  kind: Kind;
  points: [x: number, y: number][];
}

interface Axes {
  title: string;
  x: (value: number) => number;
  y: (value: number) => number;
  xTicks: [number, string][];
  yTicks: [number, string][];
}

function scale(low: number, high: number, from: number, to: number, logarithmic = false): (value: number) => number {
  const of = logarithmic ? Math.log : (value: number) => value;
  return (value) => from + ((to - from) * (of(value) - of(low))) / (of(high) - of(low) || 1);
}

function text(x: number, y: number, content: string, extra = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`;
}

function draw(left: number, { title, x, y, xTicks, yTicks }: Axes, series: Series[]): string[] {
  const parts = [text(left, top - 14, title, 'font-weight="600"')];
  for (const [value, label] of yTicks) {
    parts.push(`<path d="M${left} ${y(value).toFixed(1)}h${panel}" stroke="#e4e6ea"/>`);
    parts.push(text(left - 6, y(value) + 4, label, 'text-anchor="end"'));
  }
  for (const [value, label] of xTicks) parts.push(text(x(value), height - bottom + 18, label, 'text-anchor="middle"'));
  for (const { kind, points } of series) {
    const path = points.map(([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join("");
    parts.push(`<path d="${path}" fill="none" stroke="${colors[kind]}" stroke-width="2"/>`);
  }
  return parts;
}

/** Means of ten steps: a step's loss jumps. */
function learning(left: number, runs: Run[]): string[] {
  const series = runs.map(({ kind, entries }) => ({
    kind,
    points: Array.from({ length: Math.floor(entries.length / 10) }, (_, i): [number, number] => {
      const ten = entries.slice(10 * i, 10 * i + 10);
      return [ten[9].tokens, ten.reduce((sum, { loss }) => sum + loss / 10, 0)];
    }),
  }));
  const last = Math.max(1, ...runs.flatMap(({ entries }) => entries.map(({ tokens }) => tokens)));
  const changes = (runs[0]?.entries ?? []).filter(({ length }, i, all) => i > 0 && all[i - 1].length !== length);
  const x = scale(0, last, left, left + panel);
  const lines = changes.map(
    ({ tokens, length }) =>
      `<path d="M${x(tokens).toFixed(1)} ${top}V${height - bottom}" stroke="#e4e6ea"/>${text(x(tokens) + 2, top + 9, `${length}`, 'font-size="9" fill="#8a8f98"')}`,
  );
  const ticks = Array.from({ length: Math.floor(last / 200_000) + 1 }, (_, i) => 200_000 * i);
  return [
    ...lines,
    ...draw(
      left,
      {
        title: "Loss, by tokens seen (context from there on)",
        x,
        y: scale(0.5, 8, height - bottom, top, true),
        xTicks: ticks.map((tokens) => [tokens, `${tokens / 1e6}M`]),
        yTicks: [0.5, 1, 2, 4, 8].map((loss) => [loss, `${loss}`]),
      },
      series,
    ),
  ];
}

function depths(left: number, runs: Run[]): string[] {
  const x = scale(0, 0.5, left, left + panel);
  return draw(
    left,
    {
      title: "Answers right, by the needle’s place in 4,096",
      x,
      y: scale(0, 1, height - bottom, top),
      xTicks: [0, 0.125, 0.25, 0.375, 0.5].map((place) => [place, `${4096 * place}`]),
      yTicks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, `${100 * share}%`]),
    },
    runs.map(({ kind, held: { byDepth } }) => ({
      kind,
      points: byDepth.map((share, i): [number, number] => [(i + 0.5) / (2 * byDepth.length), share]),
    })),
  );
}

function times(left: number, title: string, speeds: Speed[], of: "step" | "token"): string[] {
  const values = speeds.map((speed) => speed[of]);
  const lengths = [...new Set(speeds.map(({ time }) => time))].sort((a, b) => a - b);
  if (values.length === 0) return [];
  const [low, high] = [
    10 ** Math.floor(Math.log10(Math.min(...values))),
    10 ** Math.ceil(Math.log10(Math.max(...values))),
  ];
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i);
  return draw(
    left,
    {
      title,
      x: scale(lengths[0], lengths[lengths.length - 1], left, left + panel, true),
      y: scale(low, high, height - bottom, top, true),
      xTicks: lengths.map((length) => [length, length < 1024 ? `${length}` : `${length / 1024}k`]),
      yTicks: decades.map((value) => [value, value < 1000 ? `${value} ms` : `${value / 1000} s`]),
    },
    (["full", "nsa"] as const).map((kind) => ({
      kind,
      points: speeds
        .filter((speed) => speed.kind === kind)
        .sort((a, b) => a.time - b.time)
        .map((speed): [number, number] => [speed.time, speed[of]]),
    })),
  );
}

/** Draws four panels. */
export function figure({ runs, speeds }: Results): string {
  const legend = (["full", "nsa"] as const).map((kind, i) =>
    text(56 + 150 * i, 22, names[kind], `fill="${colors[kind]}" font-weight="600"`),
  );
  const parts = [
    "<title>Full and sparse attention on needles in 4,096 tokens</title>",
    `<rect width="${width}" height="${2 * height - 20}" fill="#fff"/>`,
    ...legend,
    ...learning(56, runs),
    ...depths(390, runs),
    `<g transform="translate(0 ${height - 30})">`,
    ...times(56, "A training step, by context", speeds, "step"),
    ...times(390, "A decoded token, by context", speeds, "token"),
    "</g>",
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${2 * height - 20}" font-family="system-ui, sans-serif" font-size="12" fill="#333">\n${parts.join("\n")}\n</svg>\n`;
}
