/**
 * A state-vector simulator: 2ⁿ complex amplitudes, and the gates that circuits need.
 *
 * Qubit 0 is the least significant bit of a basis state's index. With `precision: "single"`, Hadamard gates run in WebAssembly
 * with SIMD, two in one pass over memory; `"double"` is plain JavaScript, and the twin that the fast one is tested with.
 */

import type { Stream } from "@gradus/seeds";
import { type Kernels, kernels } from "./kernels.ts";

/** Options of {@link StateVector}. */
export interface StateVectorOptions {
  /** float32 or float64 amplitudes. Default `"single"`. */
  precision?: "single" | "double";
  /** Bytes at most. Default 2^30, 1 GiB. */
  memoryLimit?: number;
}

const PAGE = 65536;

/**
 * The state of n qubits, |0…0⟩ at first.
 *
 * @example
 * ```ts
 * const state = new StateVector(2);
 * state.h(0).x(1, [0]); // a Bell pair
 * state.probabilities(); // [0.5, 0, 0, 0.5]
 * ```
 */
export class StateVector {
  readonly qubits: number;
  /** Amplitudes: re, im, re, im, … */
  readonly amplitudes: Float32Array | Float64Array;
  readonly #kernels: Kernels | undefined;

  /**
   * @param qubits n, a positive integer.
   * @throws {RangeError} More qubits than fit into the memory limit (says how much they need), or another precision.
   */
  constructor(qubits: number, { precision = "single", memoryLimit = 2 ** 30 }: StateVectorOptions = {}) {
    if (!Number.isInteger(qubits) || qubits < 1) {
      throw new RangeError(`Cannot make a state vector: qubits must be a positive integer, found ${qubits}`);
    }
    if (precision !== "single" && precision !== "double") {
      throw new RangeError(`Cannot make a state vector: precision must be "single" or "double", found ${precision}`);
    }
    const bytes = 2 ** qubits * (precision === "single" ? 8 : 16);
    if (!(bytes <= memoryLimit)) {
      throw new RangeError(
        `Cannot make a state vector: ${qubits} qubits need ${gibibytes(bytes)}, the limit is ${gibibytes(memoryLimit)}`,
      );
    }
    this.qubits = qubits;
    if (precision === "double") this.amplitudes = new Float64Array(2 ** (qubits + 1));
    else {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
      this.amplitudes = new Float32Array(memory.buffer, 0, 2 ** (qubits + 1));
      this.#kernels = kernels(memory);
    }
    this.amplitudes[0] = 1;
  }

  /**
   * Hadamard gates, one on each of the qubits given: |0⟩ → (|0⟩ + |1⟩)/√2, |1⟩ → (|0⟩ − |1⟩)/√2. Of several, two at a time are
   * done in one pass, so give them together.
   */
  h(...targets: number[]): this {
    for (const target of targets) this.#check(target);
    const kernel = this.#kernels;
    if (!kernel) {
      for (const target of targets) this.#hadamard(target);
      return this;
    }
    const end = 2 ** (this.qubits + 3);
    const above = targets.filter((target) => target > 0);
    for (const target of targets) {
      if (target > 0) continue;
      if (end >= 16) kernel.hadamardLowest(0, end);
    }
    for (let i = 0; i < above.length; i += 2) {
      const pair = above.slice(i, i + 2).sort((a, b) => a - b);
      if (pair.length === 1 || pair[0] === pair[1]) for (const q of pair) kernel.hadamard(0, end, 8 << q);
      else kernel.hadamardTwo(0, end, 8 << pair[0], 8 << pair[1]);
    }
    return this;
  }

  #hadamard(target: number): void {
    const v = this.amplitudes;
    const distance = 2 << target;
    for (let block = 0; block < v.length; block += 2 * distance) {
      for (let i = block; i < block + distance; i++) {
        const a = v[i];
        const b = v[i + distance];
        v[i] = (a + b) * Math.SQRT1_2;
        v[i + distance] = (a - b) * Math.SQRT1_2;
      }
    }
  }

  /** A phase e^{iθ} on the basis states in which all the qubits given are 1: P, CP, CCP, … */
  phase(angle: number, ...qubits: number[]): this {
    if (!Number.isFinite(angle)) throw new RangeError(`Cannot apply a gate: expected a finite angle, found ${angle}`);
    const mask = this.#mask(qubits);
    const re = Math.cos(angle);
    const im = Math.sin(angle);
    const v = this.amplitudes;
    // The lowest bit of the mask being 1, only odd multiples of it can match.
    const low = qubits.length ? 2 ** Math.min(...qubits) : 1;
    for (let block = qubits.length ? low : 0; block < v.length / 2; block += qubits.length ? 2 * low : 1) {
      for (let i = block; i < block + low; i++) {
        if ((i & mask) !== mask) continue;
        const a = v[2 * i];
        const b = v[2 * i + 1];
        v[2 * i] = a * re - b * im;
        v[2 * i + 1] = a * im + b * re;
      }
    }
    return this;
  }

  /** NOT on a qubit where all the controls are 1: X, CX, CCX, … */
  x(target: number, controls: readonly number[] = []): this {
    const mask = this.#mask([target, ...controls]) & ~(1 << target);
    const bit = 1 << target;
    this.#exchange(
      (i) => (i & mask) === mask && (i & bit) === 0,
      (i) => i | bit,
    );
    return this;
  }

  /** Exchanges two qubits where all the controls are 1: SWAP, CSWAP, … */
  swap(a: number, b: number, controls: readonly number[] = []): this {
    const [p, q] = [this.#mask([a]), this.#mask([b])];
    const mask = this.#mask([a, b, ...controls]) & ~(p | q);
    this.#exchange(
      (i) => (i & mask) === mask && (i & p) !== 0 && (i & q) === 0,
      (i) => (i & ~p) | q,
    );
    return this;
  }

  #exchange(from: (index: number) => boolean, to: (index: number) => number): void {
    const v = this.amplitudes;
    for (let i = 0; i < v.length / 2; i++) {
      if (!from(i)) continue;
      const j = to(i);
      for (const part of [0, 1]) {
        const held = v[2 * i + part];
        v[2 * i + part] = v[2 * j + part];
        v[2 * j + part] = held;
      }
    }
  }

  /** Chance that a qubit is measured as 1. */
  probability(qubit: number): number {
    const bit = this.#mask([qubit]);
    const v = this.amplitudes;
    let sum = 0;
    for (let i = 0; i < v.length / 2; i++) if (i & bit) sum += v[2 * i] ** 2 + v[2 * i + 1] ** 2;
    return sum;
  }

  /** Measures a qubit: the outcome with its chance, and the state projected to it. */
  measure(qubit: number, random: Stream): 0 | 1 {
    const one = this.probability(qubit);
    const outcome = random.uniform() < one ? 1 : 0;
    this.project(qubit, outcome, outcome ? one : 1 - one);
    return outcome;
  }

  /** Projects to an outcome of a measurement that has the given chance. @throws {RangeError} A chance that is not above 0. */
  project(qubit: number, outcome: 0 | 1, chance: number): void {
    const bit = this.#mask([qubit]);
    if (!(chance > 0)) throw new RangeError(`Cannot project a state: expected a chance above 0, found ${chance}`);
    const v = this.amplitudes;
    const scale = 1 / Math.sqrt(chance);
    for (let i = 0; i < v.length / 2; i++) {
      const keep = ((i & bit) !== 0) === (outcome === 1) ? scale : 0;
      v[2 * i] *= keep;
      v[2 * i + 1] *= keep;
    }
  }

  /** Chances of all 2ⁿ basis states. */
  probabilities(): Float64Array {
    const v = this.amplitudes;
    return Float64Array.from({ length: v.length / 2 }, (_, i) => v[2 * i] ** 2 + v[2 * i + 1] ** 2);
  }

  #mask(qubits: readonly number[]): number {
    let mask = 0;
    for (const qubit of qubits) {
      this.#check(qubit);
      if (mask & (1 << qubit)) throw new RangeError(`Cannot apply a gate: qubit ${qubit} is named twice`);
      mask |= 1 << qubit;
    }
    return mask;
  }

  #check(qubit: number): void {
    if (!Number.isInteger(qubit) || qubit < 0 || qubit >= this.qubits) {
      throw new RangeError(`Cannot apply a gate: expected a qubit from 0 to ${this.qubits - 1}, found ${qubit}`);
    }
  }
}

/** Bytes in words. */
export function gibibytes(bytes: number): string {
  return bytes >= 2 ** 30 ? `${+(bytes / 2 ** 30).toPrecision(3)} GiB` : `${+(bytes / 2 ** 20).toPrecision(3)} MiB`;
}
