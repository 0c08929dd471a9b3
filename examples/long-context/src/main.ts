/**
 * Full and sparse attention on needles in 4,096 tokens, and where sparse attention pays on this machine.
 *
 * See `--help`.
 *
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { figure, type Results } from "./figure.ts";
import type { Kind } from "./model.ts";
import { measure, type Speed } from "./speed.ts";
import { type Run, train } from "./train.ts";

const help = `Usage: npm run experiment [-- --runs DIRECTORY] [--only full|nsa|speed|figure] [--times 1024,2048,…]

Trains both models on needles, measures the times of a step and of a token, and draws figure.svg and results.json in the
current folder. A part that is finished is not done again; one that was killed goes on where it was.

  --runs DIRECTORY   where states and results are kept; default runs
  --only PART        do this part alone
  --times LIST       contexts for the times; default 1024,2048,4096,8192,16384`;

const kinds: readonly Kind[] = ["full", "nsa"];

function readArguments(): { runs: string; only: string | undefined; times: number[] } {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: "string", default: "runs" },
        only: { type: "string" },
        times: { type: "string", default: "1024,2048,4096,8192,16384" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const times = values.times.split(",").map(Number);
    if (!times.every((time) => time > 0 && time % 64 === 0))
      throw new Error(`--times must be multiples of 64, found ${JSON.stringify(values.times)}`);
    if (values.only && ![...kinds, "speed", "figure"].includes(values.only))
      throw new Error(`--only must be full, nsa, speed or figure, found ${JSON.stringify(values.only)}`);
    return { runs: values.runs, only: values.only, times };
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

const { runs, only, times } = readArguments();
for (const kind of kinds) {
  if (only && only !== kind) continue;
  const file = join(runs, kind, "run.json");
  const run = (await readJson<Run>(file)) ?? (await train(kind, join(runs, kind)));
  await writeFile(file, JSON.stringify(run));
  console.log(
    `${kind}: loss ${run.held.loss.toFixed(4)}, ${(100 * run.held.right).toFixed(1)}% right on unseen sequences`,
  );
}
if (!only || only === "speed") {
  const file = join(runs, "speed.json");
  const known = (await readJson<Speed[]>(file)) ?? [];
  for (const time of times) {
    for (const kind of kinds) {
      if (known.some((speed) => speed.time === time && speed.kind === kind)) continue;
      const speed = await measure(kind, time);
      known.push(speed);
      await writeFile(file, JSON.stringify(known));
      console.log(`${time} tokens, ${kind}: step ${speed.step.toFixed(0)} ms, token ${speed.token.toFixed(1)} ms`);
    }
  }
}
if (!only || only === "figure") {
  const trained = await Promise.all(kinds.map((kind) => readJson<Run>(join(runs, kind, "run.json"))));
  const results: Results = {
    runs: trained.filter((run) => run !== undefined),
    speeds: (await readJson<Speed[]>(join(runs, "speed.json"))) ?? [],
  };
  await writeFile("results.json", `${JSON.stringify(results, rounded, 1)}\n`);
  await writeFile("figure.svg", figure(results));
}

/** Four significant digits are enough to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
