/**
 * Results as Markdown tables.
 *
 * @module
 */

import type { Arm, Point } from "./experiment.ts";
import { meanOf } from "./figure.ts";
import type { SeedResult } from "./run.ts";

const percent = (value: number | null) => (value === null ? "none" : `${(100 * value).toFixed(1)}%`);

function row(name: string, values: readonly (number | null)[]): string {
  const present = values.filter((value) => value !== null);
  const mean = present.length ? present.reduce((a, b) => a + b, 0) / present.length : null;
  return `| ${name} | ${percent(mean)} | ${values.map(percent).join(", ")} |`;
}

/** What reward models and labels are worth, and where each arm ends. */
export function tables(results: readonly SeedResult[]): string {
  const lines = ["", "| on samples of the policy after SFT | mean | seeds |", "|---|---|---|"];
  for (const kind of ["outcome", "process"] as const) {
    for (const what of ["pairAccuracy", "accuracy", "ece", "single", "majority", "weighted", "best"] as const)
      lines.push(
        row(
          `${kind}: ${what}`,
          results.map((each) => each[kind][what]),
        ),
      );
  }
  for (const what of ["hard", "soft", "softDistance"] as const)
    lines.push(
      row(
        `labels: ${what}`,
        results.map(({ labels }) => labels[what]),
      ),
    );
  const last = (arm: Arm, read: (point: Point) => number | null) =>
    results.map(({ curves }) => read(curves[arm][curves[arm].length - 1]));
  for (const arm of Object.keys(results[0].curves) as Arm[]) {
    lines.push("", `| ${arm}, at the end | mean | seeds |`, "|---|---|---|");
    for (const what of ["greedy", "right", "reward", "accuracy", "pairs"] as const)
      lines.push(
        row(
          what,
          last(arm, (point) => point[what]),
        ),
      );
    const runs = results.map(({ curves }) => curves[arm]);
    const steps = runs[0].map(({ step }) => step);
    for (const what of ["greedy", "right", "reward", "accuracy"] as const) {
      const means = meanOf(runs, (point) => point[what]);
      lines.push(`<!-- ${what}: ${steps.map((step, i) => `${step}: ${percent(means[i])}`).join(", ")} -->`);
    }
  }
  return lines.join("\n");
}
