/**
 * The folder of a run, and what survives `kill -9` in it:
 *
 * | file | |
 * |---|---|
 * | `run.json` | configuration, written once |
 * | `stages/<name>.json` | what a stage consumed and produced, written when it is done |
 * | `corpus/` | the crawl, its pages, the search for mathematics, and `passages.jsonl`, which pre-training reads |
 * | `tokenizer.json` | written once |
 * | `metrics.jsonl` | one record for each update |
 * | `rejection/samples.jsonl` | SFT's own samples and verdicts, as they came |
 * | `rejection/accepted.jsonl`, `rejection/report.json` | what SFT takes of them, and in numbers |
 * | `sft/tool_solutions.jsonl` | SFT's solutions with programs, and what Python said |
 * | `reward-model/`, `replay.jsonl` | the first reward model, and every judged solution that one was trained on |
 * | `iteration/round-<n>/` | reference policy and reward model of each round of iterative GRPO |
 * | `state.safetensors` | weights, optimiser state and place in the run, after each update |
 * | `state.previous.safetensors` | the same, one update earlier: used when the newest is damaged |
 * | `checkpoints/<stage>/` | the policy after each stage, in Hugging Face layout |
 * | `evaluations/<stage>.json` | held-out answers after each stage |
 * | `evaluations/full/<stage>.json` | the same checkpoint with programs, and in many samples |
 * | `report.html` | written at the end |
 * | `.lock` | the process that is at work here |
 *
 * @module
 */

import { existsSync } from "node:fs";
import { link, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MixtureState } from "@gradus/math-corpus";
import { type PolicyState, readSafetensors, writeSafetensors } from "@gradus/transformer";
import { ProblemTokens } from "../problems/tokens.ts";
import { fileError, makeDirectory, readJson, writeWhole } from "../run/files.ts";
import { lockDirectory, unlockDirectory } from "../run/lock.ts";
import type { StageAccount } from "./account.ts";
import { type Configuration, type RewardKind, type Stage, type StageName, stages } from "./configuration.ts";
import type { Evaluation } from "./evaluate.ts";
import type { FullEvaluation } from "./full_evaluation.ts";

/** How far a stage got. */
export interface StageTotals {
  steps: number;
  tokens: number;
  seconds: number;
}

/** Where a run stands. */
export interface RunPosition {
  stage: Stage;
  /** Updates of the stage that the state includes. */
  step: number;
  totals: Partial<Record<Stage, StageTotals>>;
  /** Of pre-training: the documents drawn so far. */
  mixture?: MixtureState;
}

/** What a stage left word of. */
export interface StageRecordFile extends StageAccount {
  readonly stage: StageName;
  readonly seconds: number;
  /** Of a stage that trains the policy. */
  readonly totals?: StageTotals;
}

/** What was asked for on the command line; the configuration follows from it. */
export interface RunRequest {
  readonly seed: number;
  readonly data?: string;
  readonly scale: number;
  /** Default `"rule"`. */
  readonly reward?: RewardKind;
  /** File of settings. Default: the laptop's. */
  readonly config?: string;
}

/** What `run.json` holds. */
export interface RunFile {
  readonly request: RunRequest;
  readonly configuration: Configuration;
  readonly startedAt: string;
}

/** The paths and files of one run. */
export class RunDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get journal(): string {
    return join(this.path, "metrics.jsonl");
  }
  get report(): string {
    return join(this.path, "report.html");
  }
  checkpoint(stage: Stage): string {
    return join(this.path, "checkpoints", stage);
  }
  /** The files of rejection sampling. */
  get rejection(): { samples: string; accepted: string; report: string } {
    const path = (name: string) => join(this.path, "rejection", name);
    return { samples: path("samples.jsonl"), accepted: path("accepted.jsonl"), report: path("report.json") };
  }
  /** Folder of the first reward model's checkpoint. */
  get rewardModel(): string {
    return join(this.path, "reward-model");
  }
  /** Every judged solution that a reward model was trained on. */
  get replay(): string {
    return join(this.path, "replay.jsonl");
  }
  /** The passages that pre-training reads. */
  get passages(): string {
    return join(this.path, "corpus", "passages.jsonl");
  }
  /** SFT's solutions with programs. */
  get toolSolutions(): string {
    return join(this.path, "sft", "tool_solutions.jsonl");
  }
  /** The reference policy at the beginning of a round of iterative GRPO (from 1), and the reward model at its end. */
  round(number: number): { reference: string; rewardModel: string } {
    const path = (name: string) => join(this.path, "iteration", `round-${number}`, name);
    return { reference: path("reference"), rewardModel: path("reward-model") };
  }
  get #state(): string {
    return join(this.path, "state.safetensors");
  }
  get #previous(): string {
    return join(this.path, "state.previous.safetensors");
  }
  get #tokens(): string {
    return join(this.path, "tokenizer.json");
  }
  get #run(): string {
    return join(this.path, "run.json");
  }

  /** A run was begun here. */
  get isBegun(): boolean {
    return existsSync(this.#run);
  }
  /** A run was begun here and has made something. */
  get hasProgress(): boolean {
    return this.isBegun && [this.#state, this.#previous, join(this.path, "stages")].some((path) => existsSync(path));
  }
  /** A run was brought to its end here. */
  get isFinished(): boolean {
    return this.isBegun && existsSync(this.#stage("evaluation")) && existsSync(this.report);
  }
  /** Whether all of these files and folders are there. */
  missing(names: readonly string[]): string[] {
    return names.filter((name) => !existsSync(join(this.path, name)));
  }

  /** Keeps other programs out until this process ends. Throws an error that names the process that is there. */
  async lock(): Promise<void> {
    await lockDirectory(this.path);
  }

  /** Makes the folder, locks it and writes `run.json`. A finished run that is there moves aside, to `<folder>.previous`. */
  async begin(file: RunFile): Promise<void> {
    await makeDirectory(this.path);
    await this.lock();
    if (this.isFinished) {
      unlockDirectory(this.path);
      await rm(`${this.path}.previous`, { recursive: true, force: true });
      await rename(this.path, `${this.path}.previous`).catch((error: unknown) => {
        throw fileError(`Cannot move ${this.path} aside`, error);
      });
      await makeDirectory(this.path);
      await this.lock();
    }
    await writeWhole(this.#run, json(file));
  }

  /** Locks the folder, reads `run.json`, and clears away what a killed process left half written. */
  async open(): Promise<RunFile> {
    const file = await readJson(this.#run);
    requireRunFile(file, this.#run);
    await this.lock();
    for (const name of await readdir(this.path))
      if (/\.tmp(-|$)/.test(name)) await rm(join(this.path, name), { recursive: true, force: true });
    return file;
  }

  /** Keeps the tokenizer. */
  async saveTokens(json: string): Promise<void> {
    await writeWhole(this.#tokens, json);
  }

  /** The tokenizer, or `undefined` where none was trained yet. */
  async loadTokens(): Promise<ProblemTokens | undefined> {
    if (!existsSync(this.#tokens)) return undefined;
    const json = await readJson(this.#tokens);
    try {
      return ProblemTokens.fromJSON(json as object);
    } catch (error) {
      throw new TypeError(`Cannot read ${this.#tokens}: ${(error as Error).message}`);
    }
  }

  /** Writes weights, optimiser state and position, keeping the version before. */
  async saveState({ weights, momentum, variance, steps }: PolicyState, position: RunPosition): Promise<void> {
    // The newest gets a second name, then the first name moves on: at every moment one of the two is whole.
    await rm(this.#previous, { force: true });
    if (existsSync(this.#state)) await link(this.#state, this.#previous);
    const tensor = (data: Float32Array) => ({ dtype: "F32" as const, shape: [data.length], data });
    await writeSafetensors(
      this.#state,
      { weights: tensor(weights), momentum: tensor(momentum), variance: tensor(variance) },
      { position: JSON.stringify(position), steps: String(steps) },
    );
  }

  /**
   * The newest state that can be read, or `undefined` where none was saved. A damaged newest one gives way to the one
   * before, and `warn` is told.
   *
   * @throws {Error} When neither can be read; both stay as they are.
   */
  async loadState(warn: (message: string) => void): Promise<{ state: PolicyState; position: RunPosition } | undefined> {
    const [newest, previous] = [existsSync(this.#state), existsSync(this.#previous)];
    if (!newest && !previous) return undefined;
    try {
      return await readState(this.#state);
    } catch (error) {
      const { message } = error as Error;
      if (!previous) throw new Error(`Cannot resume: ${message}, and there is no state before it`);
      const found = await readState(this.#previous).catch((second: Error) => {
        throw new Error(`Cannot resume: both states are damaged (${message}; ${second.message})`);
      });
      warn(`Warning: ${message}; going on from the state one update earlier`);
      // Else the next update would push the damaged one into the place of the good one before its own is written.
      await rename(this.#previous, this.#state);
      return found;
    }
  }

  /** Keeps the answers after a stage. */
  async saveEvaluation(stage: Stage, evaluation: Evaluation): Promise<void> {
    await writeWhole(this.#evaluation(stage), json(evaluation));
  }

  /** The answers after a stage, or `undefined` where it was not evaluated yet. */
  async loadEvaluation(stage: Stage): Promise<Evaluation | undefined> {
    const path = this.#evaluation(stage);
    return existsSync(path) ? ((await readJson(path)) as Evaluation) : undefined;
  }

  /** Keeps what a checkpoint answers with programs and in many samples. */
  async saveFullEvaluation(stage: Stage, evaluation: FullEvaluation): Promise<void> {
    await writeWhole(this.#full(stage), json(evaluation));
  }

  /** The same, or `undefined`. */
  async loadFullEvaluation(stage: Stage): Promise<FullEvaluation | undefined> {
    const path = this.#full(stage);
    return existsSync(path) ? ((await readJson(path)) as FullEvaluation) : undefined;
  }

  /** Keeps what a stage consumed and produced: from now on it is done. */
  async saveStage(record: StageRecordFile): Promise<void> {
    await writeWhole(this.#stage(record.stage), json(record));
  }

  /** What a stage consumed and produced, or `undefined` where it is not done. */
  async loadStage(stage: StageName): Promise<StageRecordFile | undefined> {
    const path = this.#stage(stage);
    return existsSync(path) ? ((await readJson(path)) as StageRecordFile) : undefined;
  }

  #evaluation(stage: Stage): string {
    return join(this.path, "evaluations", `${stage}.json`);
  }
  #full(stage: Stage): string {
    return join(this.path, "evaluations", "full", `${stage}.json`);
  }
  #stage(stage: StageName): string {
    return join(this.path, "stages", `${stage}.json`);
  }
}

function json(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Enough of a check that nothing later fails without naming the file. */
function requireRunFile(file: unknown, path: string): asserts file is RunFile {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  const configuration = isObject(file) ? file.configuration : undefined;
  const parts = ["model", "levels", ...stages, "evaluation"];
  const missing = isObject(configuration) ? parts.find((part) => !isObject(configuration[part])) : "configuration";
  if (missing) throw new TypeError(`Cannot read ${path}: it has no ${missing}`);
  const { request, startedAt } = file as Record<string, unknown>;
  if (!isObject(request)) throw new TypeError(`Cannot read ${path}: it has no request`);
  if (typeof startedAt !== "string" || Number.isNaN(Date.parse(startedAt)))
    throw new TypeError(`Cannot read ${path}: it has no startedAt`);
}

async function readState(path: string): Promise<{ state: PolicyState; position: RunPosition }> {
  const { tensors, metadata } = await readSafetensors(path);
  const part = (name: string) => {
    const data = tensors[name]?.data;
    if (!(data instanceof Float32Array)) throw new Error(`Cannot read ${path}: it has no ${name}`);
    return data;
  };
  const [weights, momentum, variance] = [part("weights"), part("momentum"), part("variance")];
  if (metadata.position === undefined) throw new Error(`Cannot read ${path}: it has no position`);
  return {
    state: { weights, momentum, variance, steps: Number(metadata.steps) },
    position: JSON.parse(metadata.position) as RunPosition,
  };
}
