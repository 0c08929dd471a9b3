/** A named stream of random numbers: Philox blocks in order, read as integers, uniforms, normals, choices. */

import { type Address, KIND, type Root, resolve } from "./address.ts";
import { log } from "./log.ts";
import { normalQuantile } from "./normal.ts";
import { multiplyHigh, philoxBlocks } from "./philox.ts";

const CHUNK_BLOCKS = 256;
const chunk = new Uint32Array(4 * CHUNK_BLOCKS); // bulk draws pass through here, in pieces that stay in the L1 cache
const WORDS = 2 ** 34; // words in a stream: 2^32 blocks of 4
const TWO_32 = 2 ** 32;

/** The uniform in [0, 1) made of 53 bits of two words, as in numpy and MT19937's `genrand_res53`. */
function uniform53(a: number, b: number): number {
  return ((a >>> 5) * 67108864 + (b >>> 6)) * 2 ** -53;
}

/** The uniform in (0, 1) made of 52 bits of two words: the middles of 2^52 equal cells, so symmetric about ½. */
function openUniform(a: number, b: number): number {
  return ((a >>> 6) * 67108864 + (b >>> 6) + 0.5) * 2 ** -52;
}

/**
 * A stream of random numbers. Get one from {@link stream}.
 *
 * It consists of 2^34 words of 32 bits; `position` says how many have been drawn. A method's draws depend only on the
 * stream's address and position, so setting the position resumes a stream.
 */
export class Stream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #c1: number;
  readonly #c2: number;
  readonly #c3: number;
  #block = 0; // number of the next block to draw
  #lane = 4; // next word of the current block, 4 when it is used up
  #w0 = 0;
  #w1 = 0;
  #w2 = 0;
  #w3 = 0;

  /** Use {@link stream}; this takes a Philox key and the last three counter words. */
  constructor(key0: number, key1: number, c1: number, c2: number, c3: number) {
    this.#key0 = key0;
    this.#key1 = key1;
    this.#c1 = c1;
    this.#c2 = c2;
    this.#c3 = c3;
  }

  /** Number of 32-bit words drawn so far, from 0 to 2^34. Save it and set it later to resume. */
  get position(): number {
    return this.#block * 4 - 4 + this.#lane;
  }

  set position(words: number) {
    if (!Number.isInteger(words) || words < 0 || words > WORDS) {
      throw new RangeError(`Cannot set position: expected an integer from 0 to 2^34, got ${words}`);
    }
    this.#block = Math.floor(words / 4);
    this.#lane = 4;
    const lane = words % 4;
    if (lane !== 0) {
      this.#refill();
      this.#lane = lane;
    }
  }

  /** Moves forward by `words` 32-bit words (backward if negative) at no cost, and returns the stream. */
  skip(words: number): this {
    this.position += words;
    return this;
  }

  #refill(): void {
    this.#draw(1);
    this.#w0 = chunk[0];
    this.#w1 = chunk[1];
    this.#w2 = chunk[2];
    this.#w3 = chunk[3];
    this.#lane = 0;
  }

  /** Draws the next blocks into `chunk`. */
  #draw(blocks: number): void {
    if (this.#block + blocks > TWO_32) throw new RangeError("Cannot draw: the stream's 2^34 words are used up");
    philoxBlocks(chunk, blocks, this.#key0, this.#key1, this.#block, this.#c1, this.#c2, this.#c3);
    this.#block += blocks;
  }

  /** An integer from 0 to 2^32 − 1. One word. */
  uint32(): number {
    if (this.#lane === 4) this.#refill();
    const lane = this.#lane++;
    return lane === 0 ? this.#w0 : lane === 1 ? this.#w1 : lane === 2 ? this.#w2 : this.#w3;
  }

  /** A uniform in [0, 1): a multiple of 2^-53. Two words. */
  uniform(): number {
    return uniform53(this.uint32(), this.uint32());
  }

  /** A uniform in [0, 1) exact in float32: a multiple of 2^-24. One word. */
  uniformFloat32(): number {
    return (this.uint32() >>> 8) * 2 ** -24;
  }

  /** An integer uniform on low ≤ n < high, unbiased. One word (two beyond 2^32 values), seldom more. */
  integer(low: number, high: number): number {
    const range = high - low;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range > 2 ** 53) {
      throw new RangeError(`Cannot draw an integer: expected safe integers low < high, got low ${low}, high ${high}`);
    }
    if (range < TWO_32) {
      let word = this.uint32();
      let fraction = Math.imul(word, range) >>> 0;
      if (fraction < range) {
        const threshold = (TWO_32 - range) % range;
        while (fraction < threshold) {
          word = this.uint32();
          fraction = Math.imul(word, range) >>> 0;
        }
      }
      return low + multiplyHigh(word, range);
    }
    const limit = 2 ** 53 - (2 ** 53 % range);
    let value: number;
    do value = this.uniform() * 2 ** 53;
    while (value >= limit);
    return low + (value % range);
  }

  /** A normal with the given mean (0) and standard deviation (1), by the inverse distribution function. Two words. */
  normal(mean = 0, std = 1): number {
    return mean + std * normalQuantile(openUniform(this.uint32(), this.uint32()));
  }

  /** Fills the array with uniforms in [0, 1): `uniform()`s, or `uniformFloat32()`s for a Float32Array. Returns it. */
  fillUniform<T extends Float32Array | Float64Array>(array: T): T {
    if (array instanceof Float32Array) for (let i = 0; i < array.length; i++) array[i] = this.uniformFloat32();
    else for (let i = 0; i < array.length; i++) array[i] = this.uniform();
    return array;
  }

  /** Fills the array with normals, the same as repeated `normal(mean, std)`, and returns it. */
  fillNormal<T extends Float32Array | Float64Array>(array: T, mean = 0, std = 1): T {
    for (let i = 0; i < array.length; i++) array[i] = this.normal(mean, std);
    return array;
  }

  /** An index drawn with probability softmax(logits), by the Gumbel-max trick. Two words for each logit. */
  categorical(logits: Float32Array | Float64Array): number {
    let best = Number.NEGATIVE_INFINITY;
    let index = -1;
    for (let i = 0; i < logits.length; i++) {
      const score = logits[i] - log(-log(openUniform(this.uint32(), this.uint32())));
      if (score > best) {
        best = score;
        index = i;
      }
    }
    if (index < 0) throw new RangeError("Cannot draw a category: expected at least one finite logit");
    return index;
  }

  /** Shuffles the array in place (Fisher–Yates) and returns it. */
  shuffle<T extends { length: number; [index: number]: unknown }>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      const swapped = array[i];
      array[i] = array[j];
      array[j] = swapped;
    }
    return array;
  }
}

/**
 * Opens the stream of random numbers with this name. The same root and address give the same numbers on every engine.
 *
 * @param root The run's seed: a safe integer from 0, a bigint from 0 to 2^64 − 1, or a string.
 * @param address What the numbers are for; step, prompt and sample, if given, are integers from 0 to 2^32 − 1.
 * @throws {RangeError} If a part of the address is out of range.
 *
 * @example
 * ```ts
 * import { stream } from "@gradus/seeds";
 *
 * const weights = stream(42, { purpose: "init" }).fillNormal(new Float32Array(1024), 0, 0.02);
 * const token = stream(42, { purpose: "sample", step: 10, prompt: 3, sample: 0 }).categorical(weights);
 * ```
 */
export function stream(root: Root, address: Address): Stream {
  const { key0, key1, step, prompt, sample } = resolve(root, address, KIND.stream);
  return new Stream(key0, key1, step, prompt, sample);
}
