/**
 * A work register as a vector of all its values, in WebAssembly memory with float32 amplitudes: multiplication gathers
 * p[x] = w[a⁻¹ x mod N], a step of a⁻¹ from one x to the next.
 */

import { inverseModulo } from "../arithmetic/modular.ts";
import { type Kernels, kernels } from "../simulator/kernels.ts";
import type { Register } from "./register.ts";
import type { SparseRegister } from "./sparse_register.ts";

const START = 64; // the two sums lie before it

/** |w⟩ and U|w⟩, dense. */
export class DenseRegister implements Register {
  readonly #modulus: number;
  readonly #count: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #bytes: number;

  /** Takes over the state of a sparse register. */
  constructor(state: SparseRegister, modulus: number) {
    this.#modulus = modulus;
    this.#count = modulus + (modulus % 2);
    this.#bytes = 8 * this.#count;
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil((START + 2 * this.#bytes) / 65536) });
    this.#kernels = kernels(this.#memory);
    const w = this.amplitudes;
    for (const [value, re, im] of state.entries()) {
      w[2 * value] = re;
      w[2 * value + 1] = im;
    }
  }

  /** |w⟩: re, im, re, im, … */
  get amplitudes(): Float32Array {
    return new Float32Array(this.#memory.buffer, START, 2 * this.#count);
  }

  multiply(factor: number): readonly [number, number] {
    const sums = new Float64Array(this.#memory.buffer, 0, 2);
    sums.fill(0);
    const step = inverseModulo(factor, this.#modulus);
    this.#kernels.permute(START, START + this.#bytes, this.#count, step, this.#modulus, 0);
    // An even number of values is gathered. The one beyond an odd modulus is w[0], which is 0: multiples of units stay units.
    return [sums[0], sums[1]];
  }

  combine(s: number, re: number, im: number): void {
    this.#kernels.combine(START, START + this.#bytes, this.#bytes, s, re, im);
  }
}
