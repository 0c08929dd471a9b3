/**
 * Exact cyclic convolution of integers by a number-theoretic transform modulo p = 11 · 2²¹ + 1 = 23,068,673.
 *
 * p has roots of unity of every order 2ᵏ up to 2²¹, and products of two residues stay below 2⁵³, so doubles hold them
 * exactly: a b mod p = a b − ⌊a b / p⌋ p, the quotient off by at most one.
 */

const P = 23_068_673;
const GENERATOR = 3; // of the multiplicative group modulo P

/** Longest convolution, 2²¹. */
export const MAX_CONVOLUTION: number = 2 ** 21;

/** a · b mod p. */
function multiply(a: number, b: number): number {
  const product = a * b;
  const rest = product - Math.floor(product * (1 / P)) * P;
  return rest < 0 ? rest + P : rest >= P ? rest - P : rest;
}

/** A root of unity of exactly the order 2ᵏ ≤ {@link MAX_CONVOLUTION}, modulo p. */
export function rootOfUnity(order: number): number {
  return power(GENERATOR, (P - 1) / order);
}

/** base^exponent mod p. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let square = base; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** In place, decimation in frequency: natural order in, bit-reversed order out. */
function forward(values: Float64Array): void {
  const n = values.length;
  const roots = new Float64Array(n >> 1);
  for (let size = n; size > 1; size >>= 1) {
    const half = size >> 1;
    fillRoots(roots, half, rootOfUnity(size));
    for (let start = 0; start < n; start += size) {
      for (let i = 0; i < half; i++) {
        const a = values[start + i];
        const b = values[start + half + i];
        const sum = a + b;
        values[start + i] = sum >= P ? sum - P : sum;
        values[start + half + i] = multiply(a < b ? a - b + P : a - b, roots[i]);
      }
    }
  }
}

/** Undoes {@link forward} but for a factor n: bit-reversed order in, natural order out. */
function inverse(values: Float64Array): void {
  const n = values.length;
  const roots = new Float64Array(n >> 1);
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1;
    fillRoots(roots, half, power(rootOfUnity(size), P - 2));
    for (let start = 0; start < n; start += size) {
      for (let i = 0; i < half; i++) {
        const a = values[start + i];
        const b = multiply(values[start + half + i], roots[i]);
        const sum = a + b;
        values[start + i] = sum >= P ? sum - P : sum;
        values[start + half + i] = a < b ? a - b + P : a - b;
      }
    }
  }
}

function fillRoots(roots: Float64Array, count: number, root: number): void {
  let value = 1;
  for (let i = 0; i < count; i++) {
    roots[i] = value;
    value = multiply(value, root);
  }
}

/**
 * The coefficients of a · b modulo z^N − 1, N the power of two from the longer one's length, each modulo p. Coefficients
 * from `b.length − 1` on are those of the plain product, as far as `a` reaches: the ones that wrap around come before.
 *
 * @throws {RangeError} More than 2²¹ coefficients.
 */
export function convolveModulo(a: Float64Array, b: Float64Array): Float64Array {
  const longest = Math.max(a.length, b.length);
  if (longest > MAX_CONVOLUTION) {
    throw new RangeError(`Cannot convolve: expected at most 2^21 coefficients, found ${longest}`);
  }
  const size = 2 ** Math.ceil(Math.log2(longest));
  const x = new Float64Array(size);
  const y = new Float64Array(size);
  x.set(a);
  y.set(b);
  forward(x);
  forward(y);
  const scale = power(size, P - 2);
  for (let i = 0; i < size; i++) x[i] = multiply(multiply(x[i], y[i]), scale);
  inverse(x);
  return x;
}
