/**
 * Remembers the ids of words: most words of a text have been seen before, and a look-up costs a tenth of the merges.
 *
 * A hash table over the words' bytes with open addressing, all in typed arrays: no string is made for a word, and
 * nothing is left to the garbage collector. When it is full it is emptied, so memory is bounded (6 MB) and a change of
 * language costs little.
 */

/** Longer words are not remembered. */
export const LONGEST_WORD = 64;

const SLOTS = 1 << 17;
const KEY_BYTES = 1 << 20;
const IDS = 1 << 19;

/** A growable list of ids. */
export class IdList {
  ids: Int32Array = new Int32Array(1024);
  length = 0;

  /** Makes room for `count` more. */
  reserve(count: number): void {
    if (this.length + count <= this.ids.length) return;
    const larger = new Int32Array(Math.max(2 * this.ids.length, this.length + count));
    larger.set(this.ids.subarray(0, this.length));
    this.ids = larger;
  }

  push(id: number): void {
    this.reserve(1);
    this.ids[this.length++] = id;
  }

  take(): Int32Array {
    return this.ids.slice(0, this.length);
  }
}

/** Ids by words. */
export class WordCache {
  /** Four numbers a slot: hash (0: free), place of the key, its length | number of ids << 8, the id or the ids' place. */
  #slots: Int32Array = new Int32Array(4 * SLOTS);
  #keys: Uint8Array = new Uint8Array(KEY_BYTES);
  #ids: Int32Array = new Int32Array(IDS);
  #words = 0;
  #keyBytes = 0;
  #idCount = 0;

  /** Appends the ids of the word to `out`, which has room for them, if they are known. */
  read(bytes: Uint8Array, start: number, length: number, hash: number, out: IdList): boolean {
    const slots = this.#slots;
    const keys = this.#keys;
    let slot = (hash & (SLOTS - 1)) << 2;
    for (;;) {
      const found = slots[slot];
      if (found === 0) return false;
      if (found === hash) {
        const sizes = slots[slot + 2];
        if ((sizes & 0xff) === length) {
          const key = slots[slot + 1];
          let i = 0;
          while (i < length && keys[key + i] === bytes[start + i]) i++;
          if (i === length) {
            const count = sizes >> 8;
            const place = slots[slot + 3];
            const { ids } = out;
            let to = out.length;
            if (count === 1) ids[to++] = place;
            else for (let j = 0; j < count; j++) ids[to++] = this.#ids[place + j];
            out.length = to;
            return true;
          }
        }
      }
      slot = (slot + 4) & (4 * SLOTS - 1);
    }
  }

  /** Remembers that the word has the ids `ids[from … to)`. */
  write(
    bytes: Uint8Array,
    start: number,
    length: number,
    hash: number,
    ids: Int32Array,
    from: number,
    to: number,
  ): void {
    const count = to - from;
    if (2 * this.#words >= SLOTS || this.#keyBytes + length > KEY_BYTES || this.#idCount + count > IDS) this.#clear();
    const slots = this.#slots;
    let slot = (hash & (SLOTS - 1)) << 2;
    while (slots[slot] !== 0) slot = (slot + 4) & (4 * SLOTS - 1);
    slots[slot] = hash;
    slots[slot + 1] = this.#keyBytes;
    slots[slot + 2] = length | (count << 8);
    for (let i = 0; i < length; i++) this.#keys[this.#keyBytes++] = bytes[start + i];
    if (count === 1) slots[slot + 3] = ids[from];
    else {
      slots[slot + 3] = this.#idCount;
      for (let i = from; i < to; i++) this.#ids[this.#idCount++] = ids[i];
    }
    this.#words++;
  }

  #clear(): void {
    this.#slots.fill(0);
    this.#words = this.#keyBytes = this.#idCount = 0;
  }
}

/** A hash of `bytes[start … end)`, never 0. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start;
  let i = start;
  for (; i + 3 < end; i += 4) {
    const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    h = Math.imul(h ^ word, 0x9e3779b1);
    h ^= h >>> 15;
  }
  let rest = 0;
  for (; i < end; i++) rest = (rest << 8) | bytes[i];
  h = Math.imul(h ^ rest, 0x85ebca6b);
  h ^= h >>> 13;
  return h === 0 ? 1 : h;
}
