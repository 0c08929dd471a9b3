/** Bits packed into bytes: bit i is bit i mod 8, counted from the least significant, of byte ⌊i / 8⌋. */
export interface Bits {
  /** Number of bits. */
  readonly length: number;
  /** ⌈length / 8⌉ bytes; bits beyond the length are 0. */
  readonly bytes: Uint8Array;
}

/**
 * Packs single bits.
 *
 * @example
 * ```ts
 * packBits([1, 0, 1]).bytes; // Uint8Array [5]
 * ```
 */
export function packBits(bits: ArrayLike<number>): Bits {
  const bytes = new Uint8Array((bits.length + 7) >> 3);
  for (let i = 0; i < bits.length; i++) if (bits[i]) bytes[i >> 3] |= 1 << (i & 7);
  return { length: bits.length, bytes };
}

/** The bits of `bytes`, all or the first `length` of them. The array is copied. */
export function bitsOf(bytes: Uint8Array, length: number = 8 * bytes.length): Bits {
  if (!Number.isInteger(length) || length < 0 || length > 8 * bytes.length) {
    throw new RangeError(`Cannot read bits: expected a length from 0 to ${8 * bytes.length}, found ${length}`);
  }
  const copy = bytes.slice(0, (length + 7) >> 3);
  if (length & 7) copy[copy.length - 1] &= (1 << (length & 7)) - 1;
  return { length, bytes: copy };
}

/** Bit i. */
export function bitAt({ bytes }: Bits, i: number): number {
  return (bytes[i >> 3] >> (i & 7)) & 1;
}
