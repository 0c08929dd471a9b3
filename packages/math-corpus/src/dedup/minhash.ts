/**
 * MinHash signatures of the sets of a text's word n-grams (shingles): the share of equal places in two signatures
 * estimates the Jaccard similarity |A ∩ B| / |A ∪ B| of the sets.
 *
 * One permutation for all places: a shingle's hash says which place it belongs to and what it is worth there, so that a
 * shingle costs one hash and not one for each place (Li, Owen, Zhang, "One Permutation Hashing", 2012). Places that no
 * shingle reached borrow from others that a hash names, which keeps the estimate unbiased (Shrivastava, "Optimal
 * Densification for Fast and Accurate Minwise Hashing", 2017).
 *
 * @module
 */

import { mix } from "../text/pair_set.ts";

const EMPTY = 2 ** 31 - 1;

/** Hashes of the n-grams of `words`; a text shorter than n words has one, of all of them. */
export function shingleHashes(words: Int32Array, n: number, into: Int32Array): number {
  if (words.length === 0) return 0;
  const length = Math.min(n, words.length);
  const count = words.length - length + 1;
  for (let i = 0; i < count; i++) {
    let hash = words[i];
    for (let j = 1; j < length; j++) hash = (Math.imul(hash, 0x5bd1e995) + words[i + j]) | 0;
    into[i] = mix(hash);
  }
  return count;
}

/**
 * The signature of `count` shingle hashes.
 *
 * @param signature Is filled in; as many places as it has. All −1 for no shingles.
 */
export function minHash(shingles: Int32Array, count: number, signature: Int32Array): void {
  const places = signature.length;
  if (count === 0) {
    signature.fill(-1);
    return;
  }
  signature.fill(EMPTY);
  for (let i = 0; i < count; i++) {
    const place = Math.floor((shingles[i] >>> 0) * (places / 2 ** 32));
    // The place used up the upper bits: mixed again, the rank within it is independent of it.
    const rank = Math.imul(shingles[i], 0x9e3779b1) & EMPTY;
    if (rank < signature[place]) signature[place] = rank;
  }
  const filled = signature.slice();
  for (let place = 0; place < places; place++) {
    if (filled[place] !== EMPTY) continue;
    for (let attempt = 1; ; attempt++) {
      const donor = (mix(place + Math.imul(attempt, 0x9e3779b1)) >>> 0) % places;
      if (filled[donor] === EMPTY) continue;
      signature[place] = filled[donor];
      break;
    }
  }
}

/** The same by its definition, a permutation for each place: for tests. */
export function naiveMinHash(shingles: Int32Array, count: number, signature: Int32Array): void {
  for (let place = 0; place < signature.length; place++) {
    let least = count === 0 ? -1 : EMPTY;
    for (let i = 0; i < count; i++)
      least = Math.min(least, mix(shingles[i] ^ Math.imul(place + 1, 0x9e3779b1)) & EMPTY);
    signature[place] = least;
  }
}

/** The share of places in which two signatures agree: an estimate of the similarity. */
export function estimateJaccard(a: Int32Array, b: Int32Array): number {
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}

/** |A ∩ B| / |A ∪ B| of two lists of hashes as sets: what is estimated. */
export function exactJaccard(a: Iterable<number>, b: Iterable<number>): number {
  const first = new Set(a);
  const second = new Set(b);
  let both = 0;
  for (const hash of first) if (second.has(hash)) both++;
  const all = first.size + second.size - both;
  return all === 0 ? 1 : both / all;
}
