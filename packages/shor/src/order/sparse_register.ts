/**
 * A work register as a list of its basis states with their amplitudes in double precision: for rounds in which they are few,
 * and the twin that the dense one is tested with.
 */

import type { Register } from "./register.ts";

/** |w⟩ = Σ amplitudeᵢ |valueᵢ⟩. */
export class SparseRegister implements Register {
  readonly #modulus: number;
  /** Value → place in the list plus 1; 0 for values that are not in it. */
  readonly #place: Int32Array;
  #values: Int32Array;
  /** Amplitudes: re, im, re, im, … */
  #amplitudes: Float64Array;
  /** Those of U|w⟩, in the same places. */
  #multiplied: Float64Array;
  #images: Int32Array;
  #size = 0;
  #growing = true;

  /** The register of values below the modulus in the state |1⟩, or in that of another one. */
  constructor(modulus: number, state?: SparseRegister) {
    this.#modulus = modulus;
    this.#place = new Int32Array(modulus);
    // Memory that is not touched costs nothing; copying to larger arrays does.
    const room = Math.max(64, modulus >> 3);
    this.#values = new Int32Array(room);
    this.#amplitudes = new Float64Array(2 * room);
    this.#multiplied = new Float64Array(2 * room);
    this.#images = new Int32Array(room);
    for (const [value, re, im] of state?.entries() ?? [[1, 1, 0]]) {
      this.#reserve(this.#size + 1);
      this.#values[this.#size] = value;
      this.#amplitudes.set([re, im], 2 * this.#size);
      this.#place[value] = ++this.#size;
    }
  }

  /** Number of basis states. */
  get size(): number {
    return this.#size;
  }

  /** Whether the last multiplication brought new basis states: the next one may double them. */
  get growing(): boolean {
    return this.#growing;
  }

  /** Writes all amplitudes into a vector of all values: re, im, re, im, … */
  scatter(vector: Float32Array): void {
    const [values, amplitudes] = [this.#values, this.#amplitudes];
    for (let i = 0; i < this.#size; i++) {
      vector[2 * values[i]] = amplitudes[2 * i];
      vector[2 * values[i] + 1] = amplitudes[2 * i + 1];
    }
  }

  /** The basis states with their amplitudes. */
  *entries(): Generator<[value: number, re: number, im: number]> {
    for (let i = 0; i < this.#size; i++) {
      yield [this.#values[i], this.#amplitudes[2 * i], this.#amplitudes[2 * i + 1]];
    }
  }

  multiply(factor: number): readonly [number, number] {
    const before = this.#size;
    this.#reserve(2 * before);
    const [values, images, place, modulus] = [this.#values, this.#images, this.#place, this.#modulus];
    const [w, p] = [this.#amplitudes, this.#multiplied];
    const inverse = 1 / modulus;
    let size = before;
    for (let i = 0; i < before; i++) {
      // value · factor mod N; the quotient is off by one at most. The operator % takes ten times as long.
      const product = values[i] * factor;
      let value = product - Math.floor(product * inverse) * modulus;
      if (value < 0) value += modulus;
      else if (value >= modulus) value -= modulus;
      let at = place[value];
      if (at === 0) {
        values[size] = value;
        place[value] = at = ++size;
      }
      images[i] = at - 1;
    }
    w.fill(0, 2 * before, 2 * size);
    p.fill(0, 0, 2 * size);
    for (let i = 0; i < before; i++) {
      const at = 2 * images[i];
      p[at] = w[2 * i];
      p[at + 1] = w[2 * i + 1];
    }
    this.#size = size;
    this.#growing = size > before;
    let re = 0;
    let im = 0;
    for (let i = 0; i < 2 * before; i += 2) {
      re += w[i] * p[i] + w[i + 1] * p[i + 1];
      im += w[i] * p[i + 1] - w[i + 1] * p[i];
    }
    return [re, im];
  }

  combine(s: number, re: number, im: number): void {
    const [w, p, end] = [this.#amplitudes, this.#multiplied, 2 * this.#size];
    for (let i = 0; i < end; i += 2) {
      const [a, b] = [p[i], p[i + 1]];
      w[i] = s * w[i] + re * a - im * b;
      w[i + 1] = s * w[i + 1] + re * b + im * a;
    }
  }

  /** Makes room for so many basis states. */
  #reserve(count: number): void {
    if (count <= this.#values.length) return;
    const length = Math.max(count, 2 * this.#values.length);
    const enlarge = <T extends Int32Array | Float64Array>(old: T, larger: T): T => {
      larger.set(old);
      return larger;
    };
    this.#values = enlarge(this.#values, new Int32Array(length));
    this.#amplitudes = enlarge(this.#amplitudes, new Float64Array(2 * length));
    this.#multiplied = new Float64Array(2 * length);
    this.#images = new Int32Array(length);
  }
}
