/**
 * What runs in the scorer's worker: a {@linkcode ScorerCore} behind methods that can be called from another thread.
 *
 * @module
 */
import { type AdamWOptions, type AdamWReport, moved, serve } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import type { Weights } from "../files/weights.ts";
import type { PolicyOptions, PolicyState } from "../policy/core.ts";
import { type ScoreBatch, ScorerCore } from "./core.ts";

/** The methods that the main thread calls. */
export class ScorerHost {
  #core: ScorerCore | undefined;

  get core(): ScorerCore {
    if (!this.#core) throw new TypeError("Cannot use the scorer: it has been disposed of");
    return this.#core;
  }
  make(config: TransformerConfig, from: Weights | number, options: PolicyOptions): void {
    this.#core = new ScorerCore(config, from, options);
  }
  score(batch: ScoreBatch): Promise<Float32Array> {
    return this.core.score(batch);
  }
  backward(batch: ScoreBatch, coefficients: Float32Array): Promise<Float32Array> {
    return this.core.backward(batch, coefficients);
  }
  step(update: AdamWOptions): Promise<AdamWReport> {
    return this.core.inTurn(() => this.core.step(update));
  }
  /** A copy, moved to the caller. */
  async state(): Promise<PolicyState> {
    const copy = await this.core.inTurn(() => {
      const { weights, momentum, variance, steps } = this.core.state();
      return { weights: weights.slice(), momentum: momentum.slice(), variance: variance.slice(), steps };
    });
    return moved(copy, [copy.weights.buffer, copy.momentum.buffer, copy.variance.buffer]);
  }
  restore(state: PolicyState): Promise<void> {
    return this.core.inTurn(() => this.core.restore(state));
  }
  async dispose(): Promise<void> {
    await this.#core?.dispose();
    this.#core = undefined;
  }
}

await serve(new ScorerHost());
