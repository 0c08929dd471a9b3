/**
 * The scorer on the thread it was made on; `scorer.ts` puts it in a worker.
 *
 * @module
 */
import {
  AdamW,
  type AdamWOptions,
  type AdamWReport,
  openSession,
  type Session,
  type TensorData,
} from "@gradus/autodiff";
import { type TransformerConfig, validateConfig } from "../files/config.ts";
import type { Weights } from "../files/weights.ts";
import { arrangeRows, checkBatch } from "../model/rows.ts";
import type { PolicyOptions, PolicyState } from "../policy/core.ts";
import { Gradient } from "../policy/gradient.ts";
import { decayMask, initialize, layoutOf, type Slot, totalSize, views } from "../policy/parameters.ts";
import { headless, scorerLayout, VALUE_HEAD, valueModel } from "./value_model.ts";

/** Sequences end to end, and the places among their tokens where scores are read. */
export interface ScoreBatch {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  /** Cumulative lengths, n + 1 entries. */
  readonly segments: Int32Array;
  /** Indices into `tokens`; one may be there twice. */
  readonly places: Int32Array;
}

/** See the module. */
export class ScorerCore {
  readonly config: TransformerConfig;
  readonly #options: Omit<PolicyOptions, "maxTokens"> & { maxTokens: number; queryChunk: number };
  readonly #layout: readonly Slot[];
  readonly #weights: Float32Array;
  readonly #gradient: Gradient;
  readonly #optimizer: AdamW;
  readonly #feeds: Record<string, TensorData>;
  readonly #sessions = new Map<string, Promise<Session>>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * A scorer with the weights of a policy by name, or random ones by the seed; its value head is 0, so that every score
   * is. A `valueHead` among the weights is taken over.
   */
  constructor(config: TransformerConfig, from: Weights | number, options: PolicyOptions = {}) {
    this.config = headless(validateConfig(config));
    this.#options = { ...options, maxTokens: options.maxTokens ?? 4096, queryChunk: options.queryChunk ?? 512 };
    this.#layout = scorerLayout(this.config);
    this.#weights = new Float32Array(totalSize(this.#layout));
    if (typeof from === "number") this.#weights.set(initialize(this.config, layoutOf(this.config), from));
    else {
      for (const { name, offset, size } of this.#layout) {
        if (name === VALUE_HEAD && !from[name]) continue;
        if (from[name]?.length !== size)
          throw new RangeError(
            `Cannot make scorer: ${name} must have ${size} numbers, found ${from[name]?.length ?? "none"}`,
          );
        this.#weights.set(from[name], offset);
      }
    }
    this.#gradient = new Gradient(this.#layout);
    this.#optimizer = new AdamW(this.#weights.length, { decays: decayMask(this.#layout) });
    const shapes = new Map(this.#layout.map(({ name, shape }) => [name, [...shape]]));
    this.#feeds = Object.fromEntries(
      Object.entries(this.weights).map(([name, data]) => [name, { data, shape: shapes.get(name) as number[] }]),
    );
  }

  /** Weights by name, as views: changing them changes the scorer. */
  get weights(): Weights {
    return views(this.#weights, this.#layout);
  }

  /** The accumulated gradient by weight, as views. */
  get gradients(): Weights {
    return this.#gradient.byWeight;
  }

  /** The score at every place. */
  score(batch: ScoreBatch): Promise<Float32Array> {
    return this.inTurn(() => this.#overRows(batch));
  }

  /** Adds Σ coefficient · ∇ score to the gradient. Returns the scores that it computed on the way. */
  async backward(batch: ScoreBatch, coefficients: Float32Array): Promise<Float32Array> {
    if (coefficients.length !== batch.places.length) {
      throw new RangeError(
        `Cannot go backward: found ${coefficients.length} coefficients, expected ${batch.places.length}`,
      );
    }
    return await this.inTurn(() => this.#overRows(batch, coefficients));
  }

  /** Descends the accumulated gradient with AdamW and clears it. */
  step(update: AdamWOptions): AdamWReport {
    const report = this.#optimizer.step(this.#weights, this.#gradient.total, update);
    this.#gradient.clear();
    return report;
  }

  /** What a checkpoint has to keep, as views of the live arrays. */
  state(): PolicyState {
    const { momentum, variance, steps } = this.#optimizer;
    return { weights: this.#weights, momentum, variance, steps };
  }

  /** Takes over a state. Throws `RangeError` when it belongs to another configuration. */
  restore(state: PolicyState): void {
    const targets = { weights: this.#weights, momentum: this.#optimizer.momentum, variance: this.#optimizer.variance };
    for (const [name, target] of Object.entries(targets)) {
      const { length } = state[name as keyof typeof targets];
      if (length !== target.length)
        throw new RangeError(`Cannot restore: ${name} has ${length} entries, expected ${target.length}`);
    }
    for (const [name, target] of Object.entries(targets)) target.set(state[name as keyof typeof targets]);
    this.#optimizer.steps = state.steps;
    this.#gradient.clear();
  }

  /** Frees the compiled graphs. */
  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).dispose();
  }

  /** Runs a task after those before it: they share the gradient. `score` and `backward` take their turn by themselves. */
  inTurn<T>(task: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #session(time: number, gradients: boolean): Promise<Session> {
    const { queryChunk, device = "cpu", threads, checkpointBlocks } = this.#options;
    const fixed = time > queryChunk ? time : undefined; // long rows have a graph of their own, in chunks
    const key = `${fixed} ${gradients}`;
    let session = this.#sessions.get(key);
    if (!session) {
      const options = { time: fixed, gradients, checkpointBlocks, queryChunk, portable: device !== "cpu" };
      session = openSession(valueModel(this.config, options), { device, threads });
      this.#sessions.set(key, session);
    }
    return session;
  }

  async #overRows(batch: ScoreBatch, coefficients?: Float32Array): Promise<Float32Array> {
    const { tokens, positions, segments, places } = batch;
    const rowBatch = { tokens, positions, segments, labels: new Int32Array(tokens.length) };
    checkBatch(rowBatch, this.config);
    const stray = places.find((t) => !(t >= 0 && t < tokens.length));
    if (stray !== undefined)
      throw new RangeError(`Cannot use batch: found place ${stray}, expected 0 to ${tokens.length - 1}`);
    const cotangents = new Float32Array(tokens.length);
    if (coefficients) for (let p = 0; p < places.length; p++) cotangents[places[p]] += coefficients[p];
    const perToken = new Float32Array(tokens.length);
    for (const rows of arrangeRows(rowBatch, this.#options.maxTokens)) {
      const session = await this.#session(rows.time, coefficients !== undefined);
      const shape = [rows.count, rows.time];
      const feeds: Record<string, TensorData> = {
        tokens: { data: rows.tokens, shape },
        positions: { data: rows.positions, shape },
        segments: { data: rows.segments, shape },
      };
      if (coefficients)
        feeds.coefficients = { data: Float32Array.from(rows.source, (at) => (at < 0 ? 0 : cotangents[at])), shape };
      // Only the CPU provider writes where it is told.
      const targets = coefficients && (this.#options.device ?? "cpu") === "cpu" ? this.#gradient.targets() : {};
      const outputs = await session.run({ ...this.#feeds, ...feeds }, undefined, targets);
      const scores = outputs.scores.data as Float32Array;
      rows.source.forEach((at, i) => {
        if (at >= 0) perToken[at] = scores[i];
      });
      if (coefficients) this.#gradient.add(outputs);
    }
    return Float32Array.from(places, (t) => perToken[t]);
  }
}
