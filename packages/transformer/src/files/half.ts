/**
 * float16 and bfloat16, kept as their bit patterns in `Uint16Array`s, to and from float32.
 *
 * | | sign | exponent | fraction | largest |
 * |---|---|---|---|---|
 * | float16 (IEEE 754 binary16) | 1 | 5 | 10 | 65,504 |
 * | bfloat16 (upper half of a float32) | 1 | 8 | 7 | 3.39e38 |
 *
 * Widening is exact. Narrowing rounds to nearest, ties to even; what is too large becomes ±Infinity; NaN stays NaN
 * (quiet, upper payload bits kept). The code works on bits: Node 20 has no `Float16Array`.
 */

/** float32 bits of each float16, filled at first use (256 KiB). */
let widened: Uint32Array | undefined;

/**
 * float16 → float32, exact.
 *
 * @param source Bit patterns of float16 numbers.
 * @param target Where to write; a new array by default.
 * @returns The target.
 *
 * @example
 * ```ts
 * import { float16ToFloat32 } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(float16ToFloat32(Uint16Array.of(0x3c00, 0xfbff)), Float32Array.of(1, -65504));
 * ```
 */
export function float16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  widened ??= Uint32Array.from({ length: 65536 }, (_, half) => widenedBits(half));
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = widened[source[i]];
  return target;
}

/**
 * float32 → float16, to nearest, ties to even.
 *
 * @param source Numbers.
 * @param target Where to write; a new array by default.
 * @returns The target: bit patterns.
 *
 * @example
 * ```ts
 * import { float32ToFloat16 } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * // 65520 rounds to Infinity
 * deepEqual(float32ToFloat16(Float32Array.of(1, 65520)), Uint16Array.of(0x3c00, 0x7c00));
 * ```
 */
export function float32ToFloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    const magnitude = x & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x47800000) {
      // ≥ 2¹⁶: infinite, or NaN
      half = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >>> 13) & 0x3ff) : 0x7c00;
    } else if (magnitude >= 0x38800000) {
      // ≥ 2⁻¹⁴: normal. Rebias the exponent by 112; rounding may carry into it, up to Infinity.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else if (magnitude >= 0x33000000) {
      // ≥ 2⁻²⁵: subnormal, a multiple of 2⁻²⁴
      const shift = 126 - (magnitude >>> 23);
      const fraction = (magnitude & 0x7fffff) | 0x800000;
      half = fraction >>> shift;
      const rest = fraction & ((1 << shift) - 1);
      const tie = 1 << (shift - 1);
      if (rest > tie || (rest === tie && (half & 1) === 1)) half++;
    } else {
      half = 0;
    }
    target[i] = ((x >>> 16) & 0x8000) | half;
  }
  return target;
}

/**
 * bfloat16 → float32, exact.
 *
 * @param source Bit patterns of bfloat16 numbers.
 * @param target Where to write; a new array by default.
 * @returns The target.
 *
 * @example
 * ```ts
 * import { bfloat16ToFloat32 } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc000)), Float32Array.of(1, -2));
 * ```
 */
export function bfloat16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  return target;
}

/**
 * float32 → bfloat16, to nearest, ties to even.
 *
 * @param source Numbers.
 * @param target Where to write; a new array by default.
 * @returns The target: bit patterns.
 *
 * @example
 * ```ts
 * import { float32ToBfloat16 } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * // 3.14159 becomes 3.140625
 * deepEqual(float32ToBfloat16(Float32Array.of(1, 3.14159)), Uint16Array.of(0x3f80, 0x4049));
 * ```
 */
export function float32ToBfloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    target[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return target;
}

function widenedBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  let fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: shift the leading one out, counting down the exponent.
  const shift = Math.clz32(fraction) - 21;
  fraction = (fraction << shift) & 0x3ff;
  return sign | ((113 - shift) << 23) | (fraction << 13);
}

function bitsOf(array: Float32Array): Uint32Array {
  return new Uint32Array(array.buffer, array.byteOffset, array.length);
}
