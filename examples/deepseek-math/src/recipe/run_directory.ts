/**
 * The folder of a run, and what survives `kill -9` in it:
 *
 * | file | |
 * |---|---|
 * | `run.json` | configuration, written once |
 * | `metrics.jsonl` | one record for each update |
 * | `state.safetensors` | weights, optimiser state and place in the run, after each update |
 * | `state.previous.safetensors` | the same, one update earlier: used when the newest is damaged |
 * | `checkpoints/<stage>/` | the policy after each stage, in Hugging Face layout |
 * | `evaluations/<stage>.json` | held-out answers after each stage |
 * | `report.html` | written at the end |
 *
 * @module
 */

import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PolicyState, readSafetensors, writeSafetensors } from "@gradus/transformer";
import type { Configuration, Stage } from "./configuration.ts";
import type { Evaluation } from "./evaluate.ts";

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
}

/** What `run.json` holds. */
export interface RunFile {
  configuration: Configuration;
  startedAt: string;
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
  get #state(): string {
    return join(this.path, "state.safetensors");
  }
  get #previous(): string {
    return join(this.path, "state.previous.safetensors");
  }
  get #run(): string {
    return join(this.path, "run.json");
  }

  /** A run was begun here. */
  get isBegun(): boolean {
    return existsSync(this.#run);
  }
  /** A run was brought to its end here. */
  get isFinished(): boolean {
    return existsSync(this.report);
  }

  /** Makes the folder and writes `run.json`. A finished run that is there moves aside. */
  async begin(file: RunFile): Promise<void> {
    if (this.isFinished) {
      await rm(`${this.path}.previous`, { recursive: true, force: true });
      await rename(this.path, `${this.path}.previous`);
    }
    await mkdir(this.path, { recursive: true });
    await writeAtomically(this.#run, file);
  }

  /** Reads `run.json`. */
  async open(): Promise<RunFile> {
    return await readJson<RunFile>(this.#run);
  }

  /** Writes weights, optimiser state and position, keeping the version before. */
  async saveState({ weights, momentum, variance, steps }: PolicyState, position: RunPosition): Promise<void> {
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
   * The newest state that can be read, or `undefined` where none was saved. A damaged newest one is passed over in
   * favour of the one before, and `warn` is told.
   */
  async loadState(warn: (message: string) => void): Promise<{ state: PolicyState; position: RunPosition } | undefined> {
    if (!existsSync(this.#state) && !existsSync(this.#previous)) return undefined;
    try {
      return await readState(this.#state);
    } catch (error) {
      if (!existsSync(this.#previous)) throw error;
      warn(`${(error as Error).message}; going on from the state one update earlier`);
      return await readState(this.#previous);
    }
  }

  /** Keeps the answers after a stage. */
  async saveEvaluation(stage: Stage, evaluation: Evaluation): Promise<void> {
    await mkdir(join(this.path, "evaluations"), { recursive: true });
    await writeAtomically(join(this.path, "evaluations", `${stage}.json`), evaluation);
  }

  /** The answers after a stage, or `undefined` where it was not evaluated yet. */
  async loadEvaluation(stage: Stage): Promise<Evaluation | undefined> {
    const path = join(this.path, "evaluations", `${stage}.json`);
    return existsSync(path) ? await readJson<Evaluation>(path) : undefined;
  }
}

async function readState(path: string): Promise<{ state: PolicyState; position: RunPosition }> {
  const { tensors, metadata } = await readSafetensors(path);
  const part = (name: string) => {
    const data = tensors[name]?.data;
    if (!(data instanceof Float32Array)) throw new Error(`Cannot resume from ${path}: it has no ${name}`);
    return data;
  };
  const state = {
    weights: part("weights"),
    momentum: part("momentum"),
    variance: part("variance"),
    steps: Number(metadata.steps),
  };
  return { state, position: JSON.parse(metadata.position) as RunPosition };
}

async function readJson<T>(path: string): Promise<T> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new SyntaxError(`Cannot read ${path}: it is not valid JSON`);
  }
}

async function writeAtomically(path: string, content: unknown): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
