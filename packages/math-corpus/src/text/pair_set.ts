/**
 * A set or map of 64-bit hashes in typed arrays: 12 bytes a place, of which at most two in three are taken.
 *
 * @module
 */

/** 64-bit hashes (two 32-bit halves) → whole numbers. */
export interface PairMap {
  readonly size: number;
  /** The value of a hash, −1 if it is not there. */
  get(high: number, low: number): number;
  /** Sets the value of a hash that is not there; returns the value that was there, else −1. */
  add(high: number, low: number, value: number): number;
}

/** An empty map. Values are integers from 0 to 2³¹ − 1. */
export function pairMap(): PairMap {
  let mask = 1023;
  let table = new Int32Array(3 * (mask + 1));
  let size = 0;
  // A value is stored plus one, so that zeros are free places.
  function slotOf(high: number, low: number): number {
    let slot = (low ^ (low >>> 15) ^ Math.imul(high, 0x9e3779b1)) & mask;
    while (table[3 * slot + 2] !== 0 && (table[3 * slot] !== high || table[3 * slot + 1] !== low))
      slot = (slot + 1) & mask;
    return 3 * slot;
  }
  function grow(): void {
    const old = table;
    mask = 2 * mask + 1;
    table = new Int32Array(3 * (mask + 1));
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      table.set(old.subarray(at, at + 3), slotOf(old[at], old[at + 1]));
    }
  }
  return {
    get size() {
      return size;
    },
    get: (high, low) => table[slotOf(high | 0, low | 0) + 2] - 1,
    add(high, low, value) {
      let slot = slotOf(high | 0, low | 0);
      if (table[slot + 2] !== 0) return table[slot + 2] - 1;
      if (3 * (size + 1) > 2 * (mask + 1)) {
        grow();
        slot = slotOf(high | 0, low | 0);
      }
      table[slot] = high;
      table[slot + 1] = low;
      table[slot + 2] = value + 1;
      size++;
      return -1;
    },
  };
}

/** MurmurHash3's finalizer: every bit of the input moves every bit of the output. */
export function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Two independent 32-bit hashes of a text. */
export function hashText(text: string): readonly [number, number] {
  let high = 0x811c9dc5 | 0;
  let low = 0x2545f491;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low, 0x5bd1e995) + unit + (low >>> 24);
  }
  return [mix(high), mix(low)];
}
