/**
 * Reads numbers written in digits: `1,234.50`, `.5`, `6e-3`, and repeating decimals as `0.1(6)`.
 *
 * @module
 */
import { MAX_BITS, type Rational, rational } from "./rational.ts";

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:\((\d+)\))?(?:[eE]([+-]?\d+))?$/;

/** Digits that exact numbers may have; 2^MAX_BITS has fewer. */
const MAX_DIGITS = Math.floor(MAX_BITS * Math.log10(2));

/**
 * The exact value of a decimal, or `undefined` if it is none or has too many digits.
 *
 * `0.1(6)` = (16 - 1) / 90: the digits up to the end of the period less those before it, over as many nines as the period
 * has digits and as many zeros as stand between point and period.
 *
 * @param text without thousands' separators
 */
export function readDecimal(text: string): Rational | undefined {
  if (text.length > MAX_DIGITS) return undefined;
  const match = form.exec(text);
  if (!match) return undefined;
  const [, sign, whole, fraction = "", period = "", exponent = "0"] = match;
  if (!whole && !fraction && !period) return undefined;
  const shift = Number(exponent);
  if (Math.abs(shift) > MAX_DIGITS) return undefined;
  let numerator = BigInt(whole + fraction || "0");
  let denominator = 10n ** BigInt(fraction.length);
  if (period) {
    numerator = BigInt(whole + fraction + period) - numerator;
    denominator *= 10n ** BigInt(period.length) - 1n;
  }
  if (shift > 0) numerator *= 10n ** BigInt(shift);
  else denominator *= 10n ** BigInt(-shift);
  return rational(sign === "-" ? -numerator : numerator, denominator);
}
