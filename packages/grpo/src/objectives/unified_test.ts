// DeepSeekMath's unified paradigm (arXiv 2402.03300, section 5.2 and appendix A.1): each row of its table is the gradient
// coefficient of one objective here, with 1/|o| and the mean over completions as the weight of a token.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { batchOf, real, rows } from "../testing/batches.ts";
import { dpo } from "./dpo.ts";
import { grpo } from "./grpo.ts";
import { ppo } from "./ppo.ts";
import { rejectionFineTuning, sft } from "./sft.ts";

/** Checks −coefficient · B · |o| against GC(s, t) for every trained token. */
function expectGc(
  batch: ReturnType<typeof batchOf>,
  coefficients: Float32Array,
  gc: (s: number, t: number) => number,
): void {
  const B = batch.segments.length - 1;
  for (let s = 0; s < B; s++) {
    let length = 0;
    for (let t = batch.segments[s]; t < batch.segments[s + 1]; t++) length += batch.mask[t];
    for (let t = batch.segments[s]; t < batch.segments[s + 1]; t++) {
      const expected = batch.mask[t] ? -gc(s, t) / (B * length) : 0;
      assert.ok(Math.abs(coefficients[t] - expected) < 1e-6 * Math.max(1, Math.abs(expected)), `token ${t}`);
    }
  }
}

const property = (check: (batch: ReturnType<typeof batchOf>) => void) =>
  fc.assert(fc.property(rows, (rows) => check(batchOf(rows))));

test("SFT: 1", () => property((batch) => expectGc(batch, sft(batch, { aggregation: "grpo" }).coefficients, () => 1)));

test("RFT and online RFT: 1 where the completion is right, else 0", () =>
  property((batch) => expectGc(batch, rejectionFineTuning(batch).coefficients, (s) => batch.accepted[s])));

test("PPO: the advantage", () =>
  property((batch) => {
    const onPolicy = { ...batch, oldLogProbs: batch.logProbs };
    const { coefficients } = ppo({ ...onPolicy, values: undefined }, { aggregation: "grpo", advantagesPer: "token" });
    expectGc(batch, coefficients, (_, t) => batch.advantages[t]);
  }));

test("GRPO: Â + β (π_ref/π − 1)", () =>
  fc.assert(
    fc.property(rows, real(0, 1), (rows, beta) => {
      const batch = batchOf(rows);
      const { coefficients } = grpo({ ...batch, oldLogProbs: batch.logProbs }, { beta, advantagesPer: "token" });
      expectGc(
        batch,
        coefficients,
        (_, t) => batch.advantages[t] + beta * (Math.exp(batch.refLogProbs[t] - batch.logProbs[t]) - 1),
      );
    }),
  ));

test("DPO: ± σ(β log-ratio of the worse − β log-ratio of the better), times the β that the table leaves out", () =>
  fc.assert(
    fc.property(fc.tuple(rows, rows), real(0.1, 2), ([[better], [worse]], beta) => {
      const batch = batchOf([better, worse]);
      const { coefficients } = dpo(batch, { beta, lengthNormalized: true });
      const score = (s: number) => {
        let [sum, n] = [0, 0];
        for (let t = batch.segments[s]; t < batch.segments[s + 1]; t++) {
          if (!batch.mask[t]) continue;
          sum += batch.logProbs[t] - batch.refLogProbs[t];
          n++;
        }
        return beta * (sum / Math.max(1, n));
      };
      const gc = 1 / (1 + Math.exp(score(0) - score(1)));
      // expectGc's mean is over B = 2 completions, DPO's over one pair.
      expectGc(batch, coefficients, (s) => 2 * beta * gc * (s === 0 ? 1 : -1));
    }),
  ));
