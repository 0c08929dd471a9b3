/**
 * The command line: what `npm start -- …` understands, and how it says what it does not. Nothing here trains.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { ConfigurationError } from "./configuration/rules.ts";
import { suggestion } from "./nearest.ts";
import { type RewardKind, recipeStages, type StageName } from "./recipe/configuration.ts";
import { guardProcess } from "./run/process.ts";

/** What a command line asks for. */
export type Command =
  | { readonly name: "help" }
  | { readonly name: "version" }
  | ({ readonly name: "train" } & TrainOptions)
  | ({ readonly name: "stage"; readonly stages: readonly StageName[] } & TrainOptions)
  | ({ readonly name: "claims" } & ClaimsOptions)
  | ({ readonly name: "ask"; readonly question: string } & CommonOptions);

/** Options of every command that runs a model. */
export interface CommonOptions {
  /** Root of all random streams. Default 1. */
  readonly seed: number;
  /** Where checkpoints, the journal and the report go. Default `runs/default`. */
  readonly out: string;
  /** Where the graphs run. Default `"cpu"`. */
  readonly device: "cpu" | "webgpu";
  /** Threads for the engine. Default: as many as it likes. */
  readonly threads?: number;
  /** Show stack traces. */
  readonly debug: boolean;
}

/** Options of `train`. */
export interface TrainOptions extends CommonOptions {
  /** A folder with GSM8K's `train.jsonl` and `test.jsonl`. Default: the built-in problems. */
  readonly data?: string;
  /** Continue the run in `out`. */
  readonly resume: boolean;
  /** Budget of the whole run in minutes; the stages share it. Exclusive with `scale`. */
  readonly minutes?: number;
  /** Factor on the number of steps of each stage. Default 1. */
  readonly scale: number;
  /** What GRPO is rewarded by. Default `"rule"`: whether the answer is right. */
  readonly reward: RewardKind;
  /** A file of settings. Default: the laptop's. */
  readonly config?: string;
  /** Print what would be done, and what it takes, instead of doing it. */
  readonly dryRun: boolean;
  /** How many runs to make, with the seeds `seed`, `seed + 1`, … Default 1. */
  readonly seeds: number;
  /** Names of the flags that were on the command line: a resumed run refuses those that contradict it. */
  readonly given: readonly string[];
}

/** Options of `claims`. */
export interface ClaimsOptions extends CommonOptions {
  readonly scale: number;
  readonly seeds: number;
  readonly config?: string;
  /** Where `npm start` has made the recipe's runs. Default: they are made too. */
  readonly from?: string;
}

/** A mistake in the command line: its message is for the user, without a stack trace. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

const flags = {
  seed: { type: "string" },
  out: { type: "string" },
  data: { type: "string" },
  resume: { type: "boolean" },
  device: { type: "string" },
  minutes: { type: "string" },
  scale: { type: "string" },
  seeds: { type: "string" },
  reward: { type: "string" },
  config: { type: "string" },
  from: { type: "string" },
  "dry-run": { type: "boolean" },
  threads: { type: "string" },
  debug: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

const commands = ["train", "stage", "claims", "ask"];
const notAsk = ["data", "resume", "minutes", "scale", "seeds", "reward", "config", "from", "dry-run"] as const;
const notClaims = ["data", "resume", "minutes", "reward", "dry-run"] as const;

/** What `--help` prints. */
export const helpText: string = `Trains a small language model to reason about arithmetic, and asks it questions.

Usage
  npm start [-- train] [options]            all stages, and a report
  npm start -- stage NAME… [options]        some stages of the run in --out, on the files of earlier ones:
                                            ${recipeStages.slice(0, 5).join(", ")},
                                            ${recipeStages.slice(5).join(", ")}
  npm start -- claims [options]             what the paper claims, tested in small
  npm start -- ask "<question>" [options]   answer with the checkpoint in --out

Options
  --out DIR         where checkpoints and report.html go      (default: runs/default; claims: runs/claims)
  --resume          continue the run in --out
  --seed N          root of every random choice               (default: 1)
  --seeds N         make N runs, with seeds one apart         (default: 1; claims: 3)
  --data DIR        train on GSM8K's expressions: a folder with train.jsonl and test.jsonl
                                                              (default: built-in problems)
  --config FILE     settings; keys left out are those of examples/deepseek-math/configurations/laptop.json
                                                              (default: that file)
  --from DIR        claims: the recipe's runs are in DIR, made by npm start with the same --seeds, --scale and --config
                                                              (default: they are made too)
  --dry-run         print parameters, tokens, operations, memory and time of each stage, and do nothing
  --reward KIND     what GRPO is rewarded by: the rule, or a reward model taught by it,
                    outcome or process                        (default: rule)
  --minutes N       fit the whole run into N minutes
  --scale X         or: X times as many steps in each stage   (default: 1)
  --device NAME     cpu or webgpu                             (default: cpu)
  --threads N       threads for the engine                    (default: all cores)
  --debug           show stack traces
  -h, --help        this text
  --version         the version

Examples
  npm start
  npm start -- --seed 7 --out runs/seven
  npm start -- --out runs/seven --resume
  npm start -- --data data/gsm8k --minutes 20
  npm start -- --config examples/deepseek-math/configurations/paper.json --dry-run
  npm start -- stage grpo --out runs/seven
  npm start -- claims --from runs/default
  npm start -- ask "17*23"
  npm start -- ask "Mia has 12 pens and buys 3 boxes of 8. How many now?"
`;

/**
 * Reads a command line (without `node` and the script). `--help` and `--version` win over everything else.
 *
 * @throws {UsageError} On an unknown command or flag (with the nearest known one), a value that is missing or out of
 * range, flags that exclude each other, or a `--data` folder that does not exist.
 * @example
 * ```ts
 * parseCommand(["ask", "17*23", "--seed", "3"]); // { name: "ask", question: "17*23", seed: 3, … }
 * ```
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parseFlags(argv);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };

  const [name = "train", ...rest] = positionals;
  if (!commands.includes(name)) {
    throw new UsageError(
      `Unknown command ${JSON.stringify(name)}${suggestion(name, commands)}; there are ${commands.slice(0, -1).join(", ")} and ask`,
    );
  }
  const device = values.device ?? "cpu";
  if (device !== "cpu" && device !== "webgpu") {
    throw new UsageError(`Bad --device: expected cpu or webgpu, found ${JSON.stringify(device)}`);
  }
  const common: CommonOptions = {
    seed: numberOf("seed", values.seed, { integer: true, least: 0 }) ?? 1,
    out: textOf("out", values.out) ?? "runs/default",
    device,
    threads: numberOf("threads", values.threads, { integer: true, least: 1 }),
    debug: values.debug ?? false,
  };
  if (name === "ask") {
    const stray = notAsk.find((flag) => values[flag] !== undefined);
    if (stray) throw new UsageError(`--${stray} does not belong to ask`);
    if (rest.length === 1 && rest[0].trim() === "")
      throw new UsageError('ask takes a question, found an empty one: npm start -- ask "17*23"');
    if (rest.length !== 1) {
      throw new UsageError(`ask takes one question, found ${rest.length}: npm start -- ask "17*23"`);
    }
    return { name: "ask", question: rest[0], ...common };
  }
  const numbers = {
    scale: numberOf("scale", values.scale, { integer: false, above: 0 }) ?? 1,
    seeds: numberOf("seeds", values.seeds, { integer: true, least: 1 }) ?? (name === "claims" ? 3 : 1),
  };
  const config = textOf("config", values.config);
  if (config !== undefined && !existsSync(config)) throw new UsageError(`Bad --config: there is no file ${config}`);
  if (name === "claims") {
    if (rest.length) throw new UsageError(`claims takes no arguments, found ${JSON.stringify(rest[0])}`);
    const stray = notClaims.find((flag) => values[flag] !== undefined);
    if (stray) throw new UsageError(`--${stray} does not belong to claims`);
    const from = textOf("from", values.from);
    return { name, ...common, out: textOf("out", values.out) ?? "runs/claims", ...numbers, config, from };
  }
  if (values.from !== undefined) throw new UsageError("--from belongs to claims");
  if (name === "train" && rest.length)
    throw new UsageError(`train takes no arguments, found ${JSON.stringify(rest[0])}`);
  if (values.minutes !== undefined && values.scale !== undefined) {
    throw new UsageError("--minutes and --scale exclude each other: both set the length of the run");
  }
  const reward = values.reward ?? "rule";
  if (reward !== "rule" && reward !== "outcome" && reward !== "process") {
    throw new UsageError(`Bad --reward: expected rule, outcome or process, found ${JSON.stringify(reward)}`);
  }
  const data = textOf("data", values.data);
  if (data !== undefined) requireDirectory(data);
  const train: TrainOptions = {
    ...common,
    data,
    reward,
    config,
    dryRun: values["dry-run"] ?? false,
    resume: values.resume ?? false,
    minutes: numberOf("minutes", values.minutes, { integer: false, above: 0 }),
    ...numbers,
    given: Object.keys(values),
  };
  if (name === "train") return { name, ...train };
  return { name: "stage", stages: stagesOf(rest), ...train };
}

/** The stages that are named; none is a mistake. */
function stagesOf(names: readonly string[]): StageName[] {
  const all = recipeStages.join(", ");
  if (names.length === 0) throw new UsageError(`stage takes the names of stages, found none: there are ${all}`);
  return names.map((name) => {
    const known = recipeStages.find((stage) => stage === name);
    if (!known)
      throw new UsageError(`Unknown stage ${JSON.stringify(name)}${suggestion(name, recipeStages)}; there are ${all}`);
    return known;
  });
}

type Values = ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>>["values"];

/** `parseArgs`, strict, with our words for its errors. */
function parseFlags(argv: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const flag = /'(?:-\w, )?(--?[^'\s=]+)/.exec(message)?.[1] ?? "";
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      const known = Object.keys(flags).map((name) => `--${name}`);
      throw new UsageError(`Unknown flag ${flag}${suggestion(flag, known)}; --help lists all`);
    }
    const takesValue = flags[flag.slice(2) as keyof typeof flags]?.type === "string";
    throw new UsageError(
      takesValue
        ? `Missing value: ${flag} needs one (${flag}=VALUE if it begins with a dash)`
        : `${flag} takes no value`,
    );
  }
}

function textOf(flag: string, value: string | undefined): string | undefined {
  if (value?.trim() === "") throw new UsageError(`Missing value: --${flag} needs one`);
  return value;
}

function numberOf(
  flag: string,
  value: string | undefined,
  { integer, least, above }: { integer: boolean; least?: number; above?: number },
): number | undefined {
  if (value === undefined) return undefined;
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : Number.NaN;
  const fits =
    (integer ? Number.isSafeInteger(number) : Number.isFinite(number)) &&
    number >= (least ?? Number.NEGATIVE_INFINITY) &&
    number > (above ?? Number.NEGATIVE_INFINITY);
  if (!fits) {
    const range = least !== undefined ? `of at least ${least}` : `above ${above}`;
    throw new UsageError(
      `Bad --${flag}: expected ${integer ? "a whole number" : "a number"} ${range}, found ${JSON.stringify(value)}`,
    );
  }
  return number;
}

function requireDirectory(path: string): void {
  if (!existsSync(path)) throw new UsageError(`Bad --data: there is no directory ${path}`);
  if (!statSync(path).isDirectory()) throw new UsageError(`Bad --data: ${path} is not a directory`);
}

/**
 * How an error is told to the user: one line, or with `debug` the whole stack.
 *
 * @example
 * ```ts
 * describeError(new UsageError("Unknown flag --sed, did you mean --seed?"), false); // "error: Unknown flag --sed, …"
 * ```
 */
export function describeError(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error && error.stack) return error.stack;
  const message = error instanceof Error ? error.message : String(error);
  return `error: ${message.replaceAll(/\s*\n\s*/g, " ")}`;
}

/**
 * Runs `body` as a whole program: a failure becomes one line on stderr and the exit code 2 for a mistake in the command
 * line, 1 for anything else. Ctrl-C, broken pipes and errors that nobody waited for: see {@linkcode guardProcess}.
 *
 * @example
 * ```ts ignore
 * await runMain(process.argv.slice(2), async (command) => { … });
 * ```
 */
export async function runMain(argv: readonly string[], body: (command: Command) => Promise<void>): Promise<void> {
  const describe = (error: unknown): string => describeError(error, argv.includes("--debug"));
  const release = guardProcess({
    interrupted: "Stopped. Everything up to the last update is kept: go on with --resume",
    describe,
  });
  try {
    await body(parseCommand(argv));
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    process.exitCode = error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
  } finally {
    release();
  }
}
