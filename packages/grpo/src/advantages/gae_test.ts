import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { real } from "../testing/batches.ts";
import { gae } from "./gae.ts";

const token = fc.record({ reward: real(-1, 1), value: real(-1, 1), trained: fc.boolean() });

/** The definition: a sum of discounted temporal differences, for one sequence of trained tokens. */
function naive(tokens: { reward: number; value: number }[], gamma: number, lambda: number, final: number): number[] {
  const delta = tokens.map(({ reward, value }, t) => reward + gamma * (tokens[t + 1]?.value ?? final) - value);
  return tokens.map((_, t) => delta.slice(t).reduce((sum, d, k) => sum + (gamma * lambda) ** k * d, 0));
}

test("advantages are discounted sums of temporal differences, over the trained tokens of each sequence", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(token, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      real(0.8, 1),
      real(0, 1),
      fc.array(real(-1, 1), { minLength: 4, maxLength: 4 }),
      (sequences, gamma, lambda, finalValues) => {
        const flat = sequences.flat();
        const segments = Int32Array.from([0, ...sequences.map((_, s) => sequences.slice(0, s + 1).flat().length)]);
        const column = (pick: (t: (typeof flat)[number]) => number) =>
          Float64Array.from(flat, (each) => (each.trained ? pick(each) : NaN));
        const { advantages, returns } = gae(
          {
            rewards: column((each) => each.reward),
            values: column((each) => each.value),
            mask: Uint8Array.from(flat, (each) => Number(each.trained)),
            segments,
            finalValues,
          },
          { gamma, lambda },
        );
        sequences.forEach((sequence, s) => {
          const trained = sequence.flatMap((each, i) => (each.trained ? [segments[s] + i] : []));
          const expected = naive(
            trained.map((t) => flat[t]),
            gamma,
            lambda,
            finalValues[s],
          );
          trained.forEach((t, k) => {
            assert.ok(Math.abs(advantages[t] - expected[k]) < 1e-5);
            assert.ok(Math.abs(returns[t] - expected[k] - flat[t].value) < 1e-5);
          });
        });
        for (const [t, each] of flat.entries()) assert.ok(each.trained || (advantages[t] === 0 && returns[t] === 0));
      },
    ),
  );
});

test("whitened advantages of the trained tokens have mean 0 and deviation 1", () => {
  const rewards = Float32Array.of(1, 0, 3, 5);
  const { advantages } = gae(
    { rewards, values: new Float32Array(4), mask: Uint8Array.of(1, 1, 0, 1), segments: Int32Array.of(0, 4) },
    { lambda: 0, whiten: true },
  );
  const [a, b, masked, c] = advantages;
  assert.equal(masked, 0);
  assert.ok(Math.abs(a + b + c) < 1e-6 && Math.abs((a * a + b * b + c * c) / 2 - 1) < 1e-5);
});

test("errors name the argument, what was expected and what was found", () => {
  const two = new Float32Array(2);
  const batch = { rewards: two, values: two, mask: Uint8Array.of(1), segments: Int32Array.of(0, 2) };
  assert.throws(() => gae(batch), /RangeError: .*expected 2 entries in mask, found 1/);
});
