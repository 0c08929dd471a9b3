/**
 * A work register as a vector of all its values, in WebAssembly memory with float32 amplitudes: multiplication gathers
 * p[x] = w[a⁻¹ x mod N].
 *
 * Taken in the order of x, that waits for memory at every value: a⁻¹ x jumps all over the vector, and of each cache line of 64
 * bytes that comes, 8 are used. But a multiplication modulo N is a transposition in disguise. Beside x ↦ a⁻¹ x, the steps x + 1 ↦
 * a⁻¹ x + a⁻¹, there are the steps x + a ↦ a⁻¹ x + 1. So the values are cut into rows that begin at 0, a, 2a, 3a, … modulo N and end
 * where another one begins; row after row, what is read lies one place beside what was read for the row before, in a line that is
 * still in the cache. Which factor it is does not matter, and nothing is known of its order.
 */

import { inverseModulo } from "../arithmetic/modular.ts";
import { type Kernels, kernels } from "../simulator/kernels.ts";
import type { Register } from "./register.ts";
import { rowsOf } from "./rows.ts";
import type { SparseRegister } from "./sparse_register.ts";

const START = 64; // the two sums lie before it

/** |w⟩ and U|w⟩, dense. */
export class DenseRegister implements Register {
  readonly #modulus: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #bytes: number;

  /** Takes over the state of a sparse register. */
  constructor(state: SparseRegister, modulus: number) {
    this.#modulus = modulus;
    // One value more, or two: the last row may write beyond its end.
    this.#bytes = 8 * (modulus + 2 - (modulus % 2));
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil((START + 2 * this.#bytes) / 65536) });
    this.#kernels = kernels(this.#memory);
    state.scatter(this.amplitudes);
  }

  /** |w⟩: re, im, re, im, … */
  get amplitudes(): Float32Array {
    return new Float32Array(this.#memory.buffer, START, this.#bytes / 4);
  }

  multiply(factor: number): readonly [number, number] {
    const modulus = this.#modulus;
    const sums = new Float64Array(this.#memory.buffer, 0, 2);
    sums.fill(0);
    const step = inverseModulo(factor, modulus);
    const [first, second] = rowsOf(factor, modulus);
    let x = 0;
    for (let row = 0; row < first.count + second.count; row++) {
      const { length } = row < first.count ? first : second;
      this.#kernels.permute(START, START + this.#bytes, x, x + length, row, step, modulus, 0);
      x += factor;
      if (x >= modulus) x -= modulus;
    }
    return [sums[0], sums[1]];
  }

  combine(s: number, re: number, im: number): void {
    this.#kernels.combine(START, START + this.#bytes, this.#bytes, s, re, im);
  }
}
