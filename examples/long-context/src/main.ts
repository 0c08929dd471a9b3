/**
 * Full and sparse attention on needles in 4,096 tokens, and where sparse attention pays on this machine.
 *
 * See `--help`.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { figure } from "./figure.ts";
import type { Kind } from "./model.ts";
import { measure, type Speed } from "./speed.ts";
import { type Run, train } from "./train.ts";

const help = `Usage: npm run experiment [-- --seeds 1,2,…] [--only full|nsa|speed|figure] [--threads N] [--times 512,1024,…]

Trains both models on needles, measures the processor times of a step and of a token, and writes results/seed-N.json, results/speed.json
and results/figure.svg. A part that is finished is not done again; one that was killed goes on where it was.

  --seeds LIST       of weights and data; default 1
  --only PART        do this part alone
  --threads N        within one operator, when training; default 1
  --runs DIRECTORY   where states are kept; default runs
  --results DIRECTORY  default results
  --times LIST       contexts for the times; default 512,1024,2048,4096,8192,16384
  --rounds N         training steps of each kind that are measured at each context; default 3`;

const kinds: readonly Kind[] = ["full", "nsa"];

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: "string", default: "1" },
        only: { type: "string" },
        threads: { type: "string", default: "1" },
        runs: { type: "string", default: "runs" },
        results: { type: "string", default: "results" },
        times: { type: "string", default: "512,1024,2048,4096,8192,16384" },
        rounds: { type: "string", default: "3" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const numbers = (name: "seeds" | "threads" | "times" | "rounds", step = 1) => {
      const found = values[name].split(",").map(Number);
      if (found.every((number) => number > 0 && number % step === 0)) return found;
      throw new Error(`--${name} must be positive multiples of ${step}, found ${JSON.stringify(values[name])}`);
    };
    if (values.only && ![...kinds, "speed", "figure"].includes(values.only))
      throw new Error(`--only must be full, nsa, speed or figure, found ${JSON.stringify(values.only)}`);
    const [[threads], [rounds]] = [numbers("threads"), numbers("rounds")];
    return { ...values, seeds: numbers("seeds"), times: numbers("times", 64), threads, rounds };
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** Four significant digits are enough to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

const { seeds, only, threads, runs, results, times, rounds } = readArguments();
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
await mkdir(results, { recursive: true });
const trained: Run[] = [];
for (const seed of seeds) {
  for (const kind of kinds) {
    const directory = join(runs, `seed-${seed}`, kind);
    const file = join(directory, "run.json");
    let run = await readJson<Run>(file);
    if (!run && (!only || only === kind)) {
      run = await train(kind, directory, { seed, threads });
      await writeFile(file, JSON.stringify(run));
    }
    if (!run) continue;
    trained.push(run);
    const { loss, answers, right } = run.held;
    console.log(
      `seed ${seed}, ${kind}: loss ${loss.toFixed(4)}, of answers ${answers.toFixed(4)}, ${percent(right)} right`,
    );
  }
  const pair = trained.filter((run) => run.seed === seed);
  if (pair.length > 0) await writeFile(join(results, `seed-${seed}.json`), `${JSON.stringify(pair, rounded)}\n`);
}
const speedFile = join(results, "speed.json");
const speeds = (await readJson<Speed[]>(speedFile)) ?? [];
if (!only || only === "speed") {
  for (const time of times) {
    if (speeds.some((speed) => speed.time === time)) continue;
    const both = await measure(time, rounds);
    speeds.push(...both);
    await writeFile(speedFile, `${JSON.stringify(speeds, rounded)}\n`);
    for (const { kind, step, token } of both)
      console.log(`${time} tokens, ${kind}: step ${step.toFixed(0)} ms, token ${token.toFixed(2)} ms`);
  }
}
await writeFile(join(results, "figure.svg"), figure({ runs: trained, speeds }));
