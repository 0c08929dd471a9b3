// The published behaviour of each preset.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { groupAdvantages } from "../advantages/group_advantages.ts";
import { real } from "../testing/batches.ts";
import { naiveGrpo } from "../testing/naive_grpo.ts";
import { grpo } from "./grpo.ts";
import type { GrpoBatch } from "./grpo_options.ts";
import type { PresetName } from "./presets.ts";
import { presets } from "./presets.ts";

/** Completions of these lengths, every log-ratio to π_old the same, one advantage each. */
function completions(lengths: number[], logRatio: number, advantages: number[]): GrpoBatch {
  const segments = Int32Array.from([0, ...lengths.map((_, s) => lengths.slice(0, s + 1).reduce((a, b) => a + b, 0))]);
  const tokens = segments[lengths.length];
  return {
    logProbs: new Float64Array(tokens).fill(-1),
    oldLogProbs: new Float64Array(tokens).fill(-1 - logRatio),
    refLogProbs: new Float64Array(tokens).fill(-1.1),
    advantages: Float64Array.from(advantages),
    mask: new Uint8Array(tokens).fill(1),
    segments,
  };
}

const near = (a: number, b: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${a}, ${b}`);
/** Σ |coefficients| of each completion: how much it is learned from. */
const pull = (batch: GrpoBatch, name: PresetName) => {
  const { coefficients } = grpo(batch, { ...presets[name].objective, maxLength: 10 });
  return Array.from({ length: batch.segments.length - 1 }, (_, s) =>
    coefficients.subarray(batch.segments[s], batch.segments[s + 1]).reduce((sum, c) => sum + Math.abs(c), 0),
  );
};

for (const name of Object.keys(presets) as PresetName[]) {
  test(`${name}: the loss is its definition on random batches`, () => {
    const token = fc.record({ logProb: real(-3, 0), gap: real(-0.02, 0.02), refGap: real(-1, 1) });
    const sequence = fc.record({ tokens: fc.array(token, { minLength: 1, maxLength: 5 }), advantage: real(-2, 2) });
    fc.assert(
      fc.property(fc.array(sequence, { minLength: 1, maxLength: 4 }), (sequences) => {
        const flat = sequences.flatMap((each) => each.tokens);
        const segments = Int32Array.from([
          0,
          ...sequences.map((_, s) => sequences.slice(0, s + 1).flatMap((x) => x.tokens).length),
        ]);
        const batch = {
          logProbs: Float64Array.from(flat, (t) => t.logProb),
          oldLogProbs: Float64Array.from(flat, (t) => t.logProb - t.gap),
          refLogProbs: Float64Array.from(flat, (t) => t.logProb - t.refGap),
          mask: new Uint8Array(flat.length).fill(1),
          segments,
        };
        const options = { ...presets[name].objective, maxLength: 10 };
        const perToken = Float64Array.from(sequences.flatMap((each) => each.tokens.map(() => each.advantage)));
        const naive = { ...batch, advantages: perToken };
        const actual = grpo(
          { ...batch, advantages: Float64Array.from(sequences, (each) => each.advantage) },
          { ...options, advantagesPer: "sequence" },
        );
        near(actual.loss, naiveGrpo(naive, naive, options, 0), 1e-10);
      }),
    );
  });
}

test("DeepSeekMath and GSPO learn from every completion alike, DAPO, BNPO and LUSPO in proportion to its length", () => {
  const batch = completions([2, 8], 0, [1, -1]);
  for (const name of ["gspo", "sapo"] as const) {
    const [short, long] = pull(batch, name);
    near(short, long);
  }
  for (const name of ["dapo", "bnpo", "luspo", "drGrpo", "cispo", "trl", "verl"] as const) {
    const [short, long] = pull(batch, name);
    near(4 * short, long);
  }
  const withoutKl = grpo(batch, { ...presets.deepseekMath.objective, beta: 0 }).coefficients;
  near(2 * withoutKl[0], -8 * withoutKl[2]);
});

test("Dr. GRPO: easy and hard questions weigh alike; dividing by the deviation favours the lopsided", () => {
  const options = { groupSize: 4, epsilon: 0 };
  const spread = (rewards: number[], scaling: (typeof presets)["drGrpo"]["advantages"]) =>
    groupAdvantages(rewards, { ...options, ...scaling }).reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  near(spread([1, 0, 0, 0], presets.drGrpo.advantages), 0.75);
  near(spread([1, 1, 0, 0], presets.drGrpo.advantages), 0.5);
  near(spread([1, 0, 0, 0], presets.dapo.advantages), 1.5);
});

test("DAPO lets a good token rise to 1.28 where GRPO stops it at 1.2", () => {
  const batch = completions([1], Math.log(1.25), [1]);
  assert.equal(pull(batch, "deepseekMath")[0] < pull(batch, "dapo")[0], true);
  assert.ok(pull(batch, "dapo")[0] > 0);
  assert.equal(pull(completions([1], Math.log(1.29), [1]), "dapo")[0], 0);
});

test("GSPO clips whole sequences", () => {
  const { metrics, coefficients } = grpo(completions([3, 5], 1e-3, [1, -1]), presets.gspo.objective);
  assert.ok(coefficients.subarray(0, 3).every((c) => c === 0)); // 1.001 > 1 + 4e-4, and it is good
  assert.ok(coefficients.subarray(3).every((c) => c > 0));
  near(metrics.clipFractionHigh, 3 / 8);
});

test("CISPO never drops a token, SAPO fades them out, where the clip cuts them off", () => {
  const far = completions([1], Math.log(8), [1]);
  assert.equal(pull(far, "dapo")[0], 0);
  near(pull(far, "cispo")[0], 5);
  const sapo = [1, 2, 4, 8].map((ratio) => pull(completions([1], Math.log(ratio), [1]), "sapo")[0]);
  near(sapo[0], 1); // at ratio 1 the policy gradient
  assert.ok(sapo[2] < sapo[1] && sapo[3] < sapo[2] && sapo[3] > 0);
});

test("LUSPO is GSPO with each sequence's loss times its length", () => {
  const batch = completions([2, 6], 1e-4, [1, -0.5]);
  const [gspo, luspo] = (["gspo", "luspo"] as const).map((name) => grpo(batch, presets[name].objective).coefficients);
  near(luspo[0], 2 * gspo[0]);
  near(luspo[2], 6 * gspo[2]);
});

test("DeepSeek-R1 at ratio 1: the advantage for every token of the completion, not divided by its length", () => {
  const batch = completions([2, 6], 0, [1, -1]);
  const { coefficients } = grpo(batch, { ...presets.deepseekR1.objective, beta: 0 });
  near(coefficients[0], -1 / 2);
  near(coefficients[2], 1 / 2);
  assert.ok(pull(completions([4], 0.5, [1]), "deepseekR1")[0] > 0); // e² is inside its clip range of 11
});

test("verl bounds what a bad token can cost, TRL does not; a group of one keeps its reward in verl only", () => {
  const batch = completions([1], Math.log(10), [-1]);
  near(grpo(batch, presets.verl.objective).loss, 3);
  near(grpo(batch, presets.trl.objective).loss, 10);
  near(groupAdvantages([0.5], { groupSize: 1, ...presets.verl.advantages })[0], 0.5, 1e-5);
  assert.equal(groupAdvantages([0.5], { groupSize: 1, ...presets.trl.advantages })[0], 0);
});

const oracle = new URL("../../../../../shared/oracles/rl-losses.json", import.meta.url);
test("the oracle's two-sided CISPO", { skip: !existsSync(oracle) && "shared/oracles is absent" }, () => {
  const { base, cases } = JSON.parse(readFileSync(oracle, "utf8"));
  const { expectedLoss } = cases.find((entry: { name: string }) => entry.name.startsWith("two-sided CISPO"));
  const batch = {
    logProbs: Float64Array.from(base.logProbs),
    oldLogProbs: Float64Array.from(base.oldLogProbs),
    advantages: Float64Array.from(base.advantages),
    mask: Uint8Array.of(1, 1, 1),
    segments: Int32Array.of(0, 3),
  };
  near(grpo(batch, { surrogate: "cispo", beta: 0 }).loss, expectedLoss, 5e-5);
});
