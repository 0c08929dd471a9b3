/**
 * Philox4x32-10, a counter-based generator: a keyed bijection on 128-bit counters whose outputs look random.
 * Nothing is iterated, so block one billion costs the same as block zero.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, and its library Random123.
 */

/**
 * High 32 bits of the 64-bit product of two unsigned 32-bit integers: `floor(a · b / 2^32)`.
 *
 * @param a An integer; only its low 32 bits count.
 * @param b An integer; only its low 32 bits count.
 * @returns The high word, an unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * multiplyHigh(0xffffffff, 0xffffffff); // 0xfffffffe
 * ```
 */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const carry = Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16);
  const middle = Math.imul(aLow, bHigh) + (carry & 0xffff);
  return (Math.imul(aHigh, bHigh) + (carry >>> 16) + (middle >>> 16)) >>> 0;
}

/**
 * Writes `count` consecutive Philox4x32-10 blocks, four words each, to the start of `out`. Block `i` has the counter
 * `(c0 + i, c1, c2, c3)`; `c0 + i` wraps at 2^32 without a carry.
 *
 * The rounds are written out with the two multiplications in 16-bit halves (Hacker's Delight, 8-2), so that every
 * intermediate stays an int32 and V8 keeps them in integer registers.
 *
 * @param out Receives `4 · count` words; must be at least that long.
 * @param count Number of blocks.
 * @param key0 Low word of the 64-bit key.
 * @param key1 High word of the key.
 * @param c0 First word of the first counter.
 * @param c1 Second word.
 * @param c2 Third word.
 * @param c3 Fourth word.
 *
 * @example
 * ```ts
 * const out = new Uint32Array(4);
 * philoxBlocks(out, 1, 0, 0, 0, 0, 0, 0); // out: 6627e8d5 e169c58d bc57ac4c 9b00dbd8
 * ```
 */
export function philoxBlocks(
  out: Uint32Array,
  count: number,
  key0: number,
  key1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
): void {
  // Constants here and not outside: bundlers turn outer ones into `var`s, and the loop then takes twice as long on V8.
  const M0 = 0xd2511f53 | 0;
  const M0_LOW = 0x1f53;
  const M0_HIGH = 0xd251;
  const M1 = 0xcd9e8d57 | 0;
  const M1_LOW = 0x8d57;
  const M1_HIGH = 0xcd9e;
  const WEYL_0 = 0x9e3779b9 | 0;
  const WEYL_1 = 0xbb67ae85 | 0;
  for (let i = 0, end = count * 4; i < end; i += 4) {
    let x0 = (c0 + (i >>> 2)) | 0;
    let x1 = c1 | 0;
    let x2 = c2 | 0;
    let x3 = c3 | 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < 10; round++) {
      const aLow = x0 & 0xffff;
      const aHigh = x0 >>> 16;
      const aCarry = (Math.imul(M0_HIGH, aLow) + (Math.imul(M0_LOW, aLow) >>> 16)) | 0;
      const aMiddle = (Math.imul(M0_LOW, aHigh) + (aCarry & 0xffff)) | 0;
      const high0 = (Math.imul(M0_HIGH, aHigh) + (aCarry >>> 16) + (aMiddle >>> 16)) | 0;
      const bLow = x2 & 0xffff;
      const bHigh = x2 >>> 16;
      const bCarry = (Math.imul(M1_HIGH, bLow) + (Math.imul(M1_LOW, bLow) >>> 16)) | 0;
      const bMiddle = (Math.imul(M1_LOW, bHigh) + (bCarry & 0xffff)) | 0;
      const high1 = (Math.imul(M1_HIGH, bHigh) + (bCarry >>> 16) + (bMiddle >>> 16)) | 0;
      const low0 = Math.imul(M0, x0);
      const low1 = Math.imul(M1, x2);
      x0 = high1 ^ x1 ^ k0;
      x1 = low1;
      x2 = high0 ^ x3 ^ k1;
      x3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    out[i] = x0;
    out[i + 1] = x1;
    out[i + 2] = x2;
    out[i + 3] = x3;
  }
}
