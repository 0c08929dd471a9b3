/**
 * From a measured j to the order r, and from r to the factors: the classical rest, which decides how often one run suffices.
 *
 * The textbook takes the last convergent of j/2^t with a denominator below N, and gives up when the fraction s/r was not in
 * lowest terms or j was not the nearest integer. That succeeds in a third to a half of all runs. Two remedies make failures
 * rare (below 1 in 10⁴):
 *
 * - s and r share a factor d with good chance, but hardly ever one with a large prime power in it. So if the convergent's
 *   denominator is r/d, then a^{r/d} has an order d that divides e = Π q^⌊log_q B⌋ over the primes q ≤ B, and r is found by
 *   multiplying r/d by the order of a^{r/d}, which the primes up to B suffice to find. A prime q > B of r divides s with chance
 *   1/q only.
 * - j may be a few off: its neighbours are tried too.
 *
 * Source: Ekerå, "On the success probability of quantum order finding", ACM Trans. Quantum Computing 5 (2024).
 */

import { convergents } from "../arithmetic/continued_fraction.ts";
import { bitLength, powerModulo, primesUpTo } from "../arithmetic/modular.ts";
import { checkOrder, type Measurement } from "./iterative.ts";

/** Options of {@link recoverOrder}. */
export interface RecoverOptions {
  /** How many neighbours of j on each side are tried. Default 16; 0 in the textbook. */
  neighbours?: number;
  /** B, in multiples of the bits of N: prime powers up to it may be missing from the denominator. Default 64; 0 in the textbook. */
  smoothness?: number;
}

/**
 * The order of `a` modulo N from one measurement, or undefined where it does not yield it.
 *
 * What is returned has been checked: a^r = 1, and a^{r/q} ≠ 1 for the primes q ≤ B.
 *
 * @param measurement j and t.
 * @param a The base.
 * @param modulus N.
 * @throws {RangeError} A base that shares a factor with N, or a size out of range.
 *
 * @example
 * ```ts
 * recoverOrder({ j: 64, bits: 8 }, 7, 15); // 4
 * recoverOrder({ j: 128, bits: 8 }, 7, 15); // 4: 1/2 = 2/4, the missing factor 2 is put back
 * ```
 */
export function recoverOrder(
  { j, bits }: Measurement,
  a: number,
  modulus: number,
  { neighbours = 16, smoothness = 64 }: RecoverOptions = {},
): number | undefined {
  checkOrder("recover an order", a, modulus, bits, 52);
  const size = 2 ** bits;
  const bound = smoothness * bitLength(modulus);
  const missing = primePowersUpTo(bound);
  let best: number | undefined;
  for (let distance = 0; distance <= neighbours; distance++) {
    for (const near of distance ? [j - distance, j + distance] : [j]) {
      const denominators = convergents(((near % size) + size) % size, size)
        .map(({ denominator }) => denominator)
        .filter((denominator) => denominator < modulus);
      const candidate = denominators.at(-1) ?? 1;
      const power = powerModulo(a, candidate, modulus);
      if (missing.reduce((x, [, whole]) => powerModulo(x, whole, modulus), power) !== 1) continue;
      let order = candidate * smoothOrder(power, missing, modulus);
      // The candidate itself may have too many small primes, when a neighbour was a poor guess.
      for (const [q] of missing) while (order % q === 0 && powerModulo(a, order / q, modulus) === 1) order /= q;
      if (best === undefined || order < best) best = order;
    }
    // A neighbour that is far away hits by chance more easily than it helps; the first distance that works is taken.
    if (best !== undefined) return best;
  }
  return best;
}

/** A prime with its largest power up to the bound. */
type PrimePower = readonly [prime: number, power: number];

/** The order of an element that is a product of prime powers dividing those given: the halves of the list one after the other. */
function smoothOrder(element: number, missing: readonly PrimePower[], modulus: number): number {
  if (element === 1 || missing.length === 0) return 1;
  if (missing.length === 1) {
    let order = 1;
    for (let power = element; power !== 1; power = powerModulo(power, missing[0][0], modulus)) order *= missing[0][0];
    return order;
  }
  const raise = (list: readonly PrimePower[]) => list.reduce((x, [, power]) => powerModulo(x, power, modulus), element);
  const [first, second] = [missing.slice(0, missing.length >> 1), missing.slice(missing.length >> 1)];
  return smoothOrder(raise(second), first, modulus) * smoothOrder(raise(first), second, modulus);
}

/** Lists made so far: there is one for each length of N. */
const made = new Map<number, readonly PrimePower[]>();

function primePowersUpTo(bound: number): readonly PrimePower[] {
  let list = made.get(bound);
  if (!list) {
    list = primesUpTo(bound).map((q) => [q, q ** Math.floor(Math.log(bound) / Math.log(q) + 1e-9)]);
    made.set(bound, list);
  }
  return list;
}
