/**
 * DeepSeekMath's Figure 5 in small: RFT, online RFT, GRPO with outcome and with process supervision from one model after
 * SFT. Prints the accuracies and draws figure.svg.
 *
 * Usage: `node --import tsx src/main.ts [figure.svg] [--seeds 3]`, in this folder.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { figure, meanOf } from "./figure.ts";
import { accuracy, budget, fineTune, methods, newPolicy, train } from "./methods.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "3" } },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
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
  writeFileSync(positionals[0] ?? "figure.svg", figure(title, curves, budget.every));
} finally {
  await policy.dispose();
  await start.dispose();
}
