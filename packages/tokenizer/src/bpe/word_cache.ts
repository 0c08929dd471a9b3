/**
 * Remembers the ids of words: most words of a text have been seen before, and a look-up costs a tenth of the merges.
 *
 * A hash table with open addressing in typed arrays: no string is made for a word, and nothing is left to the garbage
 * collector. A slot is half a cache line, in which words up to twelve bytes and up to four ids lie themselves; what is
 * longer lies elsewhere. When the table is full it is emptied, so memory is bounded (16 MB) and a change of language
 * costs little.
 */
import type { IdList } from "./id_list.ts";

/** Longer words are not remembered. */
export const LONGEST_WORD = 64;

/** Bytes that must be readable behind the end of a text. */
export const PADDING = 12;

const SLOTS = 1 << 18;
const POOL_BYTES = 1 << 22;
const POOL_IDS = 1 << 20;

/** Which bits of the second and third four bytes belong to a word of that length; of the first, at the end. */
const masks: Int32Array = /* @__PURE__ */ Int32Array.from({ length: 39 }, (_, i) => {
  const bytes = Math.min(4, Math.max(0, (i % 13) - 4 * Math.floor(i / 13)));
  return bytes === 4 ? -1 : (1 << (8 * bytes)) - 1;
});

/** Text as bytes, with `PADDING` behind it. */
export interface PaddedBytes {
  bytes: Uint8Array;
  /** Of the same memory: it reads four bytes at once. */
  view: DataView;
}

/** Ids by words. */
export class WordCache {
  /**
   * Eight numbers a slot: length of the word | number of ids << 8 (0: free); three with the word's bytes, or its hash and
   * its place; four with the ids, or their place.
   */
  #slots: Int32Array = new Int32Array(8 * SLOTS);
  #poolBytes: Uint8Array = new Uint8Array(POOL_BYTES);
  #poolIds: Int32Array = new Int32Array(POOL_IDS);
  #words = 0;
  #bytesUsed = 0;
  #idsUsed = 0;
  /** Where the word that was not found belongs, and what its slot has behind the sizes. */
  #free = 0;
  readonly #key: Int32Array = new Int32Array(3);

  /** Appends the ids of the word to `out`, which has room for them, if they are known. */
  read(text: PaddedBytes, start: number, length: number, out: IdList): boolean {
    return length <= 12
      ? this.#readShort(text.view, start, length, out)
      : this.#readLong(text.bytes, start, length, out);
  }

  /** Remembers that the word, which `read` has just not found, has the ids `ids[from … to)`. */
  write(bytes: Uint8Array, start: number, length: number, ids: Int32Array, from: number, to: number): void {
    const count = to - from;
    const slots = this.#slots;
    if (2 * this.#words >= SLOTS || this.#bytesUsed + length > POOL_BYTES || this.#idsUsed + count > POOL_IDS) {
      slots.fill(0);
      // This one word may then lie where it is not found: it is written once more.
      this.#words = this.#bytesUsed = this.#idsUsed = 0;
    }
    const slot = this.#free;
    slots[slot] = length | (count << 8);
    slots.set(this.#key, slot + 1);
    if (length > 12) {
      slots[slot + 2] = this.#bytesUsed;
      for (let i = 0; i < length; i++) this.#poolBytes[this.#bytesUsed++] = bytes[start + i];
    }
    if (count <= 4) for (let i = 0; i < count; i++) slots[slot + 4 + i] = ids[from + i];
    else {
      slots[slot + 4] = this.#idsUsed;
      for (let i = from; i < to; i++) this.#poolIds[this.#idsUsed++] = ids[i];
    }
    this.#words++;
  }

  #readShort(view: DataView, start: number, length: number, out: IdList): boolean {
    const slots = this.#slots;
    const w0 = view.getInt32(start, true) & masks[length];
    const w1 = view.getInt32(start + 4, true) & masks[13 + length];
    const w2 = view.getInt32(start + 8, true) & masks[26 + length];
    let slot = mix(w0, w1, w2) << 3;
    for (;;) {
      const sizes = slots[slot];
      if (sizes === 0) return this.#miss(slot, w0, w1, w2);
      if ((sizes & 0xff) === length && slots[slot + 1] === w0 && slots[slot + 2] === w1 && slots[slot + 3] === w2) {
        this.#append(slot, sizes >> 8, out);
        return true;
      }
      slot = (slot + 8) & (8 * SLOTS - 1);
    }
  }

  #readLong(bytes: Uint8Array, start: number, length: number, out: IdList): boolean {
    const slots = this.#slots;
    const pool = this.#poolBytes;
    const hash = hashBytes(bytes, start, start + length);
    let slot = (hash & (SLOTS - 1)) << 3;
    for (;;) {
      const sizes = slots[slot];
      if (sizes === 0) return this.#miss(slot, hash, 0, 0);
      if ((sizes & 0xff) === length && slots[slot + 1] === hash) {
        const place = slots[slot + 2];
        let i = 0;
        while (i < length && pool[place + i] === bytes[start + i]) i++;
        if (i === length) {
          this.#append(slot, sizes >> 8, out);
          return true;
        }
      }
      slot = (slot + 8) & (8 * SLOTS - 1);
    }
  }

  #miss(slot: number, w0: number, w1: number, w2: number): false {
    this.#free = slot;
    this.#key[0] = w0;
    this.#key[1] = w1;
    this.#key[2] = w2;
    return false;
  }

  #append(slot: number, count: number, out: IdList): void {
    const slots = this.#slots;
    const { ids } = out;
    let to = out.length;
    if (count <= 4) for (let i = 0; i < count; i++) ids[to++] = slots[slot + 4 + i];
    else {
      const place = slots[slot + 4];
      for (let i = 0; i < count; i++) ids[to++] = this.#poolIds[place + i];
    }
    out.length = to;
  }
}

/** A slot for up to twelve bytes. */
function mix(w0: number, w1: number, w2: number): number {
  let h = Math.imul(w0, 0x9e3779b1) ^ Math.imul(w1, 0x85ebca6b) ^ Math.imul(w2, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h >>> 12) & (SLOTS - 1);
}

/** A hash of `bytes[start … end)`, FNV-1a with a finish. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return Math.imul(h ^ (h >>> 15), 0x85ebca6b);
}
