import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import { bitLength, gcd } from "../arithmetic/modular.ts";
import { measurePhase } from "../order/iterative.ts";
import { StateVector } from "../simulator/state_vector.ts";
import { controlledMultiplication, fourierTransform, orderFindingCircuit } from "./beauregard.ts";
import { apply, invert } from "./circuit.ts";
import { toOpenQasm } from "./openqasm.ts";
import { toSvg } from "./svg.ts";

test("the Fourier transform has the amplitudes of its definition, bits reversed", () => {
  for (let value = 0; value < 8; value++) {
    const state = new StateVector(3, { precision: "double" });
    for (let bit = 0; bit < 3; bit++) if ((value >> bit) & 1) state.x(bit);
    apply(state, fourierTransform([0, 1, 2]));
    for (let k = 0; k < 8; k++) {
      const reversed = ((k & 1) << 2) | (k & 2) | (k >> 2);
      const angle = (2 * Math.PI * value * reversed) / 8;
      assert.ok(Math.abs(state.amplitudes[2 * k] - Math.cos(angle) / Math.sqrt(8)) < 1e-12);
      assert.ok(Math.abs(state.amplitudes[2 * k + 1] - Math.sin(angle) / Math.sqrt(8)) < 1e-12);
    }
  }
});

test("gate-level multiplication equals the emulated permutation to 1e-10, ancillas clean, for N = 15 and 21", () => {
  for (const modulus of [15, 21]) {
    const n = bitLength(modulus);
    for (const a of modulus === 15 ? [2, 7, 14] : [5]) {
      const state = new StateVector(2 * n + 3, { precision: "double" });
      // Control and all work values below N in one superposition with different amplitudes.
      const amplitude = (control: number, x: number) => (1 + x + 20 * control) / 500;
      state.amplitudes[0] = 0;
      for (const control of [0, 1]) {
        for (let x = 0; x < modulus; x++) state.amplitudes[2 * (control + 2 * x)] = amplitude(control, x);
      }
      apply(state, controlledMultiplication(a, modulus));
      const expected = new Float64Array(state.amplitudes.length);
      for (let x = 0; x < modulus; x++) {
        expected[2 * (2 * x)] = amplitude(0, x);
        expected[2 * (1 + 2 * ((a * x) % modulus))] = amplitude(1, x);
      }
      assert.ok(
        state.amplitudes.every((value, i) => Math.abs(value - expected[i]) < 1e-10),
        `${a} mod ${modulus}`,
      );
    }
  }
});

test("the whole gate-level circuit measures what the emulation measures, with the same random numbers", () => {
  for (const [a, modulus, bits] of [
    [7, 15, 8],
    [2, 15, 8],
    [5, 21, 3],
  ] as const) {
    assert.equal(gcd(a, modulus), 1);
    const circuit = orderFindingCircuit(a, modulus, bits);
    assert.equal(circuit.qubits, 2 * bitLength(modulus) + 3);
    const gates = stream(a, { purpose: "gates" });
    const measured = apply(new StateVector(circuit.qubits, { precision: "double" }), circuit.gates, gates);
    // The emulation says 0 below the chance of 0, a measured qubit 1 below the chance of 1: mirrored numbers.
    const mirrored = { uniform: () => 1 - again.uniform() } as ReturnType<typeof stream>;
    const again = stream(a, { purpose: "gates" });
    const { j } = measurePhase(a, modulus, mirrored, { bits });
    assert.equal(
      measured.reduce((sum, bit, l) => sum + bit * 2 ** l, 0),
      j,
    );
  }
});

test("a circuit followed by its inverse does nothing; a measurement has none", () => {
  const gates = controlledMultiplication(2, 5);
  const state = new StateVector(9, { precision: "double" }).h(0).x(1);
  const before = state.amplitudes.slice();
  apply(state, [...gates, ...invert(gates)]);
  assert.ok(state.amplitudes.every((value, i) => Math.abs(value - before[i]) < 1e-10));
  assert.throws(() => invert([{ kind: "measure", target: 0, bit: 0 }]), /measures/);
  assert.throws(() => apply(state, [{ kind: "measure", target: 0, bit: 0 }]), /expected a stream/);
});

test("OpenQASM 3 has the standard gates' names, modifiers for the others, and conditions", () => {
  const text = toOpenQasm({
    qubits: 4,
    bits: 1,
    gates: [
      { kind: "h", target: 0 },
      { kind: "x", target: 2, controls: [0, 1] },
      { kind: "x", target: 3, controls: [0, 1, 2] },
      { kind: "swap", a: 1, b: 2, controls: [0] },
      { kind: "phase", angle: 0.5, qubits: [0, 1] },
      { kind: "phase", angle: -0.25, qubits: [0, 1, 2] },
      { kind: "measure", target: 0, bit: 0 },
      { kind: "phase", angle: 1, qubits: [0], condition: 0 },
    ],
  });
  assert.equal(
    text,
    `OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
bit[1] c;
h q[0];
ccx q[0], q[1], q[2];
ctrl @ ctrl @ ctrl @ x q[0], q[1], q[2], q[3];
cswap q[0], q[1], q[2];
cp(0.5) q[0], q[1];
ctrl @ ctrl @ p(-0.25) q[0], q[1], q[2];
c[0] = measure q[0];
if (c[0]) p(1) q[0];
`,
  );
});

test("the drawing has every gate, and a line for every qubit", () => {
  const circuit = orderFindingCircuit(7, 15, 1);
  const svg = toSvg(circuit);
  assert.ok(svg.startsWith("<svg") && svg.endsWith("</svg>"));
  const boxes = circuit.gates.reduce((sum, gate) => sum + (gate.kind === "swap" ? 2 : 1), 0);
  assert.equal(svg.match(/<rect/g)?.length, boxes);
  for (let qubit = 0; qubit < circuit.qubits; qubit++) assert.ok(svg.includes(`>q${qubit}<`));
});

test("circuits for what has no order are refused: foreign moduli, bases that share a factor, no bits", () => {
  for (const modulus of [Number.NaN, 0, 1, 2, 15.5]) {
    assert.throws(() => orderFindingCircuit(1, modulus), /modulus must be an integer from 3, found/);
    assert.throws(() => controlledMultiplication(1, modulus), /modulus must be an integer from 3, found/);
  }
  assert.throws(() => orderFindingCircuit(7, 2 ** 30 + 1), /a modulus of 26 bits is the largest/);
  for (const base of [3, 0, -7, 1.5]) {
    assert.throws(() => orderFindingCircuit(base, 15), /without a common factor with 15, found/);
    assert.throws(() => controlledMultiplication(base, 15), /without a common factor with 15, found/);
  }
  for (const bits of [0, -1, 0.5, 53])
    assert.throws(() => orderFindingCircuit(7, 15, bits), /bits must be from 1 to 52/);
});
