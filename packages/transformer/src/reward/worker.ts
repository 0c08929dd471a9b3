/**
 * What runs in the scorer's worker: a {@linkcode ScorerCore} behind methods that can be called from another thread.
 *
 * @module
 */
import { type AdamWOptions, type AdamWReport, serve } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import type { Weights } from "../files/weights.ts";
import type { PolicyOptions } from "../policy/core.ts";
import { movedState } from "../policy/host.ts";
import type { PolicyState } from "../policy/learner.ts";
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
  state(): Promise<PolicyState> {
    return this.core.inTurn(() => movedState(this.core.state()));
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
