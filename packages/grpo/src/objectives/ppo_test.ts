import assert from "node:assert/strict";
import { test } from "node:test";
import { grpo } from "./grpo.ts";
import { ppo } from "./ppo.ts";

const batch = {
  logProbs: Float64Array.of(-1, -2, -1),
  oldLogProbs: Float64Array.of(-1.5, -2, -0.5),
  advantages: Float64Array.of(1, -1, -2),
  mask: Uint8Array.of(1, 1, 1),
  segments: Int32Array.of(0, 3),
};
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a}, ${b}`);

test("the policy's part is the clipped surrogate without a KL term, averaged over tokens", () => {
  const { loss, coefficients } = ppo(batch);
  const expected = grpo(batch, { beta: 0, aggregation: "dapo", advantagesPer: "token" });
  assert.equal(loss, expected.loss);
  assert.deepEqual(coefficients, expected.coefficients);
});

test("the value loss by hand, with and without its clip", () => {
  const values = Float64Array.of(1, 0, 0);
  const returns = Float64Array.of(0, 0.5, 0);
  const plain = ppo({ ...batch, values, returns }, { valueWeight: 1 });
  near(plain.metrics.valueLoss, (0.5 + 0.125) / 3);
  for (const [t, slope] of [1 / 3, -0.5 / 3, 0].entries()) near((plain.valueCoefficients as Float32Array)[t], slope);

  // The second value has moved by +0.3 from −0.3 towards its target: clipped to −0.1, where the error is larger.
  const oldValues = Float64Array.of(0.9, -0.3, 0);
  const clipped = ppo({ ...batch, values, oldValues, returns }, { valueWeight: 1, valueClip: 0.2 });
  near(clipped.metrics.valueLoss, (0.5 + 0.5 * 0.6 ** 2) / 3);
  near(clipped.metrics.valueClipFraction, 1 / 3);
  assert.equal((clipped.valueCoefficients as Float32Array)[1], 0);
});

test("errors name what is missing", () => {
  const values = new Float64Array(3);
  assert.throws(() => ppo({ ...batch, values }), /TypeError: .*values need returns/);
  assert.throws(() => ppo({ ...batch, values, returns: values }, { valueClip: 0.2 }), /TypeError: .*needs oldValues/);
  const returns = Float64Array.of(0, NaN, 0);
  assert.throws(() => ppo({ ...batch, values, returns }), /RangeError: .*values and returns must be finite/);
  assert.throws(() => ppo({ ...batch, oldLogProbs: new Float64Array(2) }), /compute ppo: expected 3 .* oldLogProbs/);
});
