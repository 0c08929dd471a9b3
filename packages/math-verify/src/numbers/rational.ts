/**
 * Exact fractions of big integers, with a bound on their size: an operation whose result would need more than
 * `MAX_BITS` bits has no result (`undefined`), which keeps `9^{9^{9}}` from filling the memory.
 *
 * @module
 */

/** numerator / denominator in lowest terms, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Numbers above this many bits are not computed exactly. */
export const MAX_BITS = 32_768;

const abs = (x: bigint): bigint => (x < 0n ? -x : x);

/** Bits of |x|. */
export function bitLength(x: bigint): number {
  const digits = abs(x).toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0], 16)) + 28;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b) [a, b] = [b, a % b];
  return a;
}

/** The fraction in lowest terms; `undefined` for a zero denominator. */
export function rational(numerator: bigint, denominator = 1n): Rational | undefined {
  if (denominator === 0n) return undefined;
  if (denominator === 1n) return { numerator, denominator };
  const divisor = gcd(abs(numerator), abs(denominator)) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

export const ZERO: Rational = { numerator: 0n, denominator: 1n };
export const ONE: Rational = { numerator: 1n, denominator: 1n };

export const integer = (value: bigint | number): Rational => ({ numerator: BigInt(value), denominator: 1n });

export const isInteger = (x: Rational): boolean => x.denominator === 1n;

export const same = (a: Rational, b: Rational): boolean =>
  a.numerator === b.numerator && a.denominator === b.denominator;

const LIMIT = 1n << BigInt(MAX_BITS);

const bounded = (x: Rational | undefined): Rational | undefined =>
  x && x.numerator < LIMIT && x.numerator > -LIMIT && x.denominator < LIMIT ? x : undefined;

export const add = (a: Rational, b: Rational): Rational | undefined =>
  bounded(rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator));

export const negate = (a: Rational): Rational => ({ numerator: -a.numerator, denominator: a.denominator });

export const multiply = (a: Rational, b: Rational): Rational | undefined =>
  bounded(rational(a.numerator * b.numerator, a.denominator * b.denominator));

/** base^exponent where that is rational: integer exponents, and roots that come out even. */
export function power(base: Rational, exponent: Rational): Rational | undefined {
  if (!isInteger(exponent)) {
    if (exponent.denominator > 64n || base.numerator < 0n) return undefined;
    const n = Number(exponent.denominator);
    const [top, bottom] = [root(base.numerator, n), root(base.denominator, n)];
    if (top === undefined || bottom === undefined) return undefined;
    return power({ numerator: top, denominator: bottom }, integer(exponent.numerator));
  }
  const count = abs(exponent.numerator);
  if (base.numerator === 0n) return exponent.numerator > 0n ? ZERO : undefined; // 0^0 and 1/0 are no numbers
  const bits = Math.max(bitLength(base.numerator), bitLength(base.denominator));
  const trivial = base.denominator === 1n && abs(base.numerator) === 1n;
  if (trivial) return count % 2n === 0n ? ONE : base;
  if (count > BigInt(MAX_BITS) || BigInt(bits - 1) * count > BigInt(MAX_BITS)) return undefined;
  const [top, bottom] = [base.numerator ** count, base.denominator ** count];
  return bounded(exponent.numerator < 0n ? rational(bottom, top) : rational(top, bottom));
}

/** The exact integer n-th root of x ≥ 0, or `undefined`. */
function root(x: bigint, n: number): bigint | undefined {
  if (x < 2n) return x;
  const size = BigInt(n);
  let high = 1n << BigInt(Math.ceil(bitLength(x) / n) + 1);
  let low = 0n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** size <= x) low = middle;
    else high = middle;
  }
  return low ** size === x ? low : undefined;
}

const SAFE = 1n << 1000n;

/** The nearest double, near enough, also where numerator and denominator are beyond its range; ±Infinity above it. */
export function toNumber({ numerator, denominator }: Rational): number {
  if (numerator < SAFE && numerator > -SAFE && denominator < SAFE) return Number(numerator) / Number(denominator);
  const [top, bottom] = [bitLength(numerator), bitLength(denominator)];
  const shift = 64 - (top - bottom); // leaves a quotient of about 64 bits
  const quotient =
    shift >= 0 ? (numerator << BigInt(shift)) / denominator : numerator / (denominator << BigInt(-shift));
  return Number(quotient) * 2 ** (-shift / 2) * 2 ** (-shift - -shift / 2);
}
