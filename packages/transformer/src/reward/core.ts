/**
 * The scorer on the thread it was made on; `scorer.ts` puts it in a worker.
 *
 * @module
 */
import type { AdamWOptions, AdamWReport, Session, TensorData } from "@gradus/autodiff";
import { type TransformerConfig, validateConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import type { Weights } from "../files/weights.ts";
import { alignmentOf, arrangeRows, checkBatch } from "../model/rows.ts";
import type { PolicyOptions } from "../policy/core.ts";
import { Learner, type PolicyState } from "../policy/learner.ts";
import { initialize, layoutOf, totalSize } from "../policy/parameters.ts";
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
  readonly #learner: Learner;

  /**
   * A scorer with the weights of a policy by name, or random ones by the seed; its value head is 0, so that every score
   * is. A `valueHead` among the weights is taken over.
   */
  constructor(config: TransformerConfig, from: Weights | number, options: PolicyOptions = {}) {
    this.config = headless(validateConfig(config));
    this.#options = { ...options, maxTokens: options.maxTokens ?? 4096, queryChunk: options.queryChunk ?? 512 };
    const layout = scorerLayout(this.config);
    const weights = new Float32Array(totalSize(layout));
    if (typeof from === "number") weights.set(initialize(this.config, layoutOf(this.config), from));
    else {
      for (const { name, offset, size } of layout) {
        if (name === VALUE_HEAD && !from[name]) continue;
        if (from[name]?.length !== size)
          throw new RangeError(
            `Cannot make scorer: ${name} must have ${size} numbers, found ${from[name]?.length ?? "none"}`,
          );
        weights.set(from[name], offset);
      }
    }
    this.#learner = new Learner(layout, weights, this.#options);
  }

  /** Weights by name, as views: changing them changes the scorer. */
  get weights(): Weights {
    return this.#learner.weights;
  }

  /** The accumulated gradient by weight, as views. */
  get gradients(): Weights {
    return this.#learner.gradients;
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
    return this.#learner.step(update);
  }

  /** What a checkpoint has to keep, as views of the live arrays. */
  state(): PolicyState {
    return this.#learner.state();
  }

  /** Takes over a state. Throws `RangeError` when it belongs to another configuration. */
  restore(state: PolicyState): void {
    this.#learner.restore(state);
  }

  /** Frees the compiled graphs. */
  dispose(): Promise<void> {
    return this.#learner.dispose();
  }

  /** Runs a task after those before it: they share the gradient. `score` and `backward` take their turn by themselves. */
  inTurn<T>(task: () => T | Promise<T>): Promise<T> {
    return this.#learner.inTurn(task);
  }

  #session(time: number, gradients: boolean): Promise<Session> {
    const { queryChunk, device = "cpu", checkpointBlocks } = this.#options;
    const fixed = isSparse(this.config) || time > queryChunk ? time : undefined; // such rows have a graph of their own
    const options = { time: fixed, gradients, checkpointBlocks, queryChunk, portable: device !== "cpu" };
    return this.#learner.session(`${fixed} ${gradients}`, () => valueModel(this.config, options));
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
    for (const rows of arrangeRows(rowBatch, this.#options.maxTokens, alignmentOf(this.config))) {
      const session = await this.#session(rows.time, coefficients !== undefined);
      const shape = [rows.count, rows.time];
      const feeds: Record<string, TensorData> = {
        tokens: { data: rows.tokens, shape },
        positions: { data: rows.positions, shape },
        segments: { data: rows.segments, shape },
      };
      if (coefficients)
        feeds.coefficients = { data: Float32Array.from(rows.source, (at) => (at < 0 ? 0 : cotangents[at])), shape };
      const outputs = await this.#learner.run(session, feeds);
      const scores = outputs.scores.data as Float32Array;
      rows.source.forEach((at, i) => {
        if (at >= 0) perToken[at] = scores[i];
      });
    }
    return Float32Array.from(places, (t) => perToken[t]);
  }
}
