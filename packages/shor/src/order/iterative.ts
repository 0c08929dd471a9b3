/**
 * Order finding with one recycled control qubit, the multiplications emulated as permutations.
 *
 * Shor's circuit measures the phase of U|y⟩ = |a y mod N⟩ with t control qubits and an inverse Fourier transform. Since the
 * transform is followed by measurements, one control qubit suffices (Griffiths and Niu, 1996; Mosca and Ekert, 1998): for
 * l = 0 … t − 1 it is prepared in (|0⟩ + |1⟩)/√2, controls U to the power 2^{t−1−l}, is turned by the angle that the bits measured
 * so far ask for, and gives bit l of j. What the l-th round does to the work register |w⟩ is
 *
 *     |w⟩ → (|w⟩ ± e^{iθ} U^{2^{t−1−l}} |w⟩)/2,   θ = −2π Σ_{i<l} jᵢ 2^{i−l−1},
 *
 * with chance its norm squared. So only |w⟩ and U|w⟩ are stored: 16 bytes for each value of the register. The register starts in
 * |1⟩ and each round at most doubles the number of basis states in it: while these are few they are kept in a list, later in a
 * dense vector. Neither the order nor the factors of N are used.
 */

import type { Stream } from "@gradus/seeds";
import { bitLength, gcd, MAX_MODULUS, multiplyModulo } from "../arithmetic/modular.ts";
import { gibibytes } from "../simulator/state_vector.ts";
import { DenseRegister, growingRegister } from "./dense_register.ts";
import type { Register } from "./register.ts";
import { SparseRegister } from "./sparse_register.ts";

/** A run of the circuit: the bits it measured. */
export interface Measurement {
  /** j, so that j / 2^t is near a multiple of 1/r. */
  readonly j: number;
  /** t. */
  readonly bits: number;
}

/** Options of {@link measurePhase}. */
export interface PhaseOptions {
  /** t, bits to measure. Default 2 ⌈log₂ N⌉, so that 2^t ≥ N². At most 52. */
  bits?: number;
  /** Bytes at most. Default 2^30, 1 GiB. */
  memoryLimit?: number;
}

/**
 * Runs the circuit once.
 *
 * @param a The base, with gcd(a, N) = 1.
 * @param modulus N, below 2^26.
 * @param random Where the outcomes of the measurements come from.
 * @throws {RangeError} A base that shares a factor with N, or sizes beyond the limits, with the memory they would need.
 *
 * @example
 * ```ts
 * import { stream } from "@gradus/seeds";
 *
 * const { j, bits } = measurePhase(7, 15, stream(1, { purpose: "shor" }));
 * j % 64; // 0: 7 has order 4 modulo 15, and j / 256 is 0, 1/4, 1/2 or 3/4
 * ```
 */
export function measurePhase(a: number, modulus: number, random: Stream, options: PhaseOptions = {}): Measurement {
  const bits = options.bits ?? 2 * bitLength(modulus - 1);
  checkOrder("find an order", a, modulus, bits, 52);
  checkMemory(modulus, options.memoryLimit);
  return measureEigenphase(workRegister(modulus), a, modulus, bits, random);
}

/** A work register while it is few basis states, and from then on. */
export interface WorkRegister {
  register: Register;
  /** Where it lies, if it can become dense. */
  readonly memory?: WebAssembly.Memory;
}

/** A work register in the state |1⟩. Small ones stay a list. */
export function workRegister(modulus: number): WorkRegister {
  if (modulus <= 1024) return { register: new SparseRegister(modulus) };
  const { start, memory } = growingRegister(modulus);
  return { register: start, memory };
}

/** The same on a work register in any state, which is left in what remains of it: an eigenstate, nearly. */
export function measureEigenphase(
  work: WorkRegister,
  a: number,
  modulus: number,
  bits: number,
  random: Stream,
): Measurement {
  const factors = powersOf(a, modulus, bits);
  let j = 0;
  for (let l = 0; l < bits; l++) {
    if (work.register instanceof SparseRegister && work.register.full) {
      work.register = new DenseRegister(work.register, modulus, work.memory);
    }
    const zero = chanceOfZero(work.register, factors[bits - 1 - l], j, l);
    const bit = random.uniform() < zero.chance ? 0 : 1;
    zero.take(bit);
    j += bit * 2 ** l;
  }
  return { j, bits };
}

/**
 * One round of the circuit: the chance of measuring 0, and what puts the register into the state after either outcome.
 *
 * @param register |w⟩.
 * @param factor a^{2^{t−1−l}}.
 * @param j The bits measured so far.
 * @param l How many these are.
 */
export function chanceOfZero(
  register: Register,
  factor: number,
  j: number,
  l: number,
): { chance: number; take(bit: 0 | 1): void } {
  const [re, im] = register.multiply(factor);
  const angle = -2 * Math.PI * (j / 2 ** (l + 1));
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const chance = Math.min(1, Math.max(0, (1 + c * re - s * im) / 2));
  return {
    chance,
    take(bit) {
      const scale = 0.5 / Math.sqrt(bit ? 1 - chance : chance);
      const sign = bit ? -scale : scale;
      register.combine(scale, sign * c, sign * s);
    },
  };
}

/** a^{2^k} mod N for k < count: the classical part of modular exponentiation. */
export function powersOf(a: number, modulus: number, count: number): number[] {
  const powers = [a % modulus];
  while (powers.length < count) powers.push(multiplyModulo(powers.at(-1)!, powers.at(-1)!, modulus));
  return powers;
}

/** Bytes that a run needs: two vectors of complex float32, in whose place the list is at first. */
export function memoryFor(modulus: number): number {
  return 2 ** bitLength(modulus - 1) * 16;
}

/**
 * Checks the arguments of everything that finds orders.
 *
 * @throws {RangeError} A modulus not from 3 to 2^26, a base that shares a factor with it, or bits out of range.
 */
export function checkOrder(task: string, a: number, modulus: number, bits: number, most: number): void {
  const refuse = (what: string) => new RangeError(`Cannot ${task}: ${what}`);
  if (!Number.isSafeInteger(modulus) || modulus < 3)
    throw refuse(`the modulus must be an integer from 3, found ${modulus}`);
  if (modulus > MAX_MODULUS) {
    const needed = gibibytes(memoryFor(modulus));
    throw refuse(
      `a modulus of ${bitLength(modulus)} bits needs ${needed} of memory, a modulus of 26 bits is the largest`,
    );
  }
  if (!Number.isInteger(bits) || bits < 1 || bits > most) throw refuse(`bits must be from 1 to ${most}, found ${bits}`);
  if (!Number.isSafeInteger(a) || a < 1 || gcd(a, modulus) !== 1) {
    throw refuse(`the base must be a positive integer without a common factor with ${modulus}, found ${a}`);
  }
}

function checkMemory(modulus: number, memoryLimit = 2 ** 30): void {
  const needed = memoryFor(modulus);
  if (needed <= memoryLimit) return;
  throw new RangeError(
    `Cannot find an order: a modulus of ${bitLength(modulus)} bits needs ${gibibytes(needed)} of memory, the limit is ` +
      gibibytes(memoryLimit),
  );
}
