/**
 * A natural logarithm that is the same to the last bit everywhere. `Math.log` may differ between engines and versions
 * (ECMA-262 leaves its precision open); `+ - * /` may not, so this one uses only those.
 *
 * Method: x = m · 2^e with √½ ≤ m < √2, then log m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1).
 * |s| ≤ 0.1716, so the first dropped term, s²³/23, is below 2^-60 of the result.
 */

const LN2_HIGH = 0.6931471803691238; // 33 bits, so e · LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;

const double = new Float64Array([1]);
const words = new Uint32Array(double.buffer);
const HIGH = words[1] === 0x3ff00000 ? 1 : 0; // where the sign and exponent are: little- or big-endian

/** 2^(1023 − i), which scales a number with the biased exponent i into [1, 2). */
const scales: Float64Array = /* @__PURE__ */ (() => {
  const table = new Float64Array(2047);
  for (let i = 1023, scale = 1; i < 2047; i++, scale /= 2) table[i] = scale;
  for (let i = 1023, scale = 1; i > 0; i--, scale *= 2) table[i] = scale;
  return table;
})();

/**
 * Natural logarithm, reproducible bit for bit on every engine: `log x`. Within 2 units in the last place.
 *
 * @param x A positive, normal, finite double (at least 2^-1022); anything else gives a meaningless result.
 *
 * @example
 * ```ts
 * log(2); // 0.6931471805599453
 * ```
 */
export function log(x: number): number {
  double[0] = x;
  const biased = words[HIGH] >>> 20;
  let exponent = biased - 1023;
  let m = x * scales[biased]; // writing the exponent's bits instead stalls on the memory just written
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const f = m - 1;
  const s = f / (m + 1);
  const z = s * s;
  const tail =
    z *
    (1 / 3 +
      z *
        (1 / 5 +
          z *
            (1 / 7 +
              z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21))))))))));
  // 2s = f − s·f exactly, and f is exact: so log m = f − s (f − 2·tail), which loses less than 2s + 2s·tail does.
  return exponent * LN2_HIGH + (f - (s * (f - 2 * tail) - exponent * LN2_LOW));
}
