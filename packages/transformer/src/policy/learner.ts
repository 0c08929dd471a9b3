/**
 * What a policy and a reward model's scorer have in common: weights with a gradient and an optimizer, the graphs that read
 * them, and one call after the other.
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
import type { Weights } from "../files/weights.ts";
import { Gradient } from "./gradient.ts";
import { decayMask, type Slot, views } from "./parameters.ts";

/** Everything that training changes, for checkpoints. */
export interface PolicyState {
  weights: Float32Array;
  momentum: Float32Array;
  variance: Float32Array;
  steps: number;
}

/** Weights that learn. */
export class Learner {
  readonly #layout: readonly Slot[];
  readonly #weights: Float32Array;
  readonly #gradient: Gradient;
  readonly #optimizer: AdamW;
  /** The weights as graphs take them. */
  readonly feeds: Readonly<Record<string, { data: Float32Array; shape: number[] }>>;
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #device: Device;
  readonly #threads: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Takes over `weights`, the flat array of a layout. */
  constructor(
    layout: readonly Slot[],
    weights: Float32Array,
    { device = "cpu", threads }: { device?: Device; threads?: number },
  ) {
    this.#layout = layout;
    this.#weights = weights;
    this.#gradient = new Gradient(layout);
    this.#optimizer = new AdamW(weights.length, { decays: decayMask(layout) });
    const byName = this.weights;
    this.feeds = Object.fromEntries(
      layout.map(({ name, shape }) => [name, { data: byName[name], shape: [...shape] }] as const),
    );
    this.#device = device;
    this.#threads = threads;
  }

  /** Weights by name, as views: changing them changes the model. */
  get weights(): Weights {
    return views(this.#weights, this.#layout);
  }

  /** The accumulated gradient by weight, as views. */
  get gradients(): Weights {
    return this.#gradient.byWeight;
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
    const { length } = this.#weights;
    for (const name of ["weights", "momentum", "variance"] as const) {
      if (state[name].length !== length)
        throw new RangeError(`Cannot restore: ${name} has ${state[name].length} entries, expected ${length}`);
    }
    this.#weights.set(state.weights);
    this.#optimizer.momentum.set(state.momentum);
    this.#optimizer.variance.set(state.variance);
    this.#optimizer.steps = state.steps;
    this.#gradient.clear();
  }

  /** The compiled graph of this key, built at the first call. */
  session(key: string, build: () => Uint8Array): Promise<Session> {
    let session = this.#sessions.get(key);
    if (!session) {
      session = openSession(build(), { device: this.#device, threads: this.#threads });
      this.#sessions.set(key, session);
    }
    return session;
  }

  /** Forgets a compiled graph, one that holds the weights as constants, say. */
  dropSession(key: string): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.then((opened) => opened.dispose());
  }

  /** Runs a graph on the weights and `feeds`; with coefficients among these, adds to the gradient. */
  async run(session: Session, feeds: Record<string, TensorData>): Promise<Record<string, TensorData>> {
    const learns = feeds.coefficients !== undefined;
    // Only the CPU provider writes where it is told.
    const targets = learns && this.#device === "cpu" ? this.#gradient.targets() : {};
    const outputs = await session.run({ ...this.feeds, ...feeds }, undefined, targets);
    if (learns) this.#gradient.add(outputs);
    return outputs;
  }

  /**
   * Runs a task after those before it: they share the gradient and the graphs' memory. A task whose signal is aborted while
   * it waits rejects at once and is never run.
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

  /** Frees the compiled graphs. */
  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).dispose();
  }
}
