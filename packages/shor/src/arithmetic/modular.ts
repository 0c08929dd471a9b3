/** Arithmetic modulo N below 2^26, in doubles: products stay below 2^52 and are exact. */

/** Largest modulus. */
export const MAX_MODULUS: number = 2 ** 26;

/** Greatest common divisor of non-negative integers. */
export function gcd(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** a · b mod n, for a, b < n. */
export function multiplyModulo(a: number, b: number, n: number): number {
  return (a * b) % n;
}

/** a^e mod n, e a non-negative integer. */
export function powerModulo(a: number, exponent: number, n: number): number {
  let result = 1 % n;
  let square = a % n;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = multiplyModulo(result, square, n);
    square = multiplyModulo(square, square, n);
  }
  return result;
}

/** a⁻¹ mod n by Euclid's extended algorithm, for gcd(a, n) = 1. */
export function inverseModulo(a: number, n: number): number {
  let [r, s] = [n, a % n];
  let [x, y] = [0, 1];
  while (s > 0) {
    const quotient = Math.floor(r / s);
    [r, s] = [s, r - quotient * s];
    [x, y] = [y, x - quotient * y];
  }
  return x < 0 ? x + n : x;
}

/** Number of binary digits of n ≥ 1. */
export function bitLength(n: number): number {
  return Math.floor(Math.log2(n)) + 1;
}

/** All primes up to a limit. */
export function primesUpTo(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let p = 2; p <= limit; p++) {
    if (composite[p]) continue;
    primes.push(p);
    for (let q = p * p; q <= limit; q += p) composite[q] = 1;
  }
  return primes;
}

/** Whether n is prime: Miller and Rabin's test to the bases 2, 3, 5, 7, which decides below 3.2 · 10⁹. */
export function isPrime(n: number): boolean {
  if (n < 2) return false;
  for (const p of [2, 3, 5, 7]) if (n % p === 0) return n === p;
  let odd = n - 1;
  let twos = 0;
  for (; odd % 2 === 0; odd /= 2) twos++;
  return [2, 3, 5, 7].every((base) => {
    let x = powerModulo(base, odd, n);
    if (x === 1 || x === n - 1) return true;
    for (let i = 1; i < twos; i++) {
      x = multiplyModulo(x, x, n);
      if (x === n - 1) return true;
    }
    return false;
  });
}

/** The base and the exponent of n = base^exponent with the largest exponent; [n, 1] where n is no perfect power. */
export function perfectPower(n: number): [base: number, exponent: number] {
  for (let exponent = Math.floor(Math.log2(n)); exponent > 1; exponent--) {
    const base = Math.round(n ** (1 / exponent));
    if (base ** exponent === n) return [base, exponent];
  }
  return [n, 1];
}
