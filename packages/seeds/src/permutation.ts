/**
 * A random order of 0 … length − 1 that is computed, not stored: for shuffling a dataset that does not fit in memory.
 *
 * Method: an alternating Feistel network on the smallest power of two that holds the length. A value is split into two
 * halves of bits; each round XORs one half with a Philox word that depends on the other half, the round, the length and
 * the key. Each round undoes itself, so the inverse runs them backwards. A result beyond the length goes through again
 * until it falls inside ("cycle walking"), less than twice on average.
 *
 * Up to 1024 values the order is a shuffled table instead: exactly uniform, where a network of a few bits would not be.
 *
 * Sources: Luby, Rackoff, "How to construct pseudorandom permutations", 1988; Black, Rogaway, "Ciphers with arbitrary
 * finite domains", CT-RSA 2002 (cycle walking).
 */

import { type Address, KIND, type Root, resolve } from "./address.ts";
import { philoxBlocks } from "./philox.ts";
import { Stream } from "./stream.ts";

const TABLE_LENGTH = 1024;
const ROUNDS = 8; // Luby–Rackoff need 4 for large halves; the smallest halves here have 5 bits
const word = new Uint32Array(4);

/** A bijection on 0 … 2^bits − 1, for 2 to 53 bits, with its inverse. */
export class Feistel {
  readonly #key0: number;
  readonly #key1: number;
  readonly #tweak0: number;
  readonly #tweak1: number;
  readonly #lowSize: number;
  readonly #lowMask: number;
  readonly #highMask: number;

  /** Takes the width in bits, a 64-bit key, and a 64-bit tweak: each tweak gives an independent bijection. */
  constructor(bits: number, key0: number, key1: number, tweak0: number, tweak1: number) {
    this.#key0 = key0;
    this.#key1 = key1;
    this.#tweak0 = tweak0;
    this.#tweak1 = tweak1;
    const lowBits = bits >> 1;
    this.#lowSize = 2 ** lowBits;
    this.#lowMask = 2 ** lowBits - 1;
    this.#highMask = 2 ** (bits - lowBits) - 1;
  }

  #round(round: number, half: number): number {
    philoxBlocks(word, 1, this.#key0, this.#key1, half, round, this.#tweak0, this.#tweak1);
    return word[0];
  }

  /** Maps a value from 0 to 2^bits − 1. */
  forward(value: number): number {
    let high = Math.floor(value / this.#lowSize);
    let low = value - high * this.#lowSize;
    for (let round = 1; round <= ROUNDS; round += 2) {
      high ^= this.#round(round, low) & this.#highMask;
      low ^= this.#round(round + 1, high) & this.#lowMask;
    }
    return high * this.#lowSize + low;
  }

  /** Undoes `forward`. */
  backward(value: number): number {
    let high = Math.floor(value / this.#lowSize);
    let low = value - high * this.#lowSize;
    for (let round = ROUNDS; round >= 1; round -= 2) {
      low ^= this.#round(round, high) & this.#lowMask;
      high ^= this.#round(round - 1, low) & this.#highMask;
    }
    return high * this.#lowSize + low;
  }
}

/**
 * A random order of 0 … length − 1. Get one from {@link permutation}.
 *
 * @example
 * ```ts
 * import { permutation } from "@gradus/seeds";
 *
 * const order = permutation(10, 42, { purpose: "shuffle" });
 * [...order]; // 0 … 9 in a random order
 * order.indexOf(order.at(3)); // 3
 * ```
 */
export class Permutation implements Iterable<number> {
  /** Number of values. */
  readonly length: number;
  readonly #feistel: Feistel | undefined;
  readonly #table: Uint16Array = new Uint16Array(0);
  readonly #inverse: Uint16Array = new Uint16Array(0);

  /** For this package; use {@link permutation}. Takes the length and a 64-bit key. */
  constructor(length: number, key0: number, key1: number) {
    this.length = length;
    const length0 = length >>> 0;
    const length1 = Math.floor(length / 2 ** 32);
    if (length > TABLE_LENGTH) {
      let bits = 1;
      while (2 ** bits < length) bits++;
      this.#feistel = new Feistel(bits, key0, key1, length0, length1);
    } else {
      this.#table = Uint16Array.from({ length }, (_, i) => i);
      new Stream(key0, key1, 0, length0, length1).shuffle(this.#table); // the network's counters have no round 0
      this.#inverse = new Uint16Array(length);
      for (let i = 0; i < length; i++) this.#inverse[this.#table[i]] = i;
    }
  }

  #check(name: string, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= this.length) {
      throw new RangeError(
        `Cannot look up in the permutation: ${name} must be an integer from 0 to ${this.length - 1}, got ${value}`,
      );
    }
  }

  /**
   * The value at a place in the order.
   *
   * @throws {RangeError} If the index is not an integer from 0 to length − 1.
   */
  at(index: number): number {
    this.#check("index", index);
    if (this.#feistel === undefined) return this.#table[index];
    let value = index;
    do value = this.#feistel.forward(value);
    while (value >= this.length);
    return value;
  }

  /**
   * The place of a value in the order: `at(indexOf(value)) = value`.
   *
   * @throws {RangeError} If the value is not an integer from 0 to length − 1.
   */
  indexOf(value: number): number {
    this.#check("value", value);
    if (this.#feistel === undefined) return this.#inverse[value];
    let index = value;
    do index = this.#feistel.backward(index);
    while (index >= this.length);
    return index;
  }

  /** The values in order. */
  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/**
 * The random order of 0 … length − 1 with this name, in memory that does not grow with the length. It shares no
 * numbers with the stream of the same name, and each length has an order of its own.
 *
 * Every permutation of up to 1024 values is equally likely, as far as a 64-bit key can tell. Beyond, 2^64 keys are few
 * beside length! orders, as for every seeded shuffle, but single values, pairs and runs look uniform.
 *
 * @param length Number of values, an integer from 0 to 2^53 − 1.
 * @param root The run's seed, as for `stream`.
 * @param address What the order is for, as for `stream`: `step` may be the epoch, say.
 * @throws {TypeError} If the root or the purpose has the wrong type.
 * @throws {RangeError} If the length or a part of the address is out of range.
 *
 * @example
 * ```ts
 * import { permutation } from "@gradus/seeds";
 *
 * const epoch = 2;
 * const order = permutation(1_000_000_000, 42, { purpose: "shuffle", step: epoch });
 * const first = Array.from({ length: 8 }, (_, i) => order.at(i)); // the rows of the first batch
 * ```
 */
export function permutation(length: number, root: Root, address: Address): Permutation {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`Cannot make a permutation: length must be an integer from 0 to 2^53 - 1, got ${length}`);
  }
  const { key0, key1, step, prompt, sample } = resolve(root, address, KIND.permutation);
  philoxBlocks(word, 1, key0, key1, 0, step, prompt, sample);
  return new Permutation(length, word[0], word[1]);
}
