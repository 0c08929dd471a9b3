/**
 * Toeplitz hashing: from n raw bits with min-entropy k to m < k bits that are almost perfectly random.
 *
 * The seed's n + m − 1 bits are the diagonals of an m × n matrix over GF(2): T[i][j] = seed[i − j + n − 1], and the output is
 * y = T x. Toeplitz matrices are a universal family, so by the leftover hash lemma the output is ε-close to uniform, even to
 * somebody who knows the seed, if
 *
 *     m ≤ k − 2 log₂(1/ε)
 *
 * and the seed is independent of the raw bits: it has to be drawn after they are fixed.
 *
 * Three ways to the same bits: {@link toeplitzNaive} follows the definition; {@link toeplitzSliced} takes 32 matrix entries
 * in one word, O(n m / 32); {@link toeplitzNtt} multiplies polynomials by a number-theoretic transform, O((n + m) log n).
 *
 * Source: Krawczyk, "LFSR-based hashing and authentication" (1994); Tomamichel, Schaffner, Smith, Renner, "Leftover hashing
 * against quantum side information", IEEE Trans. Inf. Theory 57 (2011).
 */

import { type Bits, bitAt, packBits } from "./bits.ts";
import { convolveModulo, MAX_CONVOLUTION } from "./convolution.ts";

/**
 * How many bits can be extracted: m = ⌊k − 2 log₂(1/ε)⌋, never below 0.
 *
 * @param minEntropy k, certified bits.
 * @param distance ε, distance from uniform that is tolerated. Default 1e-10.
 * @throws {RangeError} A negative entropy, or ε outside (0, 1).
 *
 * @example
 * ```ts
 * extractableBits(1000); // 933
 * ```
 */
export function extractableBits(minEntropy: number, distance: number = 1e-10): number {
  if (!(minEntropy >= 0)) throw new RangeError(`Cannot extract: minEntropy must not be negative, found ${minEntropy}`);
  if (!(distance > 0 && distance < 1)) {
    throw new RangeError(`Cannot extract: distance must be between 0 and 1, found ${distance}`);
  }
  return Math.max(0, Math.floor(minEntropy + 2 * Math.log2(distance)));
}

/**
 * Hashes `input` to m bits with the Toeplitz matrix of `seed`, by the faster of the two fast ways.
 *
 * @param input n raw bits.
 * @param seed n + m − 1 bits, independent of the input.
 * @param m Length of the output.
 * @throws {RangeError} m not an integer from 0, an empty input, or a seed of another length.
 *
 * @example
 * ```ts
 * const output = toeplitz(packBits([1, 0, 1, 1]), packBits([0, 1, 1, 0, 1]), 2);
 * output.bytes; // Uint8Array [1]: y₀ = s₃x₀ + s₂x₁ + s₁x₂ + s₀x₃ = 0 + 0 + 1 + 0, y₁ = s₄ + s₂ + s₁ = 1 + 1 + 0
 * ```
 */
export function toeplitz(input: Bits, seed: Bits, m: number): Bits {
  check(input, seed, m);
  return transformPays(input.length, m) ? toeplitzNtt(input, seed, m) : toeplitzSliced(input, seed, m);
}

/** Rows and columns of the blocks that a transform takes at most. */
const BLOCK = MAX_CONVOLUTION / 2;

/**
 * Whether the transform is the faster one: n m matrix entries, 32 at a time, against N log₂ N butterflies for each block. A butterfly
 * takes as long as some 600 entries (510 to 860 for n from 2,048 to 1,000,000, benchmarks/beacon.mjs); with n = m, the transform is
 * the faster one from about 25,000 bits on.
 */
function transformPays(n: number, m: number): boolean {
  const size = 2 ** Math.ceil(Math.log2(Math.min(n, BLOCK) + Math.min(m, BLOCK) - 1));
  const blocks = Math.ceil(n / BLOCK) * Math.ceil(m / BLOCK);
  return n * m > 600 * blocks * size * Math.log2(size);
}

function check(input: Bits, seed: Bits, m: number): void {
  if (!Number.isInteger(m) || m < 0) throw new RangeError(`Cannot extract: m must be an integer from 0, found ${m}`);
  if (input.length < 1) throw new RangeError("Cannot extract: expected at least one input bit, found none");
  const expected = input.length + Math.max(0, m - 1);
  if (m > 0 && seed.length !== expected) {
    throw new RangeError(`Cannot extract: expected a seed of n + m - 1 = ${expected} bits, found ${seed.length}`);
  }
}

/** The definition: yᵢ = Σⱼ seed[i − j + n − 1] xⱼ mod 2. The twin that the others are tested with. */
export function toeplitzNaive(input: Bits, seed: Bits, m: number): Bits {
  check(input, seed, m);
  const n = input.length;
  const output = new Uint8Array(m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) output[i] ^= bitAt(seed, i - j + n - 1) & bitAt(input, j);
  }
  return packBits(output);
}

/**
 * By words: row i is the reversed seed shifted by i, so output bit i is the parity of (window of the seed at i) AND (reversed
 * input), 32 products at a time.
 */
export function toeplitzSliced(input: Bits, seed: Bits, m: number): Bits {
  check(input, seed, m);
  const n = input.length;
  const count = (n + 31) >> 5;
  const reversed = new Int32Array(count);
  for (let j = 0; j < n; j++) reversed[j >> 5] |= bitAt(input, n - 1 - j) << (j & 31);
  const words = wordsOf(seed, count + ((m + 31) >> 5) + 1);
  const output = new Uint8Array((m + 7) >> 3);
  for (let i = 0; i < m; i++) {
    const first = i >> 5;
    const shift = i & 31;
    let parity = 0;
    if (shift === 0) for (let k = 0; k < count; k++) parity ^= words[first + k] & reversed[k];
    else {
      let low = words[first];
      for (let k = 0; k < count; k++) {
        const high = words[first + k + 1];
        parity ^= ((low >>> shift) | (high << (32 - shift))) & reversed[k];
        low = high;
      }
    }
    parity ^= parity >>> 16;
    parity ^= parity >>> 8;
    parity ^= parity >>> 4;
    output[i >> 3] |= ((0x6996 >> (parity & 15)) & 1) << (i & 7);
  }
  return { length: m, bytes: output };
}

function wordsOf({ bytes }: Bits, count: number): Int32Array {
  const words = new Int32Array(count);
  for (let i = 0; i < bytes.length; i++) words[i >> 2] |= bytes[i] << (8 * (i & 3));
  return words;
}

/**
 * By number-theoretic transform: y is the middle of the product of the polynomials Σ seedᵢ zⁱ and Σ xⱼ zʲ, computed with
 * integers modulo a prime above every coefficient (so exactly: there is no rounding to argue about) and reduced mod 2. Long
 * inputs and outputs are cut into blocks, each of which is a Toeplitz matrix too.
 */
export function toeplitzNtt(input: Bits, seed: Bits, m: number): Bits {
  return toeplitzBlocks(input, seed, m, BLOCK);
}

/** {@link toeplitzNtt} with blocks of at most `block` rows and columns. */
export function toeplitzBlocks(input: Bits, seed: Bits, m: number, block: number): Bits {
  check(input, seed, m);
  const n = input.length;
  const output = new Uint8Array(m);
  const rows = Math.min(m, block);
  const columns = Math.min(n, block);
  for (let row = 0; row < m; row += rows) {
    for (let column = 0; column < n; column += columns) {
      const height = Math.min(rows, m - row);
      const width = Math.min(columns, n - column);
      // Entry (row, column + width − 1) of the matrix, its lower left corner's diagonal, comes first.
      const first = row - (column + width - 1) + n - 1;
      const diagonals = Float64Array.from({ length: width + height - 1 }, (_, i) => bitAt(seed, first + i));
      const bits = Float64Array.from({ length: width }, (_, j) => bitAt(input, column + j));
      const product = convolveModulo(diagonals, bits);
      for (let i = 0; i < height; i++) output[row + i] ^= product[i + width - 1] & 1;
    }
  }
  return packBits(output);
}
