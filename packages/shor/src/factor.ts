/** Factoring: Shor's algorithm from N to its primes. */

import { type Root, stream } from "@gradus/seeds";
import { gcd, isPrime, perfectPower } from "./arithmetic/modular.ts";
import { type Measurement, measurePhase } from "./order/iterative.ts";
import { recoverOrder } from "./order/recover.ts";
import { splitByOrder } from "./order/split.ts";

/** Options of {@link factor}. */
export interface FactorOptions {
  /** Root of all random choices: bases, outcomes of measurements. */
  seed: Root;
  /** Runs of the quantum circuit at most. Default 10. */
  runs?: number;
  /** Bytes at most. Default 2^30. */
  memoryLimit?: number;
}

/** What a run of the circuit gave. */
export interface FactorRun extends Measurement {
  readonly base: number;
  /** The base's order, if it was recovered. */
  readonly order: number | undefined;
}

/** A factorisation. */
export interface Factorisation {
  /** Primes in ascending order, with repetitions; [N] where the runs did not suffice. */
  readonly factors: readonly number[];
  readonly complete: boolean;
  readonly runs: readonly FactorRun[];
}

/**
 * Factors N by simulated quantum order finding: a random base, the iterative circuit, Ekerå's post-processing.
 *
 * Refused is what the quantum part is not for: primes, even numbers and prime powers; and bases that share a factor with N are
 * drawn again instead of being used. One run suffices nearly always.
 *
 * @param n N, odd, from 15 to 2^26.
 * @throws {RangeError} An N as above, one that needs more memory than the limit (says how much), or runs that are no positive
 *   integer.
 *
 * @example
 * ```ts
 * factor(57, { seed: 1 }).factors; // [3, 19]
 * ```
 */
export function factor(n: number, { seed, runs = 10, memoryLimit }: FactorOptions): Factorisation {
  const refuse = (what: string) => new RangeError(`Cannot factor ${n}: ${what}`);
  if (!Number.isInteger(runs) || runs < 1) throw refuse(`runs must be a positive integer, found ${runs}`);
  if (!Number.isSafeInteger(n) || n < 15) throw refuse("expected an odd composite integer from 15");
  if (n % 2 === 0) throw refuse("it is even");
  if (n < 2 ** 26 && isPrime(n)) throw refuse("it is prime");
  const [base, exponent] = perfectPower(n);
  if (exponent > 1) throw refuse(`it is a perfect power, ${base}^${exponent}`);

  const bases = stream(seed, { purpose: "shor bases" });
  const nature = stream(seed, { purpose: "shor measurements" });
  const done: FactorRun[] = [];
  while (done.length < runs) {
    let a: number;
    do a = bases.integer(2, n - 1);
    while (gcd(a, n) !== 1);
    const { j, bits } = measurePhase(a, n, nature, { memoryLimit });
    const order = recoverOrder({ j, bits }, a, n);
    done.push({ base: a, j, bits, order });
    if (order === undefined) continue;
    const factors = splitByOrder(n, order, bases);
    if (factors.every(isPrime)) return { factors, complete: true, runs: done };
  }
  return { factors: [n], complete: false, runs: done };
}
