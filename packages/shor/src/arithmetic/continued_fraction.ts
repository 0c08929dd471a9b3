/** A fraction in lowest terms. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * The convergents of a continued fraction: the best approximations of numerator / denominator, in order, exact.
 *
 * Every fraction s/r with |j/Q − s/r| ≤ 1/(2r²) is among the convergents of j/Q (Legendre): that is how an order r is read off
 * a measured j when Q ≥ N².
 *
 * @param numerator A non-negative integer below 2^53.
 * @param denominator A positive integer below 2^53.
 * @throws {RangeError} Anything else.
 *
 * @example
 * ```ts
 * convergents(427, 512).map(({ numerator, denominator }) => `${numerator}/${denominator}`); // 0/1, 1/1, 5/6, 211/253, 427/512
 * ```
 */
export function convergents(numerator: number, denominator: number): Fraction[] {
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator) || numerator < 0 || denominator < 1) {
    throw new RangeError(
      `Cannot expand a fraction: expected safe integers ≥ 0 and ≥ 1, found ${numerator}/${denominator}`,
    );
  }
  const result: Fraction[] = [];
  let [p, lastP] = [1, 0];
  let [q, lastQ] = [0, 1];
  for (let [a, b] = [numerator, denominator]; b > 0; ) {
    const quotient = Math.floor(a / b);
    [a, b] = [b, a - quotient * b];
    [p, lastP] = [quotient * p + lastP, p];
    [q, lastQ] = [quotient * q + lastQ, q];
    result.push({ numerator: p, denominator: q });
  }
  return result;
}
