/**
 * Features of a text: its words that are in the vocabulary, and its hashed n-grams, as in fastText.
 *
 * @module
 */

/** Hashes → 0, 1, 2 … in the order of their coming; open addressing. */
export interface Vocabulary {
  /** How many there are. */
  size: number;
  /** The hash of each. */
  keys: Int32Array;
  /** Number of a hash, −1 if it is not there. */
  find(hash: number): number;
  /** Number of a hash, which is added if it is not there. */
  add(hash: number): number;
}

/** An empty vocabulary. */
export function vocabulary(): Vocabulary {
  let mask = 1023;
  let slots = new Int32Array(mask + 1).fill(-1);
  const words: Vocabulary = {
    size: 0,
    keys: new Int32Array(512),
    find(hash) {
      const { keys } = words;
      for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
        const id = slots[slot];
        if (id < 0 || keys[id] === hash) return id;
      }
    },
    add(hash) {
      const known = words.find(hash);
      if (known >= 0) return known;
      if (2 * (words.size + 1) > slots.length) grow();
      words.keys[words.size] = hash;
      place(words.size);
      return words.size++;
    },
  };
  function place(id: number): void {
    let slot = spread(words.keys[id]) & mask;
    while (slots[slot] >= 0) slot = (slot + 1) & mask;
    slots[slot] = id;
  }
  function grow(): void {
    mask = 2 * mask + 1;
    slots = new Int32Array(mask + 1).fill(-1);
    const keys = new Int32Array(mask + 1);
    keys.set(words.keys.subarray(0, words.size));
    words.keys = keys;
    for (let id = 0; id < words.size; id++) place(id);
  }
  return words;
}

function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

/**
 * Writes the features of `tokens` to `into`: numbers below `words.size` for words, from there on for n-grams of 2 to
 * `n` words, hashed into `buckets`. Words outside the vocabulary are no features, but parts of n-grams.
 *
 * @returns How many; at most `n · tokens.length`.
 */
export function writeFeatures(
  tokens: Int32Array,
  words: Vocabulary,
  n: number,
  buckets: number,
  into: Int32Array,
): number {
  const scale = buckets / 2 ** 32;
  const first = words.size;
  let count = 0;
  for (let i = 0; i < tokens.length; i++) {
    const id = words.find(tokens[i]);
    if (id >= 0) into[count++] = id;
    let hash = tokens[i];
    const end = Math.min(tokens.length, i + n);
    for (let j = i + 1; j < end; j++) {
      // fastText's hash of an n-gram, in 32 bits for its 64.
      hash = (Math.imul(hash, 116049371) + tokens[j]) | 0;
      into[count++] = first + Math.floor((hash >>> 0) * scale);
    }
  }
  return count;
}
