/**
 * A work register as a list of its basis states with their amplitudes in double precision: for rounds in which they are few,
 * and the twin that the dense one is tested with.
 */

import type { Register } from "./register.ts";

/** Part of a buffer. */
export interface Room {
  readonly buffer: ArrayBuffer;
  /** A multiple of 8. */
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes for each basis state: two amplitudes, a value and its image's place. */
const ENTRY = 40;

/** |w⟩ = Σ amplitudeᵢ |valueᵢ⟩. */
export class SparseRegister implements Register {
  readonly #modulus: number;
  readonly #capacity: number;
  /** Amplitudes: re, im, re, im, … */
  readonly #amplitudes: Float64Array;
  /** Those of U|w⟩, in the same places. */
  readonly #multiplied: Float64Array;
  readonly #values: Int32Array;
  readonly #images: Int32Array;
  /** Value → place in the list plus 1; 0 for values that are not in it. */
  readonly #place: Int32Array;
  #size = 0;
  #growing = true;

  /**
   * The register of values below the modulus in the state |1⟩, or in that of another one.
   *
   * @param modulus N.
   * @param state Default |1⟩.
   * @param room Where the list and its table shall lie: bytes that are zero, so many that the list may become {@link full}. Default:
   *   memory for all values.
   */
  constructor(modulus: number, state?: SparseRegister, room?: Room) {
    this.#modulus = modulus;
    const capacity = room ? Math.floor((room.bytes - 4 * modulus) / ENTRY) : modulus;
    const { buffer, offset } = room ?? { buffer: new ArrayBuffer(ENTRY * capacity + 4 * modulus), offset: 0 };
    this.#capacity = capacity;
    this.#amplitudes = new Float64Array(buffer, offset, 2 * capacity);
    this.#multiplied = new Float64Array(buffer, offset + 16 * capacity, 2 * capacity);
    this.#values = new Int32Array(buffer, offset + 32 * capacity, capacity);
    this.#images = new Int32Array(buffer, offset + 36 * capacity, capacity);
    this.#place = new Int32Array(buffer, offset + ENTRY * capacity, modulus);
    for (const [value, re, im] of state?.entries() ?? [[1, 1, 0]]) {
      this.#values[this.#size] = value;
      this.#amplitudes.set([re, im], 2 * this.#size);
      this.#place[value] = ++this.#size;
    }
  }

  /** Number of basis states. */
  get size(): number {
    return this.#size;
  }

  /** Whether the next multiplication may bring more basis states than there is room for. */
  get full(): boolean {
    const next = this.#growing ? 2 * this.#size : this.#size;
    return Math.min(next, this.#modulus) > this.#capacity;
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
}
