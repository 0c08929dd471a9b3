/**
 * The policy on the thread it was made on: holds the weights, compiles graphs as they are needed, trains and samples.
 * Its calls block that thread while a graph runs; `policy.ts` puts it in a worker.
 *
 * @module
 */
import type { AdamWOptions, AdamWReport, Device, Session, TensorData } from "@gradus/autodiff";
import { type TransformerConfig, validateConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import type { Weights } from "../files/weights.ts";
import { decodeModel, prefillModel, rowModel } from "../model/graphs.ts";
import { alignmentOf, arrangeRows, checkBatch, type Rows, type SegmentedBatch } from "../model/rows.ts";
import { type SampleProgress, type SampleRequest, sampleCompletions } from "../sampling/sample.ts";
import type { Completion } from "../sampling/wave.ts";
import { Learner, type PolicyState } from "./learner.ts";
import { initialize, layoutOf, totalSize } from "./parameters.ts";

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

/** Logits above this many numbers are streamed instead of held. */
const LOGITS_HELD = 2 ** 23;
/** Numbers of one chunk of streamed logits. */
const LOGITS_CHUNK = 2 ** 21;

/** See the module. */
export class PolicyCore {
  readonly config: TransformerConfig;
  readonly #options: Required<Omit<PolicyOptions, "threads">> & Pick<PolicyOptions, "threads">;
  readonly #learner: Learner;
  /** Kept between waves: touching fresh memory for the first time costs more than writing the caches. */
  readonly #cacheMemory = new Map<string, Float32Array>();

  /** Takes over `weights`, the flat array in the order of `weightShapes`. */
  constructor(config: TransformerConfig, weights: Float32Array, options: PolicyOptions = {}) {
    this.config = validateConfig(config);
    this.#options = { device: "cpu", maxTokens: 4096, checkpointBlocks: false, queryChunk: 512, ...options };
    const layout = layoutOf(config);
    const size = totalSize(layout);
    if (weights.length !== size)
      throw new RangeError(`Cannot make policy: found ${weights.length} weights, expected ${size}`);
    this.#learner = new Learner(layout, weights, this.#options);
  }

  /** A policy with random weights. */
  static create(config: TransformerConfig, { seed, ...options }: PolicyOptions & { seed: number }): PolicyCore {
    return new PolicyCore(config, initialize(validateConfig(config), layoutOf(config), seed), options);
  }

  /** Weights by name, as views: changing them changes the policy. */
  get weights(): Weights {
    return this.#learner.weights;
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
    const report = this.#learner.step(update);
    this.#learner.dropSession("decode"); // it holds the weights as constants
    return report;
  }

  /** The accumulated gradient by weight, as views. */
  get gradients(): Weights {
    return this.#learner.gradients;
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
        return this.#learner.session(`prefill ${fixed}`, () => prefillModel(this.config, fixed));
      },
      decode: () => this.#learner.session("decode", () => decodeModel(this.config, this.#learner.feeds)),
      weights: (forDecoding: boolean) => (forDecoding ? {} : this.#learner.feeds),
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
    return this.#learner.state();
  }

  /** Takes over a state. Throws `RangeError` when it belongs to another configuration. */
  restore(state: PolicyState): void {
    this.#learner.restore(state);
    this.#learner.dropSession("decode");
  }

  /** Frees the compiled graphs. */
  async dispose(): Promise<void> {
    this.#cacheMemory.clear();
    await this.#learner.dispose();
  }

  /**
   * Runs a task after those before it: they share caches and the gradient. `sample`, `logProbs` and `backward` take
   * their turn by themselves. A task whose signal is aborted while it waits rejects at once and is never run.
   */
  inTurn<T>(task: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#learner.inTurn(task, signal);
  }

  #reserve(name: string, size: number): Float32Array {
    const known = this.#cacheMemory.get(name);
    if (known && known.length >= size) return known;
    const memory = new Float32Array(size);
    this.#cacheMemory.set(name, memory);
    return memory;
  }

  /** Long rows get a graph of their own, which goes through them in chunks; all others share one. Sparse attention: each. */
  #fixedTime(time: number): number | undefined {
    return isSparse(this.config) || time > this.#options.queryChunk ? time : undefined;
  }

  #rowSession(time: number, entropies: boolean, gradients: boolean): Promise<Session> {
    const { maxTokens, checkpointBlocks, queryChunk, device } = this.#options;
    const portable = device !== "cpu";
    const { vocabSize } = this.config;
    const streams = Math.max(maxTokens, time) * vocabSize > LOGITS_HELD;
    const headChunk = streams ? Math.max(16, Math.floor(LOGITS_CHUNK / vocabSize)) : 0;
    const fixed = this.#fixedTime(time);
    return this.#learner.session(`rows ${fixed} ${entropies} ${gradients}`, () =>
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
    for (const rows of arrangeRows(batch, this.#options.maxTokens, alignmentOf(this.config))) {
      signal?.throwIfAborted();
      const session = await this.#rowSession(rows.time, entropies, gradients);
      const feeds = rowFeeds(rows, temperature);
      if (coefficients)
        feeds.coefficients = {
          data: Float32Array.from(rows.source, (at) => (at < 0 || batch.labels[at] < 0 ? 0 : coefficients[at])),
          shape: feeds.tokens.shape,
        };
      const outputs = await this.#learner.run(session, feeds);
      scatter(outputs.logProbs.data as Float32Array, rows, batch.labels, result.logProbs);
      if (result.entropies) scatter(outputs.entropies.data as Float32Array, rows, batch.labels, result.entropies);
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
