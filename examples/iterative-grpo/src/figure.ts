/**
 * The experiment's curves as an SVG that stands alone: three panels, one line for each arm.
 *
 * @module
 */

import type { Arm, Point } from "./experiment.ts";

const colors: Readonly<Record<Arm, string>> = { "replay 10%": "#2f7d4f", "replay 0%": "#2b6cb0", frozen: "#b8542c" };
const [width, height, gap, left, top, bottom] = [300, 260, 34, 48, 66, 40];

const panels: readonly {
  title: string;
  read: (point: Point) => number | null;
  dashed?: (point: Point) => number;
}[] = [
  { title: "greedy accuracy, held-out problems", read: ({ greedy }) => greedy },
  { title: "samples: right (line), reward (dashed)", read: ({ right }) => right, dashed: ({ reward }) => reward },
  { title: "reward model's accuracy on them", read: ({ accuracy }) => accuracy },
];

/** Mean over seeds at every point. */
export function meanOf(runs: readonly (readonly Point[])[], read: (point: Point) => number | null): (number | null)[] {
  return runs[0].map((_, i) => {
    const values = runs.map((run) => read(run[i])).filter((value) => value !== null);
    return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
  });
}

/** All panels; thin lines are seeds, thick ones their mean. The dotted line is where the reward model is retrained. */
export function figure(title: string, curves: Readonly<Record<Arm, readonly (readonly Point[])[]>>): string {
  const arms = Object.keys(colors) as Arm[];
  const steps = curves.frozen[0].map(({ step }) => step);
  const last = steps[steps.length - 1];
  const retrained = steps.find((step, i) => i > 0 && step === steps[i - 1]);
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, extra = "") =>
    parts.push(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`);
  text(left, 20, title, 'font-size="15" font-weight="600"');
  arms.forEach((arm, i) => {
    text(left + 130 * i, 40, `— ${arm}`, `fill="${colors[arm]}" font-weight="600"`);
  });
  panels.forEach(({ title: panel, read, dashed }, p) => {
    const x0 = left + p * (width + gap);
    const x = (step: number) => x0 + (width * step) / last;
    const y = (value: number) => top + height * (1 - value);
    const line = (values: readonly (number | null)[], style: string) => {
      const drawn = values.flatMap((value, i) =>
        value === null ? [] : [`${x(steps[i]).toFixed(1)} ${y(value).toFixed(1)}`],
      );
      parts.push(`<path d="M${drawn.join("L")}" fill="none" ${style}/>`);
    };
    text(x0, top - 8, panel);
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(`<path d="M${x0} ${y(tick)}h${width}" stroke="#e4e6ea"/>`);
      if (p === 0) text(x0 - 6, y(tick) + 4, `${100 * tick}%`, 'text-anchor="end"');
    }
    if (retrained !== undefined)
      parts.push(`<path d="M${x(retrained)} ${top}v${height}" stroke="#999" stroke-dasharray="2 3"/>`);
    for (const step of new Set(steps)) text(x(step), top + height + 16, `${step}`, 'text-anchor="middle"');
    for (const arm of arms) {
      const stroke = `stroke="${colors[arm]}"`;
      for (const run of curves[arm]) line(run.map(read), `${stroke} opacity="0.25"`);
      line(meanOf(curves[arm], read), `${stroke} stroke-width="2.5"`);
      if (dashed) line(meanOf(curves[arm], dashed), `${stroke} stroke-width="2" stroke-dasharray="6 4"`);
    }
  });
  const size = `${left + panels.length * (width + gap)} ${top + height + bottom}`;
  text(left + width / 2, top + height + 34, "GRPO steps", 'text-anchor="middle"');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" font-family="system-ui, sans-serif" font-size="12" fill="#333">\n<title>${title}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join("\n")}\n</svg>\n`;
}
