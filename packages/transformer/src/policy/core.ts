/**
 * The policy on the thread it was made on: holds the weights, compiles graphs as they are needed, trains and samples.
 * Its calls block that thread while a graph runs; `policy.ts` puts it in a worker.
 *
 * @module
 */
import {
  AdamW,
  type AdamWOptions,
  type AdamWReport,
  type Device,
  openSession,
  type Session,
  type TensorData,
} from "@gradus/autodiff";
import { type TransformerConfig, validateConfig } from "../files/config.ts";
import { type Weights, weightShapes } from "../files/weights.ts";
import { decodeModel, prefillModel, rowModel } from "../model/graphs.ts";
import { arrangeRows, checkBatch, type Rows, type SegmentedBatch } from "../model/rows.ts";
import { type SampleProgress, type SampleRequest, sampleCompletions } from "../sampling/sample.ts";
import type { Completion } from "../sampling/wave.ts";
import { Gradient } from "./gradient.ts";
import { decayMask, initialize, layoutOf, type Slot, totalSize, views } from "./parameters.ts";

/** How a policy computes. None of these changes results beyond rounding. */
export interface PolicyOptions {
  /** Default `"cpu"`. */
  device?: Device;
  /** Threads within one operator. Default: one for each core. */
  threads?: number;
  /** Most tokens in one run of a graph: bounds the memory of activations. Default 4096. */
  maxTokens?: number;
  /** Keep only what passes between blocks for the backward pass, and compute the rest again. Default false. */
  checkpointBlocks?: boolean;
  /** Queries of one attention product in long rows. Default 512. */
  queryChunk?: number;
}

/** How to score. */
export interface ScoreOptions {
  /** Default false. */
  entropies?: boolean;
  /** Default 1. */
  temperature?: number;
  /** Aborting makes this call reject with the signal's reason, whether it runs or waits for its turn. */
  signal?: AbortSignal;
}

/** Log-probabilities of the labels and, if asked, entropies: one entry for each token of the batch. */
export interface LogProbs {
  readonly logProbs: Float32Array;
  readonly entropies?: Float32Array;
}

/** Everything that training changes, for checkpoints. */
export interface PolicyState {
  weights: Float32Array;
  momentum: Float32Array;
  variance: Float32Array;
  steps: number;
}

/** Logits above this many numbers are streamed instead of held. */
const LOGITS_HELD = 2 ** 23;
/** Numbers of one chunk of streamed logits. */
const LOGITS_CHUNK = 2 ** 21;

/** See the module. */
export class PolicyCore {
  readonly config: TransformerConfig;
  readonly #options: Required<Omit<PolicyOptions, "threads">> & Pick<PolicyOptions, "threads">;
  readonly #layout: readonly Slot[];
  readonly #weights: Float32Array;
  readonly #gradient: Gradient;
  readonly #optimizer: AdamW;
  readonly #feeds: Record<string, TensorData>;
  readonly #sessions = new Map<string, Promise<Session>>();
  /** Kept between waves: touching fresh memory for the first time costs more than writing the caches. */
  readonly #cacheMemory = new Map<string, Float32Array>();
  #last: Promise<unknown> = Promise.resolve();

  /** Takes over `weights`, the flat array in the order of `weightShapes`. */
  constructor(config: TransformerConfig, weights: Float32Array, options: PolicyOptions = {}) {
    this.config = validateConfig(config);
    this.#options = { device: "cpu", maxTokens: 4096, checkpointBlocks: false, queryChunk: 512, ...options };
    this.#layout = layoutOf(config);
    const size = totalSize(this.#layout);
    if (weights.length !== size)
      throw new RangeError(`Cannot make policy: found ${weights.length} weights, expected ${size}`);
    this.#weights = weights;
    this.#gradient = new Gradient(this.#layout);
    this.#optimizer = new AdamW(size, { decays: decayMask(this.#layout) });
    const shapes = weightShapes(config);
    this.#feeds = Object.fromEntries(
      Object.entries(views(weights, this.#layout)).map(([name, data]) => [name, { data, shape: shapes[name] }]),
    );
  }

  /** A policy with random weights. */
  static create(config: TransformerConfig, { seed, ...options }: PolicyOptions & { seed: number }): PolicyCore {
    return new PolicyCore(config, initialize(validateConfig(config), layoutOf(config), seed), options);
  }

  /** Weights by name, as views: changing them changes the policy. */
  get weights(): Weights {
    return views(this.#weights, this.#layout);
  }

  /** Log π(label) for every token of the batch. */
  async logProbs(
    batch: SegmentedBatch,
    { entropies = false, temperature = 1, signal }: ScoreOptions = {},
  ): Promise<LogProbs> {
    return await this.inTurn(() => this.#overRows(batch, temperature, { entropies, gradients: false, signal }), signal);
  }

  /** Adds Σ coefficient · ∇ log π(label) to the gradient. Returns the log-probabilities that it computed on the way. */
  async backward(
    batch: SegmentedBatch,
    coefficients: Float32Array,
    { temperature = 1 }: { temperature?: number } = {},
  ): Promise<LogProbs> {
    if (coefficients.length !== batch.tokens.length) {
      throw new RangeError(
        `Cannot go backward: found ${coefficients.length} coefficients, expected ${batch.tokens.length}`,
      );
    }
    return await this.inTurn(() =>
      this.#overRows(batch, temperature, { entropies: false, gradients: true, coefficients }),
    );
  }

  /** Descends the accumulated gradient and clears it. */
  step(update: AdamWOptions): AdamWReport {
    const report = this.#optimizer.step(this.#weights, this.#gradient.total, update);
    this.#gradient.clear();
    this.#dropSession("decode"); // it holds the weights as constants
    return report;
  }

  /** The accumulated gradient by weight, as views. */
  get gradients(): Weights {
    return this.#gradient.byWeight;
  }

  /** Samples completions, in order of prompt and sample. */
  async sample(
    prompts: readonly Int32Array[],
    request: SampleRequest,
    { onProgress, signal }: { onProgress?: (progress: SampleProgress) => void; signal?: AbortSignal } = {},
  ): Promise<Completion[]> {
    const sessions = {
      prefill: (time: number) => {
        const fixed = this.#fixedTime(time);
        return this.#session(`prefill ${fixed}`, () => prefillModel(this.config, fixed));
      },
      decode: () =>
        this.#session("decode", () =>
          decodeModel(this.config, this.#feeds as Record<string, { shape: number[]; data: Float32Array }>),
        ),
      weights: (forDecoding: boolean) => (forDecoding ? {} : this.#feeds),
      reserve: (name: string, size: number) => this.#reserve(name, size),
    };
    const checkCancelled = () => signal?.throwIfAborted();
    return await this.inTurn(
      () => sampleCompletions(this.config, sessions, prompts, request, { onProgress, checkCancelled }),
      signal,
    );
  }

  /** What a checkpoint has to keep, as views of the live arrays. */
  state(): PolicyState {
    const { momentum, variance, steps } = this.#optimizer;
    return { weights: this.#weights, momentum, variance, steps };
  }

  /** Takes over a state. Throws `RangeError` when it belongs to another configuration. */
  restore(state: PolicyState): void {
    for (const name of ["weights", "momentum", "variance"] as const) {
      if (state[name].length !== this.#weights.length) {
        throw new RangeError(
          `Cannot restore: ${name} has ${state[name].length} entries, expected ${this.#weights.length}`,
        );
      }
    }
    this.#weights.set(state.weights);
    this.#optimizer.momentum.set(state.momentum);
    this.#optimizer.variance.set(state.variance);
    this.#optimizer.steps = state.steps;
    this.#gradient.clear();
    this.#dropSession("decode");
  }

  /** Frees the compiled graphs. */
  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#cacheMemory.clear();
    for (const session of sessions) await (await session).dispose();
  }

  /**
   * Runs a task after those before it: they share caches and the gradient. `sample`, `logProbs` and `backward` take
   * their turn by themselves. A task whose signal is aborted while it waits rejects at once and is never run.
   */
  inTurn<T>(task: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const abandon = () => reject(signal!.reason);
      signal?.addEventListener("abort", abandon, { once: true });
      const turn = this.#last.then(() => {
        signal?.removeEventListener("abort", abandon);
        signal?.throwIfAborted();
        return task();
      });
      this.#last = turn.catch(() => {});
      turn.then(resolve, reject);
    });
  }

  #reserve(name: string, size: number): Float32Array {
    const known = this.#cacheMemory.get(name);
    if (known && known.length >= size) return known;
    const memory = new Float32Array(size);
    this.#cacheMemory.set(name, memory);
    return memory;
  }

  #session(key: string, build: () => Uint8Array): Promise<Session> {
    let session = this.#sessions.get(key);
    if (!session) {
      session = openSession(build(), { device: this.#options.device, threads: this.#options.threads });
      this.#sessions.set(key, session);
    }
    return session;
  }

  #dropSession(key: string): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.then((opened) => opened.dispose());
  }

  /** Long rows get a graph of their own, which goes through them in chunks; all others share one. */
  #fixedTime(time: number): number | undefined {
    return time > this.#options.queryChunk ? time : undefined;
  }

  #rowSession(time: number, entropies: boolean, gradients: boolean): Promise<Session> {
    const { maxTokens, checkpointBlocks, queryChunk, device } = this.#options;
    const portable = device !== "cpu";
    const { vocabSize } = this.config;
    const streams = Math.max(maxTokens, time) * vocabSize > LOGITS_HELD;
    const headChunk = streams ? Math.max(16, Math.floor(LOGITS_CHUNK / vocabSize)) : 0;
    const fixed = this.#fixedTime(time);
    return this.#session(`rows ${fixed} ${entropies} ${gradients}`, () =>
      rowModel(this.config, { time: fixed, entropies, gradients, checkpointBlocks, queryChunk, headChunk, portable }),
    );
  }

  async #overRows(
    batch: SegmentedBatch,
    temperature: number,
    {
      entropies,
      gradients,
      coefficients,
      signal,
    }: { entropies: boolean; gradients: boolean; coefficients?: Float32Array; signal?: AbortSignal },
  ): Promise<LogProbs> {
    checkBatch(batch, this.config);
    if (!(temperature > 0))
      throw new RangeError(`Cannot score at temperature ${temperature}: expected a positive number`);
    const result = {
      logProbs: new Float32Array(batch.tokens.length),
      ...(entropies ? { entropies: new Float32Array(batch.tokens.length) } : {}),
    };
    for (const rows of arrangeRows(batch, this.#options.maxTokens)) {
      signal?.throwIfAborted();
      const session = await this.#rowSession(rows.time, entropies, gradients);
      const feeds = rowFeeds(rows, temperature);
      if (coefficients)
        feeds.coefficients = {
          data: Float32Array.from(rows.source, (at) => (at < 0 || batch.labels[at] < 0 ? 0 : coefficients[at])),
          shape: feeds.tokens.shape,
        };
      // Only the CPU provider writes where it is told.
      const targets = gradients && this.#options.device === "cpu" ? this.#gradient.targets() : {};
      const outputs = await session.run({ ...this.#feeds, ...feeds }, undefined, targets);
      scatter(outputs.logProbs.data as Float32Array, rows, batch.labels, result.logProbs);
      if (result.entropies) scatter(outputs.entropies.data as Float32Array, rows, batch.labels, result.entropies);
      if (gradients) this.#gradient.add(outputs);
    }
    return result;
  }
}

function rowFeeds(
  { count, time, tokens, labels, positions, segments }: Rows,
  temperature: number,
): Record<string, TensorData> {
  const shape = [count, time];
  return {
    tokens: { data: tokens, shape },
    labels: { data: labels, shape },
    positions: { data: positions, shape },
    segments: { data: segments, shape },
    inverseTemperature: { data: Float32Array.of(1 / temperature), shape: [] },
  };
}

/** Puts row entries back where their tokens stand in the batch; 0 stays where the label is negative. */
function scatter(values: Float32Array, { source }: Rows, labels: Int32Array, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) if (source[i] >= 0 && labels[source[i]] >= 0) target[source[i]] = values[i];
}
