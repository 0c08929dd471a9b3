/**
 * Exact fractions of big integers: the arithmetic under every problem, so that no answer is ever a rounded float.
 *
 * @module
 */

/** `numerator / denominator` in lowest terms, the denominator positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/**
 * The fraction in lowest terms.
 *
 * @throws {RangeError} When the denominator is 0.
 * @example
 * ```ts
 * rational(6, -4); // −3/2
 * ```
 */
export function rational(numerator: bigint | number, denominator: bigint | number = 1n): Rational {
  let n = BigInt(numerator);
  let d = BigInt(denominator);
  if (d === 0n) throw new RangeError(`Cannot divide by zero: ${n}/0`);
  if (d < 0n) [n, d] = [-n, -d];
  if (d === 1n) return { numerator: n, denominator: d };
  const divisor = greatestCommonDivisor(n, d);
  return { numerator: n / divisor, denominator: d / divisor };
}

/** a + b. */
export function add(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

/** a − b. */
export function subtract(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator);
}

/** a · b. */
export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** a / b. Throws a `RangeError` when b is 0. */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** ⌊a / b⌋, Python's `//`. Throws a `RangeError` when b is 0. */
export function floorDivide(a: Rational, b: Rational): Rational {
  const { numerator, denominator } = divide(a, b);
  const truncated = numerator / denominator;
  return rational(numerator % denominator < 0n ? truncated - 1n : truncated);
}

/** −a. */
export function negate(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator };
}

/** Whether two fractions are the same number. */
export function equal(a: Rational, b: Rational): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

/** Whether a < b. */
export function less(a: Rational, b: Rational): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

/**
 * The digits after the point that the fraction needs, or `undefined` when its decimals never end (a prime other than 2
 * and 5 divides the denominator).
 */
export function decimalPlaces(value: Rational): number | undefined {
  let rest = value.denominator;
  let twos = 0;
  let fives = 0;
  while (rest % 2n === 0n) {
    rest /= 2n;
    twos++;
  }
  while (rest % 5n === 0n) {
    rest /= 5n;
    fives++;
  }
  return rest === 1n ? Math.max(twos, fives) : undefined;
}

/**
 * How a result is written: the shortest decimal when it ends (`0.2`, `13`), otherwise the fraction (`100/3`).
 *
 * @example
 * ```ts
 * format(rational(12, 60)); // "0.2"
 * format(rational(100, 3)); // "100/3"
 * ```
 */
export function format(value: Rational): string {
  const places = decimalPlaces(value);
  if (places === undefined) return `${value.numerator}/${value.denominator}`;
  if (places === 0) return String(value.numerator);
  const scaled = (value.numerator * 10n ** BigInt(places)) / value.denominator;
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, "0");
  return `${scaled < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/**
 * Reads digits with an optional point (`12`, `.5`, `1.50`, `12.`), nothing else.
 *
 * @throws {SyntaxError} On any other text.
 */
export function parseDecimal(text: string): Rational {
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || !/\d/.test(text)) throw new SyntaxError(`Cannot read ${JSON.stringify(text)} as a decimal number`);
  const fraction = match[2] ?? "";
  return rational(BigInt(match[1] + fraction), 10n ** BigInt(fraction.length));
}
