/**
 * The open contexts of a best-fit packer, found by how much room they have left.
 *
 * A bitmap over 0…capacity says which amounts of free space exist; above it, each level has one bit for each 32-bit
 * word below, so the smallest free space ≥ x is found in log₃₂(capacity) steps: three for 4,096. Contexts with equal
 * space queue up in a linked list, oldest first.
 *
 * @module
 */

/** Contexts by free space. */
export class FreeSpace {
  readonly #levels: Int32Array[] = [];
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #next: Int32Array;

  /** Room for contexts 0 … `contexts` − 1, each with 0 … `capacity` tokens free. */
  constructor(capacity: number, contexts: number) {
    for (let bits = capacity + 1; ; bits = Math.ceil(bits / 32)) {
      this.#levels.push(new Int32Array(Math.ceil(bits / 32)));
      if (bits <= 32) break;
    }
    this.#head = new Int32Array(capacity + 1).fill(-1);
    this.#tail = new Int32Array(capacity + 1);
    this.#next = new Int32Array(contexts);
  }

  /** Adds a context with this much room to the end of its queue. */
  add(context: number, space: number): void {
    this.#next[context] = -1;
    if (this.#head[space] >= 0) {
      this.#next[this.#tail[space]] = context;
    } else {
      this.#head[space] = context;
      let index = space;
      for (const level of this.#levels) {
        level[index >> 5] |= 1 << (index & 31);
        index >>= 5;
      }
    }
    this.#tail[space] = context;
  }

  /** The smallest free space of any context that is at least `space`, or −1. */
  smallestAtLeast(space: number): number {
    const levels = this.#levels;
    let index = space;
    for (let up = 0; up < levels.length; up++) {
      const word = index >> 5;
      if (word >= levels[up].length) return -1;
      const found = levels[up][word] & (-1 << (index & 31));
      if (found !== 0) {
        index = (word << 5) | lowestBit(found);
        for (let down = up - 1; down >= 0; down--) index = (index << 5) | lowestBit(levels[down][index]);
        return index;
      }
      index = word + 1;
    }
    return -1;
  }

  /** Removes and returns the oldest context with exactly this much room; there must be one. */
  take(space: number): number {
    const context = this.#head[space];
    this.#head[space] = this.#next[context];
    if (this.#head[space] < 0) {
      let index = space;
      for (const level of this.#levels) {
        level[index >> 5] &= ~(1 << (index & 31));
        if (level[index >> 5] !== 0) break;
        index >>= 5;
      }
    }
    return context;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
