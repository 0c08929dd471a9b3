import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { kernels } from "./kernels.ts";
import { StateVector } from "./state_vector.ts";

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) => {
  assert.equal(a.length, b.length);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) <= tolerance, `at ${i}: ${a[i]} and ${b[i]}`);
};

test("SIMD gates give what plain double-precision ones give, on circuits of every kind of gate", () => {
  const qubit = fc.nat(5);
  const step = fc.record({
    kind: fc.nat(4),
    targets: fc.uniqueArray(qubit, { minLength: 3, maxLength: 6 }),
    angle: fc.double({ min: -4, max: 4, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const [fast, naive] = (["single", "double"] as const).map((precision) => {
        const state = new StateVector(6, { precision });
        for (const { kind, targets, angle } of steps) {
          if (kind === 0) state.h(...targets);
          else if (kind === 1) state.h(targets[0]);
          else if (kind === 2) state.phase(angle, ...targets.slice(0, 2));
          else if (kind === 3) state.x(targets[0], targets.slice(1));
          else state.swap(targets[0], targets[1], targets.slice(2, 3));
        }
        return state.amplitudes;
      });
      close(fast, naive, 1e-5);
    }),
    { numRuns: 60 },
  );
});

test("Hadamard twice is nothing, for one qubit and for many", () => {
  for (const n of [1, 2, 3, 7]) {
    const state = new StateVector(n);
    const all = Array.from({ length: n }, (_, i) => i);
    state.h(...all);
    close(state.probabilities(), new Float64Array(2 ** n).fill(2 ** -n), 1e-6);
    state.h(...all);
    assert.ok(Math.abs(state.probabilities()[0] - 1) < 1e-5);
  }
});

test("the permutation kernel gathers multiples, and its scalar product is that of double precision", () => {
  for (const modulus of [1023, 4095, 2048]) {
    const count = modulus + (modulus % 2);
    const memory = new WebAssembly.Memory({ initial: 4 });
    const w = new Float32Array(memory.buffer, 64, 2 * count);
    const p = new Float32Array(memory.buffer, 64 + 8 * count, 2 * count);
    const random = stream(modulus, { purpose: "kernel" });
    for (let i = 2; i < 2 * modulus; i++) w[i] = random.uniform() - 0.5;
    const kernel = kernels(memory);
    kernel.permute(64, 64 + 8 * count, 0, modulus, 0, 601, modulus, 0);
    let [re, im] = [0, 0];
    for (let x = 0; x < modulus; x++) {
      const j = (601 * x) % modulus;
      assert.deepEqual([p[2 * x], p[2 * x + 1]], [w[2 * j], w[2 * j + 1]]);
      re += w[2 * x] * w[2 * j] + w[2 * x + 1] * w[2 * j + 1];
      im += w[2 * x] * w[2 * j + 1] - w[2 * x + 1] * w[2 * j];
    }
    close(new Float64Array(memory.buffer, 0, 2), [re, im], 1e-3);
    const expected = w.map((_, i) => 0.5 * w[i] + 0.25 * p[i] + (i % 2 ? -0.75 * -p[i - 1] : -0.75 * p[i + 1]));
    kernel.combine(64, 64 + 8 * count, 8 * count, 0.5, 0.25, 0.75);
    close(w, expected, 1e-6);
  }
});

test("measuring a Bell pair gives equal bits, half of them 1", () => {
  const random = stream(1, { purpose: "measure" });
  let ones = 0;
  for (let i = 0; i < 400; i++) {
    const state = new StateVector(2).h(0).x(1, [0]);
    const [a, b] = [state.measure(0, random), state.measure(1, random)];
    assert.equal(a, b);
    ones += a;
  }
  assert.ok(Math.abs(ones - 200) < 60);
});

test("what does not fit is refused with the memory that it would need, and qubits out of range by number", () => {
  assert.throws(() => new StateVector(40), /40 qubits need 8190 GiB, the limit is 1 GiB/);
  assert.throws(() => new StateVector(28, { memoryLimit: 2 ** 20 }), /28 qubits need 2 GiB, the limit is 1 MiB/);
  assert.throws(() => new StateVector(0), /positive integer, found 0/);
  assert.throws(() => new StateVector(3).h(3), /qubit from 0 to 2, found 3/);
});

test("what is no gate or no state is refused: qubits named twice, endless angles, impossible outcomes", () => {
  const state = new StateVector(3);
  assert.throws(() => new StateVector(2, { precision: "half" as "single" }), /"single" or "double", found half/);
  assert.throws(() => new StateVector(2, { memoryLimit: Number.NaN }), /2 qubits need/);
  assert.throws(() => state.x(1, [0, 1]), /qubit 1 is named twice/);
  assert.throws(() => state.swap(0, 0), /qubit 0 is named twice/);
  assert.throws(() => state.swap(0, 1, [1]), /qubit 1 is named twice/);
  assert.throws(() => state.phase(1, 2, 2), /qubit 2 is named twice/);
  assert.throws(() => state.phase(Number.NaN, 0), /finite angle, found NaN/);
  assert.throws(() => state.project(0, 1, state.probability(0)), /chance above 0, found 0/);
  assert.deepEqual([...state.probabilities()], [1, 0, 0, 0, 0, 0, 0, 0]);
});
