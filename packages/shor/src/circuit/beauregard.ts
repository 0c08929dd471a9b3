/**
 * Order finding with elementary gates on 2n + 3 qubits: adders in Fourier space, modular adders, a controlled multiplier.
 *
 * Qubits: 0 the control, 1 … n the work register x, n + 1 … 2n + 1 the register b with one bit to spare, 2n + 2 an ancilla; b and
 * the ancilla are |0⟩ before and after each multiplication.
 *
 * Source: Beauregard, "Circuit for Shor's algorithm using 2n+3 qubits", Quantum Information and Computation 3 (2003).
 */

import { bitLength, inverseModulo } from "../arithmetic/modular.ts";
import { checkOrder, powersOf } from "../order/iterative.ts";
import { type Circuit, type Gate, invert } from "./circuit.ts";

const TURN = 2 * Math.PI;
const h = (target: number): Gate => ({ kind: "h", target });
const x = (target: number, ...controls: number[]): Gate => ({ kind: "x", target, controls });
const phase = (angle: number, ...qubits: number[]): Gate => ({ kind: "phase", angle, qubits });

/** Where the qubits are. */
interface Layout {
  readonly control: number;
  readonly work: readonly number[];
  readonly sum: readonly number[];
  readonly ancilla: number;
}

function layoutFor(modulus: number): Layout {
  const n = bitLength(modulus);
  return {
    control: 0,
    work: Array.from({ length: n }, (_, i) => 1 + i),
    sum: Array.from({ length: n + 1 }, (_, i) => n + 1 + i),
    ancilla: 2 * n + 2,
  };
}

/** Fourier transform without its final swaps: qubit i, of weight 2^i, then carries the phase e^{2πi b/2^{i+1}}. */
export function fourierTransform(qubits: readonly number[]): Gate[] {
  const gates: Gate[] = [];
  for (let i = qubits.length - 1; i >= 0; i--) {
    gates.push(h(qubits[i]));
    for (let k = i - 1; k >= 0; k--) gates.push(phase(TURN / 2 ** (i - k + 1), qubits[k], qubits[i]));
  }
  return gates;
}

/** Draper's adder: b + a in Fourier space, modulo 2^length, where the controls are 1. */
function add(a: number, qubits: readonly number[], ...controls: number[]): Gate[] {
  return qubits.map((qubit, i) => phase((TURN * (a % 2 ** (i + 1))) / 2 ** (i + 1), ...controls, qubit));
}

/** b + a mod N in Fourier space, for b < N, where both controls are 1 (Beauregard, figure 5). */
function addModulo(a: number, modulus: number, { sum, ancilla }: Layout, ...controls: number[]): Gate[] {
  const top = sum[sum.length - 1];
  const transform = fourierTransform(sum);
  const back = invert(transform);
  return [
    ...add(a, sum, ...controls),
    ...add(-modulus, sum),
    ...back,
    x(ancilla, top),
    ...transform, // b + a < N: the top bit shows the borrow
    ...add(modulus, sum, ancilla),
    ...add(-a, sum, ...controls),
    ...back,
    x(top),
    x(ancilla, top),
    x(top),
    ...transform, // b ≥ a again: cleans the ancilla
    ...add(a, sum, ...controls),
  ];
}

/** |c⟩|x⟩|b⟩ → |c⟩|x⟩|b + a x mod N⟩ where c is 1. */
function multiplyAdd(a: number, modulus: number, layout: Layout): Gate[] {
  const transform = fourierTransform(layout.sum);
  const gates = [...transform];
  let term = a % modulus;
  for (const qubit of layout.work) {
    gates.push(...addModulo(term, modulus, layout, layout.control, qubit));
    term = (2 * term) % modulus;
  }
  return [...gates, ...invert(transform)];
}

/**
 * |c⟩|x⟩ → |c⟩|a x mod N⟩ where c is 1 and x < N: multiply-add into b, exchange, and undo with the inverse of a.
 *
 * @param a With gcd(a, N) = 1.
 * @param modulus N.
 * @throws {RangeError} A base that shares a factor with N, or a size out of range.
 */
export function controlledMultiplication(a: number, modulus: number): Gate[] {
  checkOrder("list a circuit", a, modulus, 1, 52);
  const layout = layoutFor(modulus);
  const swaps = layout.work.map(
    (qubit, i): Gate => ({ kind: "swap", a: qubit, b: layout.sum[i], controls: [layout.control] }),
  );
  return [
    ...multiplyAdd(a, modulus, layout),
    ...swaps,
    ...invert(multiplyAdd(inverseModulo(a, modulus), modulus, layout)),
  ];
}

/**
 * The whole circuit, one recycled control qubit: t rounds of H, controlled multiplication by a^{2^{t−1−l}}, phases that depend on
 * the bits measured before, H, measurement and reset.
 *
 * @param a The base.
 * @param modulus N.
 * @param bits t. Default 2 ⌈log₂ N⌉.
 * @throws {RangeError} A base that shares a factor with N, or a size out of range.
 *
 * @example
 * ```ts
 * const { qubits, bits, gates } = orderFindingCircuit(7, 15);
 * [qubits, bits, gates.length]; // [11, 8, …]: 2n + 3 qubits for the n = 4 bits of 15
 * ```
 */
export function orderFindingCircuit(a: number, modulus: number, bits: number = 2 * bitLength(modulus - 1)): Circuit {
  checkOrder("list a circuit", a, modulus, bits, 52);
  const { control, work } = layoutFor(modulus);
  const powers = powersOf(a, modulus, bits);
  const gates: Gate[] = [x(work[0])]; // |1⟩
  for (let l = 0; l < bits; l++) {
    gates.push(h(control), ...controlledMultiplication(powers[bits - 1 - l], modulus));
    for (let i = 0; i < l; i++)
      gates.push({ kind: "phase", angle: -TURN / 2 ** (l - i + 1), qubits: [control], condition: i });
    gates.push(h(control), { kind: "measure", target: control, bit: l });
    gates.push({ kind: "x", target: control, controls: [], condition: l });
  }
  return { qubits: 2 * bitLength(modulus) + 3, bits, gates };
}
