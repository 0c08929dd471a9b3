/** From random words to uniform fractions. Products and sums here are exact, so the results are the same everywhere. */

// Divisions rather than `2 ** -53`, whose last bit ECMA-262 leaves to the engine.
const TWO_M24 = 1 / 16777216;
const TWO_M52 = 1 / 4503599627370496;
const TWO_M53 = 1 / 9007199254740992;

/**
 * A uniform in [0, 1) from the upper bits of two words: `(a₂₇ · 2^26 + b₂₆) / 2^53`, as numpy and MT19937's
 * `genrand_res53` do it.
 *
 * @param a An unsigned 32-bit integer, whose upper 27 bits are used.
 * @param b An unsigned 32-bit integer, whose upper 26 bits are used.
 *
 * @example
 * ```ts
 * uniform53(0x80000000, 0); // 0.5
 * ```
 */
export function uniform53(a: number, b: number): number {
  return ((a >>> 5) * 67108864 + (b >>> 6)) * TWO_M53;
}

/**
 * A uniform in (0, 1), without the ends: the middle of one of 2^52 equal cells, `(a₂₆ · 2^26 + b₂₆ + ½) / 2^52`. So
 * `u` and `1 − u` are equally likely and both exact, and logarithms of either are finite.
 *
 * @param a An unsigned 32-bit integer, whose upper 26 bits are used.
 * @param b An unsigned 32-bit integer, whose upper 26 bits are used.
 *
 * @example
 * ```ts
 * openUniform(0, 0); // 2^-53
 * ```
 */
export function openUniform(a: number, b: number): number {
  return ((a >>> 6) * 67108864 + (b >>> 6) + 0.5) * TWO_M52;
}

/**
 * A uniform in [0, 1) that float32 holds exactly: the word's upper 24 bits over 2^24. (Rounding a 53-bit uniform to
 * float32 would sometimes give 1.)
 *
 * @param word An unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * uniform24(0xffffffff); // 1 − 2^-24
 * ```
 */
export function uniform24(word: number): number {
  return (word >>> 8) * TWO_M24;
}
