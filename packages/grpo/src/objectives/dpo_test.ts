import assert from "node:assert/strict";
import { test } from "node:test";
import { dpo } from "./dpo.ts";

/** One pair: three tokens chosen, two rejected. */
const batch = {
  logProbs: Float64Array.of(-1, -2, -0.5, -1, -3),
  refLogProbs: Float64Array.of(-1.2, -2.1, -0.5, -0.8, -2.5),
  mask: Uint8Array.of(1, 1, 1, 1, 1),
  segments: Int32Array.of(0, 3, 5),
};
const h = 0.3 + 0.7; // Δ⁺ = 0.3, Δ⁻ = −0.7
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a}, ${b}`);

test("DPO by hand: −log σ(β h), and ± β σ(−β h) on all tokens of a completion", () => {
  const { loss, coefficients, metrics } = dpo(batch, { beta: 0.5 });
  near(loss, Math.log(1 + Math.exp(-0.5 * h)));
  const coefficient = 0.5 / (1 + Math.exp(0.5 * h));
  for (const [t, sign] of [-1, -1, -1, 1, 1].entries()) near(coefficients[t], sign * coefficient);
  near(metrics.chosenReward, 0.15);
  near(metrics.rejectedReward, -0.35);
  near(metrics.margin, 0.5);
  assert.equal(metrics.accuracy, 1);
});

test("with lengths divided out, the tokens of the shorter completion weigh more: DeepSeekMath's form", () => {
  const { coefficients } = dpo(batch, { beta: 0.5, lengthNormalized: true });
  near(coefficients[0] * 3, -coefficients[3] * 2);
  const normalised = 0.3 / 3 + 0.7 / 2;
  near(coefficients[0], -0.5 / (1 + Math.exp(0.5 * normalised)) / 3);
});

test("IPO pulls the margin to 1/(2β) and hinge stops at 1/β", () => {
  near(dpo(batch, { beta: 0.5, variant: "ipo" }).loss, 0);
  near(dpo(batch, { beta: 0.5, variant: "hinge" }).loss, 0.5);
  assert.deepEqual(
    [...dpo(batch, { beta: 2, variant: "hinge" }).coefficients].map((c) => c + 0),
    [0, 0, 0, 0, 0],
  );
});

test("margins far from 0 neither overflow nor lose their gradient's sign", () => {
  const logProbs = Float64Array.of(-1000, 0, 0, 0, 0);
  const { loss, coefficients } = dpo({ ...batch, logProbs, refLogProbs: new Float64Array(5) }, { beta: 1 });
  near(loss, 1000);
  near(coefficients[0], -1);
  const sure = dpo({ ...batch, logProbs: logProbs.map((x) => -x), refLogProbs: new Float64Array(5) }, { beta: 1 });
  near(sure.loss, 0);
});

test("errors name the argument, what was expected and what was found", () => {
  const odd = { ...batch, segments: Int32Array.of(0, 5) };
  assert.throws(() => dpo(odd), /RangeError: .*expected an even number of sequences, found 1/);
  assert.throws(() => dpo(batch, { beta: 0 }), /RangeError: .*beta must be above 0, found 0/);
  assert.throws(() => dpo(batch, { labelSmoothing: 0.5 }), /RangeError: .*labelSmoothing .* found 0.5/);
  assert.throws(() => dpo(batch, { variant: "kto" as "ipo" }), /TypeError: .*variant must be .* found "kto"/);
  const refLogProbs = Float64Array.of(0, 0, NaN, 0, 0);
  assert.throws(() => dpo({ ...batch, refLogProbs }), /RangeError: .*refLogProbs\[2\] must be finite, found NaN/);
});
