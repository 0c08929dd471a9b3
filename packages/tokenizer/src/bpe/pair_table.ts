/**
 * The merges: for two neighbouring tokens, the rank of their merge and the token that it makes.
 *
 * A hash table with open addressing in one `Int32Array`: a look-up takes 5 to 10 ns, a `Map` with numbers as keys three
 * times as long. Lower rank merges first.
 */

/** Larger than every rank: there is no such merge. */
export const NO_MERGE = 0x7fffffff;

/** Ranks by pairs of ids. */
export class PairTable {
  /** Left id + 1 (0: free), right id, rank; three numbers a slot. */
  #slots: Int32Array;
  #mask: number;
  #count = 0;
  /** The id that the merge of a rank makes. */
  readonly result: Int32Array;

  /**
   * @param result The id that the merge of each rank makes.
   * @param expected How many merges there will be, if known.
   */
  constructor(result: Int32Array, expected: number = result.length) {
    let size = 16;
    while (size < 2 * expected) size *= 2;
    this.#slots = new Int32Array(3 * size);
    this.#mask = size - 1;
    this.result = result;
  }

  /** Adds a merge; of two for the same pair the later counts, as in Rust. */
  set(left: number, right: number, rank: number): void {
    if (2 * this.#count > this.#mask) this.#grow();
    const at = this.#find(left, right);
    if (this.#slots[at] === 0) this.#count++;
    this.#slots[at] = left + 1;
    this.#slots[at + 1] = right;
    this.#slots[at + 2] = rank;
  }

  /** The rank of a pair, or `NO_MERGE`. */
  rank(left: number, right: number): number {
    const at = this.#find(left, right);
    return this.#slots[at] === 0 ? NO_MERGE : this.#slots[at + 2];
  }

  /** Where a pair is or would be. */
  #find(left: number, right: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hashPair(left, right) & mask;
    for (;;) {
      const at = 3 * slot;
      if (slots[at] === 0 || (slots[at] === left + 1 && slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  }

  /** All merges as [left, right, rank], in no order. */
  *entries(): Generator<[number, number, number]> {
    for (let i = 0; i < this.#slots.length; i += 3) {
      if (this.#slots[i]) yield [this.#slots[i] - 1, this.#slots[i + 1], this.#slots[i + 2]];
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    this.#count = 0;
    for (let i = 0; i < old.length; i += 3) if (old[i]) this.set(old[i] - 1, old[i + 1], old[i + 2]);
  }
}

/** 32 bits of a pair, of which the low ones are good. */
export function hashPair(left: number, right: number): number {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 7;
}
