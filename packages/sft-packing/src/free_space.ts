/**
 * The open contexts of a best-fit packer, found by how much room they have left.
 *
 * A bitmap over 0…capacity says which amounts of free space exist; above it, each level has one bit for each 32-bit
 * word below, so the smallest free space ≥ x is found in log₃₂(capacity) steps: three for 4,096. Contexts with equal
 * space queue up in a linked list, oldest first; those with consecutive numbers that enter together are one entry, a
 * run.
 *
 * @module
 */

/** Runs of contexts by free space. */
export class FreeSpace {
  readonly #levels: Int32Array[] = [];
  /** By space: first and last run of its queue; −1 where there is none. */
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  /** By run: its first context, how many, and the run behind it. */
  readonly #context: Int32Array;
  readonly #count: Int32Array;
  readonly #next: Int32Array;
  /** A run that is free again, or −1; others behind it by `#next`. */
  #free = -1;
  #runs = 0;

  /** Room for `runs` runs at once, of contexts that each have 0 … `capacity` tokens free. */
  constructor(capacity: number, runs: number) {
    for (let bits = capacity + 1; ; bits = Math.ceil(bits / 32)) {
      this.#levels.push(new Int32Array(Math.ceil(bits / 32)));
      if (bits <= 32) break;
    }
    this.#head = new Int32Array(capacity + 1).fill(-1);
    this.#tail = new Int32Array(capacity + 1);
    this.#context = new Int32Array(runs);
    this.#count = new Int32Array(runs);
    this.#next = new Int32Array(runs);
  }

  /** Adds contexts `context` … `context + count − 1`, each with this much room, to the end of its queue. */
  add(context: number, count: number, space: number): void {
    let run = this.#free;
    if (run < 0) run = this.#runs++;
    else this.#free = this.#next[run];
    this.#context[run] = context;
    this.#count[run] = count;
    this.#next[run] = -1;
    if (this.#head[space] >= 0) {
      this.#next[this.#tail[space]] = run;
    } else {
      this.#head[space] = run;
      let index = space;
      for (let level = 0; level < this.#levels.length; level++) {
        this.#levels[level][index >> 5] |= 1 << (index & 31);
        index >>= 5;
      }
    }
    this.#tail[space] = run;
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

  /** How many contexts the oldest run with exactly this much room has; there must be one. */
  oldestCount(space: number): number {
    return this.#count[this.#head[space]];
  }

  /** Removes the first `count` contexts of the oldest run with exactly this much room; returns the first's number. */
  take(space: number, count: number): number {
    const run = this.#head[space];
    const context = this.#context[run];
    this.#context[run] += count;
    this.#count[run] -= count;
    if (this.#count[run] > 0) return context;
    this.#head[space] = this.#next[run];
    this.#next[run] = this.#free;
    this.#free = run;
    if (this.#head[space] < 0) {
      let index = space;
      for (let level = 0; level < this.#levels.length; level++) {
        const words = this.#levels[level];
        words[index >> 5] &= ~(1 << (index & 31));
        if (words[index >> 5] !== 0) break;
        index >>= 5;
      }
    }
    return context;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
