/**
 * Discrete logarithms: given g and h = g^x modulo a prime p, find x.
 *
 * The circuit prepares Σ |a⟩|b⟩|g^a h^b⟩ and measures the Fourier transforms of both exponents. With an eigenstate number s of
 * multiplication by g, of order r, the first gives j ≈ 2^t s/r and the second k ≈ 2^t s x/r: so x = k′/j′ modulo r with j′, k′ the
 * nearest multiples of 1/r. Here both are measured one bit at a time, on the same work register, as in `order/iterative.ts`.
 *
 * Source: Shor, SIAM J. Comput. 26 (1997), section 6.
 */

import { type Root, stream } from "@gradus/seeds";
import { bitLength, gcd, inverseModulo, isPrime, multiplyModulo, powerModulo } from "./arithmetic/modular.ts";
import { measureEigenphase, workRegister } from "./order/iterative.ts";
import { recoverOrder } from "./order/recover.ts";

/** Options of {@link discreteLogarithm}. */
export interface LogarithmOptions {
  /** Root of the measurements' outcomes. */
  seed: Root;
  /** Runs of the circuit at most. Default 20. */
  runs?: number;
}

/**
 * x with g^x ≡ h (mod p), 0 ≤ x < order of g; undefined if there is none (or if the runs did not suffice).
 *
 * The order of g is found by the circuit too: the first measurement of each run is one of {@link recoverOrder}'s.
 *
 * @param g The base, not a multiple of p.
 * @param h The number, not a multiple of p.
 * @param prime p, below 2^24.
 * @throws {RangeError} p not a prime in range, g or h not from 1 to p − 1, or runs that are no positive integer.
 *
 * @example
 * ```ts
 * discreteLogarithm(3, 13, 17, { seed: 1 }); // 4: 3⁴ = 81 = 13 modulo 17
 * ```
 */
export function discreteLogarithm(
  g: number,
  h: number,
  prime: number,
  { seed, runs = 20 }: LogarithmOptions,
): number | undefined {
  const refuse = (what: string) => new RangeError(`Cannot compute a discrete logarithm: ${what}`);
  if (!Number.isInteger(prime) || prime < 3 || prime >= 2 ** 24 || !isPrime(prime)) {
    throw refuse(`expected a prime from 3 to 2^24, found ${prime}`);
  }
  for (const [name, value] of Object.entries({ g, h })) {
    if (!Number.isInteger(value) || value < 1 || value >= prime) {
      throw refuse(`${name} must be from 1 to ${prime - 1}, found ${value}`);
    }
  }
  if (!Number.isInteger(runs) || runs < 1) throw refuse(`runs must be a positive integer, found ${runs}`);
  const nature = stream(seed, { purpose: "shor logarithm", step: g, prompt: h, sample: prime });
  const bits = 2 * bitLength(prime - 1);
  for (let run = 0; run < runs; run++) {
    const work = workRegister(prime);
    const first = measureEigenphase(work, g, prime, bits, nature);
    const order = recoverOrder(first, g, prime);
    if (order === undefined) continue;
    const second = measureEigenphase(work, h, prime, bits, nature);
    const s = Math.round((first.j / 2 ** bits) * order) % order;
    const sx = Math.round((second.j / 2 ** bits) * order) % order;
    const d = gcd(s, order); // s = 0 gives d = r, and says nothing
    if (sx % d !== 0) continue; // a bad measurement, or h is no power of g
    // x is determined modulo r/d; what is missing is tried.
    const step = order / d;
    const x = step === 1 ? 0 : multiplyModulo(sx / d, inverseModulo(s / d, step), step);
    if (d > 64) continue;
    for (let i = 0; i < d; i++) if (powerModulo(g, x + i * step, prime) === h) return x + i * step;
  }
  return undefined;
}
