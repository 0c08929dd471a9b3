/**
 * The gradient that micro-batches add up to.
 *
 * @module
 */
import type { TensorData } from "@gradus/autodiff";
import type { Weights } from "../files/weights.ts";
import { gradientName } from "../model/graphs.ts";
import { type Slot, totalSize, views } from "./parameters.ts";

/** A flat gradient in the order of a layout, and the memory that a backward pass writes to. */
export class Gradient {
  readonly #layout: readonly Slot[];
  readonly #total: Float32Array;
  /** Memory for all micro-batches after the first. */
  #partial: Float32Array | undefined;
  #isEmpty = true;

  constructor(layout: readonly Slot[]) {
    this.#layout = layout;
    this.#total = new Float32Array(totalSize(layout));
  }

  /** Forgets what was added. */
  clear(): void {
    this.#isEmpty = true;
  }

  /** The sum so far; zeros when nothing was added. */
  get total(): Float32Array {
    return this.#isEmpty ? this.#total.fill(0) : this.#total;
  }

  /** The same by weight, as views. */
  get byWeight(): Weights {
    return views(this.total, this.#layout);
  }

  /** Where the next pass may write, by name of output: the total itself while that is empty, else memory beside it. */
  targets(): Record<string, TensorData> {
    const memory = this.#arriving();
    return Object.fromEntries(
      this.#layout.map(({ name, shape, offset, size }) => [
        gradientName(name),
        { data: memory.subarray(offset, offset + size), shape },
      ]),
    );
  }

  /** Adds a pass's outputs, whether they were written to the {@linkcode targets} or elsewhere. */
  add(outputs: Readonly<Record<string, TensorData>>): void {
    const arriving = this.#arriving();
    for (const { name, offset } of this.#layout) {
      const data = outputs[gradientName(name)].data as Float32Array;
      if (data.buffer !== arriving.buffer) arriving.set(data, offset);
    }
    const total = this.#total;
    if (!this.#isEmpty) for (let i = 0; i < total.length; i++) total[i] += arriving[i];
    this.#isEmpty = false;
  }

  #arriving(): Float32Array {
    if (this.#isEmpty) return this.#total;
    this.#partial ??= new Float32Array(this.#total.length);
    return this.#partial;
  }
}
