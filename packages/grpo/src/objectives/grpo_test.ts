import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { grpo } from "./grpo.ts";
import type { GrpoBatch } from "./grpo_options.ts";
import { sft } from "./sft.ts";

const oracle = new URL("../../../../../shared/oracles/rl-losses.json", import.meta.url);
const skip = !existsSync(oracle) && "shared/oracles is absent";

/** One sequence, every token trained, advantages for each token. */
function tokens(logProbs: number[], oldLogProbs: number[], advantages: number[], refLogProbs?: number[]): GrpoBatch {
  return {
    logProbs: Float64Array.from(logProbs),
    oldLogProbs: Float64Array.from(oldLogProbs),
    advantages: Float64Array.from(advantages),
    ...(refLogProbs && { refLogProbs: Float64Array.from(refLogProbs) }),
    mask: new Uint8Array(logProbs.length).fill(1),
    segments: Int32Array.of(0, logProbs.length),
  };
}

function close(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

function oracleCase(name: string): { base: Record<string, number[]>; entry: Record<string, number[] & number> } {
  const { base, cases } = JSON.parse(readFileSync(oracle, "utf8"));
  return { base, entry: cases.find((entry: { name: string }) => entry.name.startsWith(name)) };
}

test("the oracle's clipped surrogate", { skip }, () => {
  const { base, entry } = oracleCase("clipped surrogate");
  const { loss, metrics } = grpo(tokens(base.logProbs, base.oldLogProbs, base.advantages), { beta: 0 });
  close(loss, entry.expectedLoss);
  close(metrics.clipFractionHigh, 1 / 3);
  assert.equal(metrics.clipFractionLow, 0); // Ratio 0.5, but a positive advantage: raising it is not clipped.
});

test("the oracle's dual clip", { skip }, () => {
  const { entry } = oracleCase("dual clip");
  const logProbs = entry.ratios.map((ratio: number, t: number) => Math.log(ratio) + entry.oldLogProbs[t]);
  const batch = tokens(logProbs, entry.oldLogProbs, entry.advantages);
  const { loss, coefficients, metrics } = grpo(batch, { beta: 0, dualClip: 3 });
  close(loss, entry.expectedLoss);
  assert.equal(coefficients[2], 0);
  close(metrics.clipFractionDual, 1 / 3);
});

test("the oracle's k3", { skip }, () => {
  const { entry } = oracleCase("k3");
  const batch = tokens(entry.logProbs, entry.logProbs, [0, 0, 0], entry.refLogProbs);
  close(grpo(batch).metrics.kl as number, entry.expectedMean);
  for (let t = 0; t < 3; t++) {
    const one = tokens([entry.logProbs[t]], [entry.logProbs[t]], [0], [entry.refLogProbs[t]]);
    close(grpo(one, { beta: 1 }).loss, entry.expectedPerToken[t]);
  }
});

test("the loss is the formula, written out", () => {
  const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const token = fc.record({
    logProb: real(-3, 0),
    gap: real(-1.5, 1.5),
    refGap: real(-1.5, 1.5),
    advantage: real(-2, 2),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(token, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom("k1" as const, "k2" as const, "k3" as const),
      fc.constantFrom(undefined, 1.5, 3),
      (sequences, kl, dualClip) => {
        const flat = sequences.flat();
        const logProbs = flat.map((entry) => entry.logProb);
        const batch = {
          ...tokens(
            logProbs,
            flat.map((entry) => entry.logProb - entry.gap),
            flat.map((entry) => entry.advantage),
            flat.map((entry) => entry.logProb - entry.refGap),
          ),
          segments: Int32Array.from([0, ...sequences.map((_, s) => sequences.slice(0, s + 1).flat().length)]),
        };
        const lossOf = ({ gap, refGap, advantage }: (typeof flat)[number]): number => {
          const ratio = Math.exp(gap);
          const clipped = Math.min(Math.max(ratio, 1 - 0.2), 1 + 0.28);
          const surrogate = Math.min(ratio * advantage, clipped * advantage);
          const bounded = dualClip && advantage < 0 ? Math.max(surrogate, dualClip * advantage) : surrogate;
          const estimates = { k1: refGap, k2: refGap ** 2 / 2, k3: Math.exp(-refGap) + refGap - 1 };
          return -bounded + 0.1 * estimates[kl];
        };
        const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
        const options = { epsilonHigh: 0.28, beta: 0.1, kl, dualClip, advantagesPer: "token" as const };
        close(grpo(batch, options).loss, mean(sequences.map((sequence) => mean(sequence.map(lossOf)))));
        close(grpo(batch, { ...options, aggregation: "dapo" }).loss, mean(flat.map(lossOf)));
      },
    ),
  );
});

test("at ratio 1 the coefficient is −(Â + β(π_ref/π − 1)) times the weight of the token", () => {
  const token = fc.record({
    logProb: fc.double({ min: -5, max: 0, noNaN: true }),
    refLogProb: fc.double({ min: -5, max: 0, noNaN: true }),
    advantage: fc.double({ min: -3, max: 3, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(token, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 0.04, 0.5),
      fc.constantFrom("grpo" as const, "dapo" as const, "dr_grpo" as const),
      (entries, beta, aggregation) => {
        const logProbs = entries.map((entry) => entry.logProb);
        const advantages = entries.map((entry) => entry.advantage);
        const refLogProbs = entries.map((entry) => entry.refLogProb);
        const batch = tokens(logProbs, logProbs, advantages, refLogProbs);
        const { coefficients, metrics } = grpo(batch, { beta, aggregation, maxLength: 10, advantagesPer: "token" });
        const divisor = aggregation === "dr_grpo" ? 10 : entries.length;
        entries.forEach(({ logProb, refLogProb, advantage }, t) => {
          const expected = -(advantage + beta * (Math.exp(refLogProb - logProb) - 1)) / divisor;
          close(coefficients[t], expected, 1e-6 * Math.max(1, Math.abs(expected)));
        });
        assert.equal(metrics.ratioMean, 1);
        assert.equal(metrics.approxKl, 0);
      },
    ),
  );
});

test("at ratio 1 with advantage 1 and no KL the gradient is that of supervised fine-tuning", () => {
  const batch = tokens([-1, -2, -0.5], [-1, -2, -0.5], [1, 1, 1]);
  assert.deepEqual(grpo(batch, { beta: 0 }).coefficients, sft(batch, { aggregation: "grpo" }).coefficients);
});

test("one advantage for each sequence is that advantage for each of its tokens", () => {
  const batch = tokens([-1, -2, -3], [-1.1, -1.9, -3], [2, 2, -1]);
  const segments = Int32Array.of(0, 2, 3);
  const perToken = grpo({ ...batch, segments }, { beta: 0, advantagesPer: "token" });
  const perSequence = grpo({ ...batch, segments, advantages: Float32Array.of(2, -1) }, { beta: 0 });
  assert.deepEqual(perSequence, perToken);
});

test("the aggregations weigh tokens as their table says", () => {
  const batch = {
    ...tokens([-1, -1, -1, -1], [-1, -1, -1, -1], [1, 1, 1, 1]),
    mask: Uint8Array.of(1, 1, 0, 1),
    segments: Int32Array.of(0, 3, 4, 4), // Two trained tokens, one, none.
  };
  const weights = (aggregation: "grpo" | "bnpo" | "dr_grpo" | "dapo") =>
    Array.from(grpo(batch, { beta: 0, aggregation, maxLength: 5 }).coefficients, (c) => Math.abs(c));
  const near = (actual: number[], expected: number[]) => {
    for (let t = 0; t < expected.length; t++) close(actual[t], expected[t], 1e-7);
  };
  near(weights("grpo"), [1 / 6, 1 / 6, 0, 1 / 3]);
  near(weights("bnpo"), [1 / 3, 1 / 3, 0, 1 / 3]);
  near(weights("dapo"), [1 / 3, 1 / 3, 0, 1 / 3]);
  near(weights("dr_grpo"), [1 / 15, 1 / 15, 0, 1 / 15]);
});

test("clipping stops only the direction that gains from it, on each side with its own epsilon", () => {
  const ratios = [0.7, 0.7, 1.25, 1.25, 1.4, 1.4];
  const batch = tokens(ratios.map(Math.log), Array(6).fill(0), [1, -1, 1, -1, 1, -1]);
  const { coefficients, metrics } = grpo(batch, { beta: 0, epsilonLow: 0.2, epsilonHigh: 0.28 });
  assert.deepEqual(
    Array.from(coefficients, (c) => c !== 0),
    [true, false, true, true, false, true],
  );
  close(metrics.clipFractionLow, 1 / 6);
  close(metrics.clipFractionHigh, 1 / 6);
});

test("without a reference there is no KL to report", () => {
  assert.equal("kl" in grpo(tokens([-1], [-1], [1]), { beta: 0 }).metrics, false);
});

test("errors name the argument, what was expected and what was found", () => {
  const batch = tokens([-1, -2], [-1, -2], [1, 1]);
  assert.throws(() => grpo(batch), /TypeError: .*beta 0.04 needs refLogProbs/);
  const none = { beta: 0 };
  assert.throws(
    () => grpo({ ...batch, oldLogProbs: Float32Array.of(1) }, none),
    /expected 2 entries in oldLogProbs.* 1/,
  );
  assert.throws(
    () => grpo({ ...batch, advantages: Float32Array.of(1, 2, 3) }, none),
    /expected 1 advantages.* found 3/,
  );
  assert.throws(() => grpo({ ...batch, segments: Int32Array.of(0, 3) }, none), /segments must start at 0 and end.* 2/);
  assert.throws(() => grpo({ ...batch, segments: Int32Array.of(0, 3, 2) }, none), /segments must not decrease/);
  assert.throws(() => grpo(batch, { ...none, aggregation: "dr_grpo" }), /TypeError: .*"dr_grpo" needs .*maxLength/);
  assert.throws(
    () => grpo(batch, { ...none, aggregation: "mean" as "grpo" }),
    /TypeError: .*aggregation .*found "mean"/,
  );
  assert.throws(() => grpo(batch, { ...none, kl: "k4" as "k3" }), /TypeError: .*kl must be .* found "k4"/);
  assert.throws(() => grpo(batch, { ...none, epsilonLow: -1 }), /RangeError: .*epsilonLow must be 0 or more, found -1/);
  assert.throws(() => grpo(batch, { ...none, dualClip: 1 }), /RangeError: .*dualClip must be above 1, found 1/);
});

test("a loss that is not finite is refused, and the token that made it is named", () => {
  const nan = tokens([-1, NaN], [-1, -2], [1, 1]);
  assert.throws(() => grpo(nan, { beta: 0 }), /RangeError: .*logProbs\[1\] must be finite, found NaN/);
  const far = tokens([-1, 0], [-1, -2000], [1, -1]);
  assert.throws(() => grpo(far, { beta: 0 }), /RangeError: .*the loss of token 1 overflows/);
  const silent = tokens([-1, -2], [-1, -2], [1, NaN]);
  assert.throws(() => grpo(silent, { beta: 0 }), /RangeError: .*advantages\[1\] must be finite, found NaN/);
});
