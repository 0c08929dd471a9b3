/** A quantum circuit as a list of gates, which can be applied to a state, listed as text and drawn. */

import type { Stream } from "@gradus/seeds";
import type { StateVector } from "../simulator/state_vector.ts";

/** One step of a circuit. `bit` numbers the classical bits; `condition` is one that has to be 1. */
export type Gate =
  | { readonly kind: "h"; readonly target: number }
  | { readonly kind: "x"; readonly target: number; readonly controls: readonly number[]; readonly condition?: number }
  | { readonly kind: "swap"; readonly a: number; readonly b: number; readonly controls: readonly number[] }
  | { readonly kind: "phase"; readonly angle: number; readonly qubits: readonly number[]; readonly condition?: number }
  | { readonly kind: "measure"; readonly target: number; readonly bit: number };

/** Qubits, classical bits and gates. */
export interface Circuit {
  readonly qubits: number;
  readonly bits: number;
  readonly gates: readonly Gate[];
}

/**
 * Gates in reverse order, each inverted: phases negated, the others being their own inverses.
 *
 * @throws {TypeError} A measurement, which has no inverse.
 */
export function invert(gates: readonly Gate[]): Gate[] {
  return gates.toReversed().map((gate) => {
    if (gate.kind === "measure") throw new TypeError("Cannot invert a circuit that measures");
    return gate.kind === "phase" ? { ...gate, angle: -gate.angle } : gate;
  });
}

/**
 * Applies gates to a state.
 *
 * @param random Where the outcomes of measurements come from.
 * @param bits The classical bits, changed in place.
 * @returns The bits.
 */
export function apply(state: StateVector, gates: readonly Gate[], random?: Stream, bits: number[] = []): number[] {
  for (const gate of gates) {
    if ("condition" in gate && gate.condition !== undefined && !bits[gate.condition]) continue;
    if (gate.kind === "h") state.h(gate.target);
    else if (gate.kind === "x") state.x(gate.target, gate.controls);
    else if (gate.kind === "swap") state.swap(gate.a, gate.b, gate.controls);
    else if (gate.kind === "phase") state.phase(gate.angle, ...gate.qubits);
    else {
      if (!random) throw new TypeError("Cannot measure: expected a stream of random numbers, found none");
      bits[gate.bit] = state.measure(gate.target, random);
    }
  }
  return bits;
}
