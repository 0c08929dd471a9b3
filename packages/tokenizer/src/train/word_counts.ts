/**
 * How often each word occurs. All that training keeps of the texts: memory grows with the number of distinct words, not
 * with the text.
 */
import { hashBytes } from "../bpe/word_cache.ts";

/** A hash table of words as bytes, in typed arrays. */
export class WordCounts {
  /** Word's number + 1; 0: free. */
  #slots: Int32Array = new Int32Array(1 << 12);
  #hashes: Int32Array = new Int32Array(1 << 10);
  #starts: Int32Array = new Int32Array((1 << 10) + 1);
  #counts: Float64Array = new Float64Array(1 << 10);
  #bytes: Uint8Array = new Uint8Array(1 << 14);
  #size = 0;

  /** Number of distinct words. */
  get size(): number {
    return this.#size;
  }

  /** The bytes of all words, one after the other. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#starts[this.#size]);
  }

  /** Where each word begins, and the end of the last. */
  get starts(): Int32Array {
    return this.#starts.subarray(0, this.#size + 1);
  }

  /** How often each word occurs. */
  get counts(): Float64Array {
    return this.#counts.subarray(0, this.#size);
  }

  /** Counts the word `bytes[start … end)` once more. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const hash = hashBytes(bytes, start, end);
    const mask = this.#slots.length - 1;
    const length = end - start;
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const word = this.#slots[slot] - 1;
      if (this.#hashes[word] !== hash) continue;
      const from = this.#starts[word];
      if (this.#starts[word + 1] - from !== length) continue;
      let i = 0;
      while (i < length && this.#bytes[from + i] === bytes[start + i]) i++;
      if (i === length) {
        this.#counts[word]++;
        return;
      }
    }
    this.#slots[slot] = this.#size + 1;
    this.#append(bytes, start, end, hash);
  }

  #append(bytes: Uint8Array, start: number, end: number, hash: number): void {
    if (this.#size === this.#counts.length) {
      this.#counts = grown(this.#counts, 2 * this.#size);
      this.#hashes = grown(this.#hashes, 2 * this.#size);
      this.#starts = grown(this.#starts, 2 * this.#size + 1);
    }
    const from = this.#starts[this.#size];
    const to = from + end - start;
    if (to > this.#bytes.length) this.#bytes = grown(this.#bytes, Math.max(2 * this.#bytes.length, to));
    this.#bytes.set(bytes.subarray(start, end), from);
    this.#counts[this.#size] = 1;
    this.#hashes[this.#size] = hash;
    this.#starts[++this.#size] = to;
    if (2 * this.#size > this.#slots.length) this.#rehash();
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let word = 0; word < this.#size; word++) {
      let slot = this.#hashes[word] & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = word + 1;
    }
  }
}

/** The same numbers with room for more. */
export function grown<T extends Int32Array | Float64Array | Uint8Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}
