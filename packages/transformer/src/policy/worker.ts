/**
 * What runs in the policy's worker: a {@linkcode PolicyCore} behind methods that can be called from another thread.
 *
 * @module
 */
import { type AdamWOptions, type AdamWReport, moved, serve } from "@gradus/autodiff";
import { exportModel } from "../export/model.ts";
import type { TransformerConfig } from "../files/config.ts";
import type { SegmentedBatch } from "../model/rows.ts";
import type { SampleProgress, SampleRequest } from "../sampling/sample.ts";
import type { Completion } from "../sampling/wave.ts";
import { type LogProbs, PolicyCore, type PolicyOptions, type ScoreOptions } from "./core.ts";
import { movedState } from "./host.ts";
import type { PolicyState } from "./learner.ts";

/** Progress is sent at most this often, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** The methods that the main thread calls. */
export class PolicyHost {
  #core: PolicyCore | undefined;
  /** Calls that may be aborted, by the number that the main thread gave them. */
  readonly #abortable = new Map<number, AbortController>();

  get core(): PolicyCore {
    if (!this.#core) throw new TypeError("Cannot use the policy: it has been disposed of");
    return this.#core;
  }
  create(config: TransformerConfig, options: PolicyOptions & { seed: number }): void {
    this.#core = PolicyCore.create(config, options);
  }
  adopt(config: TransformerConfig, weights: Float32Array, options: PolicyOptions): void {
    this.#core = new PolicyCore(config, weights, options);
  }
  logProbs(batch: SegmentedBatch, options?: Omit<ScoreOptions, "signal">, call?: number): Promise<LogProbs> {
    return this.#withSignal(call, (signal) => this.core.logProbs(batch, { ...options, signal }));
  }
  backward(batch: SegmentedBatch, coefficients: Float32Array, options?: { temperature?: number }): Promise<LogProbs> {
    return this.core.backward(batch, coefficients, options);
  }
  step(update: AdamWOptions): Promise<AdamWReport> {
    return this.core.inTurn(() => this.core.step(update));
  }
  sample(
    prompts: readonly Int32Array[],
    request: SampleRequest,
    report?: (progress: SampleProgress) => void,
    call?: number,
  ): Promise<Completion[]> {
    let last = 0;
    const onProgress = (progress: SampleProgress) => {
      const now = performance.now();
      if (!report || (now - last < PROGRESS_INTERVAL && progress.finished < progress.total)) return;
      last = now;
      report(progress);
    };
    return this.#withSignal(call, (signal) => this.core.sample(prompts, request, { onProgress, signal }));
  }
  /** Aborts the call of this number, whether it runs or waits; nothing where it is over. */
  abort(call: number): void {
    this.#abortable.get(call)?.abort();
  }
  async #withSignal<T>(call: number | undefined, use: (signal?: AbortSignal) => Promise<T>): Promise<T> {
    if (call === undefined) return await use();
    const controller = new AbortController();
    this.#abortable.set(call, controller);
    try {
      return await use(controller.signal);
    } finally {
      this.#abortable.delete(call);
    }
  }
  state(): Promise<PolicyState> {
    return this.core.inTurn(() => movedState(this.core.state()));
  }
  restore(state: PolicyState): Promise<void> {
    return this.core.inTurn(() => this.core.restore(state));
  }
  /** The model as an ONNX file, moved to the caller. */
  async exportModel(): Promise<Uint8Array> {
    const model = await this.core.inTurn(() => exportModel(this.core.config, this.core.weights));
    return moved(model, [model.buffer]);
  }
  async dispose(): Promise<void> {
    await this.#core?.dispose();
    this.#core = undefined;
  }
}

await serve(new PolicyHost());
