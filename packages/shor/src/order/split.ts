/**
 * From the order of one element to all the prime factors of N.
 *
 * The textbook needs r even and a^{r/2} ≠ −1, and then gets two factors. Ekerå's algorithm needs the order of one random a only:
 * r is, but for a smooth factor, a multiple of the orders of most elements. With r·e = 2^s·o, o odd, and random x, the powers
 * x^{o·2^i} turn 1 at different i modulo different prime powers of N, and the greatest common divisors tell them apart.
 *
 * Source: Ekerå, "On completely factoring any integer efficiently in a single run of an order-finding algorithm", Quantum
 * Information Processing 20 (2021).
 */

import type { Stream } from "@gradus/seeds";
import {
  bitLength,
  gcd,
  isPrime,
  MAX_MODULUS,
  multiplyModulo,
  perfectPower,
  powerModulo,
  primesUpTo,
} from "../arithmetic/modular.ts";

/**
 * The prime factors of an odd N, as far as the order of a random element tells them apart.
 *
 * @param modulus N, odd.
 * @param order The order r of a random element modulo N.
 * @param random For the elements x.
 * @throws {RangeError} An even N, or numbers that are no positive integers in range.
 * @returns Factors in ascending order, repeated as often as they divide N; N itself where nothing was found.
 */
export function splitByOrder(modulus: number, order: number, random: Stream): number[] {
  if (!Number.isInteger(modulus) || modulus < 3 || modulus > MAX_MODULUS || modulus % 2 === 0) {
    throw new RangeError(`Cannot split a number: expected an odd integer from 3 to 2^26, found ${modulus}`);
  }
  if (!Number.isSafeInteger(order) || order < 1) {
    throw new RangeError(`Cannot split ${modulus}: expected a positive order, found ${order}`);
  }
  const bound = bitLength(modulus);
  const smooth = primesUpTo(bound).map((q) => q ** Math.floor(Math.log(bound) / Math.log(q) + 1e-9));
  let odd = order;
  let twos = Math.ceil(Math.log2(bound));
  for (; odd % 2 === 0; odd /= 2) twos++;
  let parts = [modulus];
  for (let tried = 0; tried < 64 && !parts.every(isPrimePower); tried++) {
    let x = random.integer(2, modulus);
    if (gcd(x, modulus) !== 1) continue; // no luck is used
    x = powerModulo(x, odd, modulus);
    for (const q of smooth) if (q % 2) x = powerModulo(x, q, modulus);
    for (let i = 0; i <= twos && x !== 1; i++) {
      const apart = gcd(x - 1, modulus);
      parts = parts.flatMap((part) => {
        const common = gcd(part, apart);
        return common > 1 && common < part ? [common, part / common] : [part];
      });
      x = multiplyModulo(x, x, modulus);
    }
  }
  return parts
    .flatMap((part) => {
      const [base, exponent] = perfectPower(part);
      return new Array<number>(exponent).fill(base);
    })
    .sort((a, b) => a - b);
}

const isPrimePower = (n: number): boolean => isPrime(perfectPower(n)[0]);

/** The textbook: two factors from an even order with a^{r/2} ≠ −1, else undefined. */
export function splitByTextbook(modulus: number, a: number, order: number): [number, number] | undefined {
  if (order % 2) return undefined;
  const root = powerModulo(a, order / 2, modulus);
  const factor = gcd(root - 1, modulus);
  return factor > 1 && factor < modulus ? [factor, modulus / factor] : undefined;
}
