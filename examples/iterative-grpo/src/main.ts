/**
 * Iterative GRPO against a frozen reward model, and what reward models and process labels are worth. See `--help`.
 *
 * @module
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Supervision } from "@gradus/reward-model";
import { budget } from "./budget.ts";
import { type Arm, arms, type Point } from "./experiment.ts";
import { figure } from "./figure.ts";
import { runAll, type SeedResult } from "./run.ts";
import { tables } from "./tables.ts";

const help = `Usage: npm run experiment [-- FOLDER] [--reward KIND] [--seeds N]

Trains a policy by GRPO on a reward model in three ways, prints what comes of it and draws figure.svg.

  FOLDER       where results and figure go; default "results". Seeds that are there already are not run again.
  --reward     outcome (default) or process: what the policy is rewarded by
  --seeds N    default 3

Example
  npm run experiment -- trial --seeds 1`;

function fail(message: string): never {
  console.error(`error: ${message}\n\n${help}`);
  process.exit(2);
}

function readArguments(): { folder: string; seeds: number; supervision: Supervision } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seeds: { type: "string", default: "3" },
        reward: { type: "string", default: "outcome" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const seeds = Number(values.seeds);
    if (!Number.isInteger(seeds) || seeds < 1)
      fail(`--seeds must be a whole number from 1, found ${JSON.stringify(values.seeds)}`);
    if (positionals.length > 1) fail(`expected one folder, found ${JSON.stringify(positionals[1])} too`);
    const supervision = values.reward;
    if (supervision !== "outcome" && supervision !== "process")
      fail(`--reward must be outcome or process, found ${JSON.stringify(supervision)}`);
    return { folder: positionals[0] ?? "results", seeds, supervision };
  } catch (error) {
    fail((error as Error).message);
  }
}

const { folder, seeds, supervision } = readArguments();
mkdirSync(folder, { recursive: true });
const fileOf = (seed: number) => join(folder, `seed-${seed}.json`);
const results = await runAll(
  Array.from({ length: seeds }, (_, i) => i + 1),
  { ...budget, supervision },
  {
    log: console.log,
    load(seed) {
      try {
        return JSON.parse(readFileSync(fileOf(seed), "utf8")) as SeedResult;
      } catch {
        return undefined; // not there, or not whole
      }
    },
    save(result) {
      writeFileSync(`${fileOf(result.seed)}.tmp`, `${JSON.stringify(result, null, 2)}\n`);
      renameSync(`${fileOf(result.seed)}.tmp`, fileOf(result.seed));
    },
  },
);
const curves = Object.fromEntries(
  Object.keys(arms).map((arm) => [arm, results.map((each) => each.curves[arm as Arm])]),
);
const title = `Iterative GRPO against a frozen ${supervision} reward model, mean of ${seeds} seeds`;
writeFileSync(join(folder, "figure.svg"), figure(title, curves as Record<Arm, Point[][]>));
console.log(tables(results));
