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
import { SparseRegister } from "./sparse_register.ts";

const START = 64; // the two sums lie before it

/** Memory for both vectors: their bytes, one value more than N in each, or two, because the last row may write beyond its end. */
function layout(modulus: number): { pages: number; bytes: number } {
  const bytes = 8 * (modulus + 2 - (modulus % 2));
  return { pages: Math.ceil((START + 2 * bytes) / 65536), bytes };
}

/**
 * A sparse register in the state |1⟩ which lies where U|w⟩ will be once it is too large for a list. When that is so is no matter of
 * memory only: a sparse round takes 40 ns for each basis state at 24 bits, a dense one 5 ns for each value, and the list has room
 * for a tenth of them.
 */
export function growingRegister(modulus: number): { start: SparseRegister; memory: WebAssembly.Memory } {
  const { pages, bytes } = layout(modulus);
  const memory = new WebAssembly.Memory({ initial: pages });
  const room = { buffer: memory.buffer as ArrayBuffer, offset: START + bytes, bytes };
  return { start: new SparseRegister(modulus, undefined, room), memory };
}

/** |w⟩ and U|w⟩, dense. */
export class DenseRegister implements Register {
  readonly #modulus: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #bytes: number;

  /**
   * Takes over the state of a sparse register.
   *
   * @param state The state; its list may lie where U|w⟩ will be.
   * @param modulus N.
   * @param memory Of {@link growingRegister}. Default: its own.
   */
  constructor(
    state: SparseRegister,
    modulus: number,
    memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: layout(modulus).pages }),
  ) {
    this.#modulus = modulus;
    this.#bytes = layout(modulus).bytes;
    this.#memory = memory;
    this.#kernels = kernels(memory);
    state.scatter(this.amplitudes);
    new Float32Array(memory.buffer, START + 2 * this.#bytes - 16, 4).fill(0); // beyond N: not always written
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
