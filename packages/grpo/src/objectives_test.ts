// What every objective promises: exact coefficients, the same result for any split, and deafness outside the mask.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AggregationOptions } from "./aggregation.ts";
import { batchTotals } from "./batch.ts";
import type { GrpoBatch, GrpoOptions } from "./grpo.ts";
import { grpo } from "./grpo.ts";
import type { ObjectiveResult, RejectionBatch } from "./sft.ts";
import { rejectionFineTuning, sft } from "./sft.ts";

/** A batch that holds what any of the objectives reads. */
type AnyBatch = GrpoBatch & RejectionBatch & { advantages: Float64Array };
// biome-ignore lint/suspicious/noExplicitAny: metrics differ, and are compared by name.
type Objective = (batch: AnyBatch, options: AggregationOptions) => ObjectiveResult<any>;

interface Row {
  mask: number[];
  logProbs: number[];
  oldGap: number[];
  refGap: number[];
  advantages: number[];
  accepted: boolean;
}

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** One sequence: 0 to 6 tokens, of which any may be masked. */
const row: fc.Arbitrary<Row> = fc
  .record({
    tokens: fc.array(fc.tuple(fc.boolean(), real(-4, 0), real(-1, 1), real(-1, 1), real(-2, 2)), { maxLength: 6 }),
    allMasked: fc.integer({ min: 0, max: 5 }).map((die) => die === 0),
    accepted: fc.boolean(),
  })
  .map(({ tokens, allMasked, accepted }) => ({
    mask: tokens.map(([trained]) => (trained && !allMasked ? 1 : 0)),
    logProbs: tokens.map((t) => t[1]),
    oldGap: tokens.map((t) => t[2]),
    refGap: tokens.map((t) => t[3]),
    advantages: tokens.map((t) => t[4]),
    accepted,
  }));
const rows = fc.array(row, { minLength: 1, maxLength: 6 });

function batchOf(rows: Row[]): AnyBatch {
  const flat = (pick: (row: Row) => number[]) => Float64Array.from(rows.flatMap(pick));
  const segments = new Int32Array(rows.length + 1);
  rows.forEach((row, s) => {
    segments[s + 1] = segments[s] + row.mask.length;
  });
  return {
    mask: Uint8Array.from(rows.flatMap((row) => row.mask)),
    segments,
    logProbs: flat((row) => row.logProbs),
    oldLogProbs: flat((row) => row.logProbs.map((l, t) => l - row.oldGap[t])),
    refLogProbs: flat((row) => row.logProbs.map((l, t) => l - row.refGap[t])),
    advantages: flat((row) => row.advantages),
    accepted: rows.map((row) => Number(row.accepted)),
  };
}

const aggregation = fc.record({
  aggregation: fc.constantFrom("grpo" as const, "bnpo" as const, "dr_grpo" as const, "dapo" as const),
  maxLength: fc.constant(7),
});
const grpoOptions: fc.Arbitrary<GrpoOptions> = fc
  .tuple(
    aggregation,
    fc.record({
      epsilonLow: real(0, 0.5),
      epsilonHigh: real(0, 0.5),
      beta: fc.constantFrom(0, 0.04, 1),
      kl: fc.constantFrom("k1" as const, "k2" as const, "k3" as const),
      dualClip: fc.constantFrom(undefined, 1.5, 3),
    }),
  )
  .map(([a, b]) => ({ ...a, ...b, advantagesPer: "token" }));

const objectives: [string, Objective, fc.Arbitrary<AggregationOptions>][] = [
  ["sft", sft, aggregation],
  ["rejectionFineTuning", rejectionFineTuning, aggregation],
  ["grpo", grpo, grpoOptions],
];

/** The distance of a token's ratio from where the loss has a kink, in nats. */
function kinkDistance(batch: AnyBatch, t: number, options: GrpoOptions): number {
  const kinks = [1 - (options.epsilonLow ?? 0.2), 1 + (options.epsilonHigh ?? 0.2), options.dualClip ?? 3];
  const logRatio = batch.logProbs[t] - batch.oldLogProbs[t];
  return Math.min(...kinks.map((kink) => Math.abs(logRatio - Math.log(kink))));
}

for (const [name, objective, options] of objectives) {
  test(`${name}: coefficients are the derivative of the loss`, () => {
    fc.assert(
      fc.property(rows, options, (rows, options) => {
        const batch = batchOf(rows);
        const { coefficients } = objective(batch, options);
        const h = 1e-5;
        for (let t = 0; t < batch.logProbs.length; t++) {
          if (kinkDistance(batch, t, options) < 2 * h) continue;
          const lossAt = (step: number) => {
            const logProbs = Float64Array.from(batch.logProbs);
            logProbs[t] += step;
            return objective({ ...batch, logProbs }, options).loss;
          };
          const derivative = (lossAt(h) - lossAt(-h)) / (2 * h);
          const error = Math.abs(coefficients[t] - derivative);
          // Float32 coefficients: 6e-8 relative; central differences: h² and 1e-16/h.
          assert.ok(error <= 1e-6 * Math.max(1, Math.abs(derivative)), `token ${t}: ${coefficients[t]}, ${derivative}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: any split into micro-batches, in any order, gives the same loss, coefficients and metrics`, () => {
    const split = rows.chain((rows) =>
      fc.tuple(
        fc.constant(rows),
        fc.shuffledSubarray([...rows.keys()], { minLength: rows.length }),
        fc.array(fc.nat(2), { minLength: rows.length, maxLength: rows.length }),
      ),
    );
    fc.assert(
      fc.property(split, options, ([rows, order, parts], options) => {
        const batch = batchOf(rows);
        const whole = objective(batch, options);
        const total = batchTotals(batch);
        let loss = 0;
        const metrics: Record<string, number> = {};
        for (const part of [0, 1, 2]) {
          const members = order.filter((s) => parts[s] === part);
          const result = objective(batchOf(members.map((s) => rows[s])), { ...options, total });
          loss += result.loss;
          for (const [key, value] of Object.entries(result.metrics)) metrics[key] = (metrics[key] ?? 0) + Number(value);
          let t = 0;
          for (const s of members) {
            for (let at = batch.segments[s]; at < batch.segments[s + 1]; at++, t++) {
              assert.equal(result.coefficients[t], whole.coefficients[at]);
            }
          }
        }
        assert.ok(Math.abs(loss - whole.loss) < 1e-12);
        for (const key of Object.keys(whole.metrics)) {
          assert.ok(Math.abs(metrics[key] - whole.metrics[key]) < 1e-12, key);
        }
      }),
    );
  });

  test(`${name}: what is outside the mask never matters`, () => {
    fc.assert(
      fc.property(rows, options, (rows, options) => {
        const batch = batchOf(rows);
        const poison = (values: ArrayLike<number>) => Float64Array.from(values, (v, t) => (batch.mask[t] ? v : NaN));
        const poisoned = {
          ...batch,
          logProbs: poison(batch.logProbs),
          oldLogProbs: poison(batch.oldLogProbs),
          refLogProbs: poison(batch.refLogProbs as Float64Array),
          advantages: poison(batch.advantages),
        };
        assert.deepEqual(objective(poisoned, options), objective(batch, options));
      }),
    );
  });

  test(`${name}: a batch without a trained token has loss 0 and no gradient`, () => {
    for (const lengths of [[], [0], [2, 0, 1]]) {
      const masked = lengths.map((length) => ({
        mask: Array(length).fill(0),
        logProbs: Array(length).fill(NaN),
        oldGap: Array(length).fill(NaN),
        refGap: Array(length).fill(NaN),
        advantages: Array(length).fill(NaN),
        accepted: true,
      }));
      const { loss, coefficients, metrics } = objective(batchOf(masked), {});
      assert.equal(Math.abs(loss), 0);
      assert.ok(coefficients.every((coefficient) => coefficient === 0));
      for (const [key, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${key}: ${value}`);
    }
  });
}
