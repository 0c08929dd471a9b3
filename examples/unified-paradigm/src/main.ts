/**
 * DeepSeekMath's Figure 5 in small: RFT, online RFT, GRPO with outcome and with process supervision from one model after
 * SFT. Prints the accuracies and draws figure.svg.
 *
 * See `--help`.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { figure, meanOf } from "./figure.ts";
import { accuracy, budget, fineTune, methods, newPolicy, train } from "./methods.ts";

const help = `Usage: npm run figure [-- FILE] [--seeds N]

Trains every method from one model after SFT, prints the accuracies and draws their curves.

  FILE         where the figure goes; default figure.svg in the current folder
  --seeds N    runs of each method, at least 1; default 3

Example
  npm run figure -- trial.svg --seeds 1`;

function fail(message: string): never {
  console.error(`error: ${message}\n\n${help}`);
  process.exit(2);
}

function readArguments(): { file: string; count: number } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seeds: { type: "string", default: "3" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const count = Number(values.seeds);
    if (!Number.isInteger(count) || count < 1)
      fail(`--seeds must be a whole number from 1, found ${JSON.stringify(values.seeds)}`);
    if (positionals.length > 1) fail(`expected one file, found ${JSON.stringify(positionals[1])} too`);
    return { file: positionals[0] ?? "figure.svg", count };
  } catch (error) {
    fail((error as Error).message);
  }
}

const { file, count } = readArguments();
const seeds = Array.from({ length: count }, (_, i) => i + 1);
const [policy, start] = [await newPolicy(), await newPolicy()];
try {
  await fineTune(start, budget);
  console.log(`after SFT ${(100 * (await accuracy(start, budget))).toFixed(1)}%`);
  const { weights } = await start.state();
  const curves = [];
  for (const name of methods) {
    const runs = [];
    for (const seed of seeds) {
      const zeros = () => new Float32Array(weights.length);
      await policy.restore({ weights: weights.slice(), momentum: zeros(), variance: zeros(), steps: 0 });
      runs.push(await train(name, policy, start, seed, budget));
    }
    curves.push({ name, runs });
    const ends = runs.map((run) => (100 * run[run.length - 1]).toFixed(1));
    console.log(`${name.padEnd(10)} ${(100 * (meanOf({ name, runs }).at(-1) ?? 0)).toFixed(1)}% (${ends.join(", ")})`);
  }
  const title = `Accuracy on held-out sums, mean of ${seeds.length} seeds`;
  writeFileSync(file, figure(title, curves, budget.every));
} finally {
  await policy.dispose();
  await start.dispose();
}
