/**
 * The exact distribution of what the circuit measures, by following both outcomes of every round: for small N.
 *
 * The closed form, with which the tests compare it: P(j) = (1/2^{2t}) Σ_{x₀ < r} |Σ_k e^{2πi j k r / 2^t}|², k over all x₀ + k r < 2^t.
 */

import { bitLength } from "../arithmetic/modular.ts";
import { chanceOfZero, checkOrder, powersOf } from "./iterative.ts";
import { SparseRegister } from "./sparse_register.ts";

/**
 * P(j) for all 2^t values of j.
 *
 * @param a The base.
 * @param modulus N; the run takes about 2^t · N steps.
 * @param bits t, at most 26. Default 2 ⌈log₂ N⌉.
 * @throws {RangeError} A base that shares a factor with N, or a size out of range.
 *
 * @example
 * ```ts
 * exactDistribution(7, 15)[64]; // 0.25: four equal peaks at 0, 64, 128, 192
 * ```
 */
export function exactDistribution(a: number, modulus: number, bits: number = 2 * bitLength(modulus - 1)): Float64Array {
  checkOrder("compute a distribution", a, modulus, bits, 26);
  const chances = new Float64Array(2 ** bits);
  const factors = powersOf(a, modulus, bits);
  const follow = (register: SparseRegister, j: number, l: number, chance: number) => {
    if (l === bits) {
      chances[j] = chance;
      return;
    }
    for (const bit of [0, 1] as const) {
      const copy = new SparseRegister(modulus, register);
      const zero = chanceOfZero(copy, factors[bits - 1 - l], j, l);
      const share = bit ? 1 - zero.chance : zero.chance;
      if (share < 1e-14) continue;
      zero.take(bit);
      follow(copy, j + bit * 2 ** l, l + 1, chance * share);
    }
  };
  follow(new SparseRegister(modulus), 0, 0, 1);
  return chances;
}
