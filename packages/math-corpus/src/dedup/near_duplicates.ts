/**
 * Near-duplicates by locality-sensitive hashing: a signature is cut into bands; texts that agree in all places of a band
 * are compared, and are near-duplicates if their signatures are similar enough.
 *
 * Two texts of similarity s meet in a band of r places with probability sʳ, so in one of b bands with 1 − (1 − sʳ)ᵇ: for
 * 14 bands of 8 that is 0.26 at s = 0.62, 0.56 at 0.7, 0.92 at 0.8, 0.9996 at 0.9.
 *
 * @module
 */

import { checkInteger, checkKeys, checkNumber } from "../check.ts";
import { mix, pairMap } from "../text/pair_set.ts";
import { wordReader } from "../text/words.ts";
import { estimateJaccard, minHash, shingleHashes } from "./minhash.ts";

/** How alike is alike. */
export interface NearDuplicateOptions {
  /** Estimated similarity from which a text is a near-duplicate. Default 0.7. */
  readonly threshold?: number;
  /** Words in a shingle. Default 5. */
  readonly shingle?: number;
  /** Default 14. */
  readonly bands?: number;
  /** Places in a band. Default 8. */
  readonly rowsPerBand?: number;
}

/** The texts that were kept so far. */
export interface NearDuplicateIndex {
  /** Texts kept. */
  readonly size: number;
  /** Number of a kept text of which this one is a near-duplicate; −1 if there is none, and then this one is kept. */
  add(text: string): number;
  /** The same, of the `words` of a `wordReader`. */
  addWords(words: Int32Array): number;
  /** The signature of the text that was added last; valid until the next. */
  readonly signature: Int32Array;
  /** Keeps a text by its signature, which was made before with the same options: to resume. */
  restore(signature: Int32Array): void;
}

const DOING = "find near-duplicates";

/**
 * An empty index. The first of several near-duplicates is kept. About 1 kB a kept text.
 *
 * @throws {RangeError} An option is out of range.
 *
 * @example
 * ```ts
 * const index = nearDuplicateIndex();
 * const page = "Let f be a continuous function on a closed interval. Then f attains its maximum there.";
 * index.add(page); // −1: kept
 * index.add(page.toUpperCase()); // 0: the first again
 * index.add("Bake the bread for forty minutes at two hundred degrees."); // −1
 * ```
 */
export function nearDuplicateIndex(options: NearDuplicateOptions = {}): NearDuplicateIndex {
  checkKeys(DOING, options, ["threshold", "shingle", "bands", "rowsPerBand"]);
  const { threshold = 0.7, shingle = 5, bands = 14, rowsPerBand = 8 } = options;
  checkNumber(DOING, "threshold", threshold, 0, 1);
  checkInteger(DOING, "shingle", shingle, 1, 100);
  checkInteger(DOING, "bands", bands, 1, 1000);
  checkInteger(DOING, "rowsPerBand", rowsPerBand, 1, 1000);
  const read = wordReader();
  const places = bands * rowsPerBand;
  const signature = new Int32Array(places);
  const perChunk = 1024;
  const chunks: Int32Array[] = [];
  const tables = Array.from({ length: bands }, pairMap);
  const keys = new Int32Array(2 * bands);
  let shingles = new Int32Array(4096);
  let size = 0;

  const kept = (id: number): Int32Array => {
    const at = (id % perChunk) * places;
    return chunks[Math.floor(id / perChunk)].subarray(at, at + places);
  };
  function hashBands(of: Int32Array): void {
    for (let band = 0; band < bands; band++) {
      let high = 0x811c9dc5 | 0;
      let low = 0x2545f491;
      for (let i = band * rowsPerBand; i < (band + 1) * rowsPerBand; i++) {
        high = Math.imul(high ^ of[i], 0x01000193);
        low = (Math.imul(low, 0x5bd1e995) + of[i]) | 0;
      }
      keys[2 * band] = mix(high);
      keys[2 * band + 1] = mix(low);
    }
  }
  function keep(of: Int32Array): void {
    if (size % perChunk === 0) chunks.push(new Int32Array(perChunk * places));
    kept(size).set(of);
    for (let band = 0; band < bands; band++) tables[band].add(keys[2 * band], keys[2 * band + 1], size);
    size++;
  }
  const addWords = (words: Int32Array): number => {
    if (shingles.length < words.length) shingles = new Int32Array(2 * words.length);
    minHash(shingles, shingleHashes(words, shingle, shingles), signature);
    hashBands(signature);
    for (let band = 0; band < bands; band++) {
      const other = tables[band].get(keys[2 * band], keys[2 * band + 1]);
      if (other >= 0 && estimateJaccard(signature, kept(other)) >= threshold) return other;
    }
    keep(signature);
    return -1;
  };
  return {
    get size() {
      return size;
    },
    signature,
    add: (text) => addWords(read(text).words),
    addWords,
    restore(of) {
      if (of.length !== places)
        throw new RangeError(`Cannot ${DOING}: expected a signature of ${places} places, found ${of.length}`);
      hashBands(of);
      keep(of);
    },
  };
}
