/**
 * The KV caches of one wave of samples, kept in JavaScript: what the runtime gives back is only the new keys and values,
 * which are written in place (64 numbers at a time). The buffers are reserved for the longest completion, and laid out
 * for the capacity of the moment, so that growing moves rows inside of the buffer instead of allocating.
 *
 * @module
 */

/** Shape of one cache: [rows, K, capacity, E]. */
export interface CacheShape {
  rows: number;
  keyValueHeads: number;
  headSize: number;
}

/** Positions by which a cache grows. */
const GROWTH = 32;

/** One cache tensor (keys or values of one layer). */
export class Cache {
  readonly #buffer: Float32Array;
  readonly #heads: number;
  readonly #headSize: number;
  #rows: number;
  #capacity: number;

  /** `reserve` gives memory to work in, whatever it holds; default: fresh memory. */
  constructor(
    { rows, keyValueHeads, headSize }: CacheShape,
    longest: number,
    reserve: (size: number) => Float32Array = (size) => new Float32Array(size),
  ) {
    this.#heads = keyValueHeads;
    this.#headSize = headSize;
    this.#rows = rows;
    this.#capacity = Math.min(GROWTH, longest);
    this.#buffer = reserve(rows * keyValueHeads * Math.ceil(longest / GROWTH) * GROWTH * headSize);
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** What the graph reads. */
  get tensor(): { data: Float32Array; shape: number[] } {
    const shape = [this.#rows, this.#heads, this.#capacity, this.#headSize];
    return {
      data: this.#buffer.subarray(
        0,
        shape.reduce((a, b) => a * b),
      ),
      shape,
    };
  }

  /** Writes the new entry of every row, [rows, K, 1, E], at a position. */
  write(position: number, entries: Float32Array): void {
    const size = this.#headSize;
    const stride = this.#capacity * size;
    for (let from = 0, to = position * size; from < entries.length; from += size, to += stride) {
      this.#buffer.set(entries.subarray(from, from + size), to);
    }
  }

  /** Makes room for more positions; the first `used` are kept. Blocks move towards the end, so the last goes first. */
  grow(used: number): void {
    const size = this.#headSize;
    const [before, after] = [this.#capacity * size, (this.#capacity + GROWTH) * size];
    for (let block = this.#rows * this.#heads - 1; block > 0; block--) {
      this.#buffer.copyWithin(block * after, block * before, block * before + used * size);
    }
    this.#capacity += GROWTH;
  }

  /** Keeps only these rows, in ascending order: row i becomes `kept[i]` as it was. −1 leaves whatever is there. */
  keepRows(kept: Int32Array): void {
    const size = this.#heads * this.#capacity * this.#headSize;
    kept.forEach((from, to) => {
      if (from >= 0 && from !== to) this.#buffer.copyWithin(to * size, from * size, (from + 1) * size);
    });
    this.#rows = kept.length;
  }
}
