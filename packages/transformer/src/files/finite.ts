/**
 * The search for NaN and infinity.
 */

/**
 * Index of the first NaN or infinite number, −1 if all are finite.
 *
 * x − x is 0 for finite x and NaN otherwise, and NaN stays in a sum: one pass without a branch, then a search only if
 * there is something to find.
 *
 * @param data Numbers.
 *
 * @example
 * ```ts
 * firstNonFinite(Float32Array.of(1, Number.NaN)); // 1
 * ```
 */
export function firstNonFinite(data: Float32Array): number {
  let a = 0;
  let b = 0;
  let i = 0;
  for (; i + 1 < data.length; i += 2) {
    a += data[i] - data[i];
    b += data[i + 1] - data[i + 1];
  }
  if (i < data.length) a += data[i] - data[i];
  return a + b === 0 ? -1 : data.findIndex((x) => !Number.isFinite(x));
}
