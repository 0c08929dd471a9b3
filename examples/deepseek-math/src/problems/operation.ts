/**
 * One operation written out in steps small enough for a model of a million parameters that reads single bytes: every
 * step is a fact it can learn by heart (one digit with one digit and a carry) or a copy of digits that stand nearby.
 *
 * An operation is written `a∘b[work]=result`. The work is a comma-separated list of smaller operations, least
 * significant digit first, so that every carry is known before it is needed; each may have work of its own:
 *
 * ```text
 * 47+586[7+6=13,4+8+1=13,0+5+1=6]=633                      columns, the carry added last
 * 543-67[13-7=6,13-6=7,4-0=4]=476                          the minuend's digit after borrowing
 * 47*8[7*8=56,4*8+5=37]=376                                digit · digit + carry
 * 47*38[47*8[…]=376,47*30[47*3[…]=141]=1410,376+1410[…]=1786]=1786
 * 376/8[37/8=4r5,56/8=7r0]=47                              long division, quotient and remainder
 * 1.5*40[15*4[5*4=20,1*4+2=6]=60]=60                       points and trailing zeros set aside first
 * ```
 *
 * @module
 */

import { binary, literal, type Operator, operate, print } from "./expression.ts";
import { decimalPlaces, format, less, multiply, negate, type Rational, rational } from "./rational.ts";

const zero = rational(0);

function powerOfTen(exponent: number): Rational {
  return exponent < 0 ? rational(1, 10n ** BigInt(-exponent)) : rational(10n ** BigInt(exponent));
}

/** How often 10 divides the value: 2 for 300, −1 for 1.5, 0 for 0. The value's decimals must end. */
function trailingZeros(value: Rational): number {
  if (value.numerator === 0n) return 0;
  const places = decimalPlaces(value) ?? 0;
  if (places > 0) return -places;
  let zeros = 0;
  for (let rest = value.numerator; rest % 10n === 0n; rest /= 10n) zeros++;
  return zeros;
}

function shift(value: Rational, places: number): Rational {
  return places === 0 ? value : multiply(value, powerOfTen(places));
}

/** The decimal digits of a non-negative integer, least significant first. */
function digitsOf(value: Rational): number[] {
  return [...String(value.numerator)].reverse().map(Number);
}

function isDigit(value: Rational): boolean {
  return value.denominator === 1n && value.numerator < 10n;
}

/**
 * One operation with its work, `47*8[7*8=56,4*8+5=37]=376`. Without `work`, only `47*8=376`.
 *
 * @throws {RangeError} On division by zero.
 */
export function writeOperation(operator: Operator, left: Rational, right: Rational, work = true): string {
  const result = operate(operator, left, right);
  const steps = work ? workOf(operator, left, right) : [];
  const question = print(binary(operator, literal(left), literal(right)));
  return `${question}${steps.length ? `[${steps.join(",")}]` : ""}=${format(result)}`;
}

/** The smaller operations an operation is made of; none when it is a fact to know by heart. */
function workOf(operator: Operator, a: Rational, b: Rational): string[] {
  const endless = decimalPlaces(a) === undefined || decimalPlaces(b) === undefined;
  if (endless || decimalPlaces(operate(operator, a, b)) === undefined) return [];
  if (a.numerator < 0n || b.numerator < 0n) return signedWork(operator, a, b);
  switch (operator) {
    case "+":
      return additionWork(a, b);
    case "-":
      return less(a, b) ? [writeOperation("-", b, a)] : subtractionWork(a, b);
    case "*":
      return multiplicationWork(a, b);
    case "/":
      return divisionWork(a, b);
    case "//":
      return [];
  }
}

/** Sets the signs aside: the work is one operation on magnitudes. */
function signedWork(operator: Operator, a: Rational, b: Rational): string[] {
  const [x, y] = [a.numerator < 0n ? negate(a) : a, b.numerator < 0n ? negate(b) : b];
  if (operator === "*" || operator === "/") return [writeOperation(operator, x, y)];
  if (operator === "//") return [];
  const sameSign = a.numerator < 0n === (operator === "+" ? b.numerator < 0n : b.numerator >= 0n);
  if (sameSign) return [writeOperation("+", x, y)];
  return [less(x, y) ? writeOperation("-", y, x) : writeOperation("-", x, y)];
}

/** Both numbers as integers without the zeros that both end in; undefined when they are so already. */
function aligned(a: Rational, b: Rational): [Rational, Rational] | undefined {
  if (a.numerator === 0n || b.numerator === 0n) return undefined;
  const zeros = Math.min(trailingZeros(a), trailingZeros(b));
  return zeros === 0 ? undefined : [shift(a, -zeros), shift(b, -zeros)];
}

function additionWork(a: Rational, b: Rational): string[] {
  if (a.numerator === 0n || b.numerator === 0n || (isDigit(a) && isDigit(b))) return [];
  const integers = aligned(a, b);
  if (integers) return [writeOperation("+", ...integers)];
  const [x, y] = [digitsOf(a), digitsOf(b)];
  const steps: string[] = [];
  let carry = 0;
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const sum = (x[i] ?? 0) + (y[i] ?? 0) + carry;
    steps.push(`${x[i] ?? 0}+${y[i] ?? 0}${carry ? "+1" : ""}=${sum}`);
    carry = sum > 9 ? 1 : 0;
  }
  return steps;
}

function subtractionWork(a: Rational, b: Rational): string[] {
  if (b.numerator === 0n || (isDigit(b) && isDigit(operate("-", a, b)) && a.denominator === 1n)) return [];
  const integers = aligned(a, b);
  if (integers) return [writeOperation("-", ...integers)];
  const [x, y] = [digitsOf(a), digitsOf(b)];
  const steps: string[] = [];
  let borrowed = 0;
  for (let i = 0; i < x.length; i++) {
    let digit = x[i] - borrowed;
    borrowed = digit < (y[i] ?? 0) ? 1 : 0;
    digit += 10 * borrowed;
    steps.push(`${digit}-${y[i] ?? 0}=${digit - (y[i] ?? 0)}`);
  }
  return steps;
}

function multiplicationWork(a: Rational, b: Rational): string[] {
  if ([a, b].some((value) => value.numerator === 0n || value.numerator * value.denominator === 1n)) return [];
  if (isDigit(a) && isDigit(b)) return [];
  const [zerosA, zerosB] = [trailingZeros(a), trailingZeros(b)];
  if (zerosA !== 0 || zerosB !== 0) {
    const [x, y] = [shift(a, -zerosA), shift(b, -zerosB)];
    return x.numerator === 1n || y.numerator === 1n ? [] : [writeOperation("*", x, y)];
  }
  const [long, short] = digitsOf(a).length >= digitsOf(b).length ? [a, b] : [b, a];
  const digits = digitsOf(short);
  if (digits.length === 1) {
    let carry = 0;
    return digitsOf(long).map((digit) => {
      const product = digit * digits[0] + carry;
      const step = `${digit}*${digits[0]}${carry ? `+${carry}` : ""}=${product}`;
      carry = Math.floor(product / 10);
      return step;
    });
  }
  const steps: string[] = [];
  let sum = zero;
  digits.forEach((digit, place) => {
    if (digit === 0) return;
    const factor = shift(rational(digit), place);
    steps.push(writeOperation("*", long, factor));
    const part = multiply(long, factor);
    if (sum.numerator !== 0n) steps.push(writeOperation("+", sum, part));
    sum = operate("+", sum, part);
  });
  return steps;
}

function divisionWork(a: Rational, b: Rational): string[] {
  const zeros = trailingZeros(b);
  if (zeros !== 0) {
    const divisor = shift(b, -zeros);
    return divisor.numerator === 1n ? [] : [writeOperation("/", shift(a, -zeros), divisor)];
  }
  if (a.numerator === 0n || b.numerator === 1n) return [];
  const divisor = b.numerator;
  if (a.denominator === 1n && divisor < 10n && a.numerator < 10n * divisor && a.numerator % divisor === 0n) return [];
  const digits = format(a).replace(".", "").replace(/^0+/, "");
  const integerDigits = a.denominator === 1n ? digits.length : digits.length - (decimalPlaces(a) ?? 0);
  const steps: string[] = [];
  let rest = 0n;
  for (let i = 0; i < digits.length || i < integerDigits || rest !== 0n; i++) {
    const part = rest * 10n + BigInt(digits[i] ?? 0);
    rest = part % divisor;
    if (steps.length || part >= divisor) steps.push(`${part}/${divisor}=${part / divisor}r${rest}`);
  }
  return steps;
}
