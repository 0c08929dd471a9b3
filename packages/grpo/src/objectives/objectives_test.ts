// What every objective promises: exact coefficients, the same result for any split, and deafness outside the mask.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AnyBatch, Row } from "../testing/batches.ts";
import {
  aggregation,
  batchOf,
  fitted,
  grpoOptions,
  perToken,
  real,
  row,
  rows,
  surrogateOptions,
} from "../testing/batches.ts";
import { naiveGrpo } from "../testing/naive_grpo.ts";
import { batchTotals } from "./batch.ts";
import { dpo } from "./dpo.ts";
import { grpo } from "./grpo.ts";
import { type GrpoOptions, grpoNames, surrogateNames } from "./grpo_options.ts";
import { ppo } from "./ppo.ts";
import type { ObjectiveResult } from "./result.ts";
import { rejectionFineTuning, sft } from "./sft.ts";

// biome-ignore lint/suspicious/noExplicitAny: options and metrics differ, and are compared by name.
type Any = any;

interface Case {
  readonly name: string;
  readonly objective: (batch: AnyBatch, options: Any) => ObjectiveResult<Any> & { valueCoefficients?: Float32Array };
  readonly options: fc.Arbitrary<Any>;
  /** Rows that cannot be parted: DPO's pairs. */
  readonly unit: number;
  /** The loss with the stop-gradients fixed at `frozen`; the objective's own where it has none. */
  readonly loss?: (batch: AnyBatch, frozen: AnyBatch, options: Any) => number;
}

const dpoOptions = fc.record({
  beta: real(0.05, 2),
  variant: fc.constantFrom("sigmoid" as const, "ipo" as const, "hinge" as const),
  labelSmoothing: fc.constantFrom(0, 0.1),
  lengthNormalized: fc.boolean(),
});
const ppoOptions = fc
  .tuple(surrogateOptions, fc.record({ valueWeight: real(0, 1), valueClip: fc.constantFrom(undefined, 0.2) }))
  .map(([a, b]) => ({ ...a, ...b }));

test("the generators leave no option out", () => {
  const left = (known: readonly string[], options: fc.Arbitrary<object>): string[] => {
    const made = new Set(fc.sample(options, 50).flatMap((each) => Object.keys(each)));
    return known.filter((name) => name !== "total" && !made.has(name));
  };
  assert.deepEqual(left(grpoNames, grpoOptions), []);
  assert.deepEqual(left([...surrogateNames, "valueWeight", "valueClip"], ppoOptions), []);
});

function thresholdOf(batch: AnyBatch, options: GrpoOptions): number {
  return batchTotals(batch, options).entropyThreshold ?? -Infinity;
}

const cases: Case[] = [
  { name: "sft", objective: sft, options: aggregation, unit: 1 },
  { name: "rejectionFineTuning", objective: rejectionFineTuning, options: aggregation, unit: 1 },
  { name: "dpo", objective: dpo, options: dpoOptions, unit: 2 },
  {
    name: "ppo",
    objective: (batch, options) => ppo(fitted(batch, options), options),
    options: ppoOptions,
    unit: 1,
    loss: (batch, frozen, options) =>
      naiveGrpo(fitted(batch, options), frozen, { ...options, beta: 0 }, thresholdOf(batch, options)) +
      ppo(fitted(batch, options), options).metrics.valueLoss,
  },
  {
    name: "grpo",
    objective: (batch, options) => grpo(fitted(batch, options), options),
    options: grpoOptions,
    unit: 1,
    loss: (batch, frozen, options) => naiveGrpo(fitted(batch, options), frozen, options, thresholdOf(batch, options)),
  },
];

/** Rows in whole units. */
const rowsFor = (unit: number): fc.Arbitrary<Row[]> =>
  unit === 1 ? rows : fc.array(fc.tuple(row, row), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat());

/** Finite differences on both sides: where they differ there is a kink, and any slope between them is right. */
function checkDerivatives(actual: Float32Array, at: (t: number) => (step: number) => number): void {
  const h = 1e-5;
  for (let t = 0; t < actual.length; t++) {
    const loss = at(t);
    const [below, here, above] = [loss(-h), loss(0), loss(h)];
    const central = (above - below) / (2 * h);
    const halfKink = Math.abs(above - 2 * here + below) / (2 * h);
    // Float32 coefficients: 6e-8 relative; central differences: h² and 1e-16/h.
    const allowed = 1e-6 * Math.max(1, Math.abs(central)) + 1.001 * halfKink;
    assert.ok(Math.abs(actual[t] - central) <= allowed, `token ${t}: ${actual[t]}, ${central} ± ${allowed}`);
  }
}

for (const { name, objective, options, unit, loss } of cases) {
  test(`${name}: coefficients are the derivative of the loss`, () => {
    fc.assert(
      fc.property(rowsFor(unit), options, (rows, options) => {
        const batch = batchOf(rows);
        const { coefficients, valueCoefficients } = objective(batch, options);
        const value = (moved: AnyBatch) => (loss ? loss(moved, batch, options) : objective(moved, options).loss);
        const moving = (name: "logProbs" | "values") => (t: number) => (step: number) => {
          const moved = Float64Array.from(batch[name] as Float64Array);
          moved[t] += step;
          return value({ ...batch, [name]: moved });
        };
        checkDerivatives(coefficients, moving("logProbs"));
        if (valueCoefficients) checkDerivatives(valueCoefficients, moving("values"));
      }),
      { numRuns: name === "grpo" ? 1500 : 400 },
    );
  });

  if (loss) {
    test(`${name}: the loss is the definition, written out`, () => {
      fc.assert(
        fc.property(rowsFor(unit), options, (rows, options) => {
          const batch = batchOf(rows);
          const [actual, expected] = [objective(batch, options).loss, loss(batch, batch, options)];
          assert.ok(Math.abs(actual - expected) < 1e-10 * Math.max(1, Math.abs(expected)), `${actual}, ${expected}`);
        }),
        { numRuns: 1000 },
      );
    });
  }

  test(`${name}: any split into micro-batches, in any order, gives the same loss, coefficients and metrics`, () => {
    const split = rowsFor(unit).chain((rows) => {
      const units = rows.length / unit;
      return fc.tuple(
        fc.constant(rows),
        fc.shuffledSubarray([...Array(units).keys()], { minLength: units }),
        fc.array(fc.nat(2), { minLength: units, maxLength: units }),
      );
    });
    fc.assert(
      fc.property(split, options, ([rows, order, parts], options) => {
        const batch = batchOf(rows);
        const whole = objective(batch, options);
        const total = batchTotals(batch, options);
        let loss = 0;
        const metrics: Record<string, number> = {};
        for (const part of [0, 1, 2]) {
          const members = order
            .filter((u) => parts[u] === part)
            .flatMap((u) => Array.from({ length: unit }, (_, i) => u * unit + i));
          const result = objective(batchOf(members.map((s) => rows[s])), { ...options, total });
          loss += result.loss;
          for (const [key, value] of Object.entries(result.metrics)) metrics[key] = (metrics[key] ?? 0) + Number(value);
          let t = 0;
          for (const s of members) {
            for (let at = batch.segments[s]; at < batch.segments[s + 1]; at++, t++) {
              assert.equal(result.coefficients[t], whole.coefficients[at]);
              assert.equal(result.valueCoefficients?.[t], whole.valueCoefficients?.[at]);
            }
          }
        }
        const near = (a: number, b: number) => Math.abs(a - b) < 1e-11 * Math.max(1, Math.abs(b));
        assert.ok(near(loss, whole.loss));
        for (const key of Object.keys(whole.metrics)) assert.ok(near(metrics[key], whole.metrics[key]), key);
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: what is outside the mask never matters`, () => {
    fc.assert(
      fc.property(rowsFor(unit), options, (rows, options) => {
        const batch = batchOf(rows);
        const poisoned: Record<string, unknown> = { ...batch };
        for (const key of perToken) {
          poisoned[key] = Float64Array.from(batch[key] as Float64Array, (v, t) => (batch.mask[t] ? v : NaN));
        }
        assert.deepEqual(objective(poisoned as unknown as AnyBatch, options), objective(batch, options));
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: arrays that no option asks for may be absent; loss and coefficients stay`, () => {
    fc.assert(
      fc.property(rowsFor(unit), options, (rows, given) => {
        // Without a reference there can be no KL.
        const options = name === "grpo" ? { ...given, beta: 0 } : given;
        const { refLogProbs, samplerLogProbs, entropies, truncated, oldValues, ...needed } = batchOf(rows);
        const lean = {
          ...needed,
          ...(name === "dpo" ? { refLogProbs } : {}),
          ...(options.samplerCorrection ? { samplerLogProbs } : {}),
          ...(options.topEntropy === undefined ? {} : { entropies }),
          ...(options.maskTruncated ? { truncated } : {}),
          ...(options.valueClip === undefined ? {} : { oldValues }),
        } as AnyBatch;
        const [a, b] = [objective(lean, options), objective(batchOf(rows), options)];
        assert.ok(Math.abs(a.loss - b.loss) < 1e-12 * Math.max(1, Math.abs(b.loss)), `${a.loss}, ${b.loss}`);
        const unsigned = (values?: Float32Array) => values?.map((value) => value + 0); // −0 is 0
        assert.deepEqual(unsigned(a.coefficients), unsigned(b.coefficients));
        assert.deepEqual(unsigned(a.valueCoefficients), unsigned(b.valueCoefficients));
        for (const [key, value] of Object.entries(a.metrics)) {
          assert.ok(Math.abs(Number(value) - b.metrics[key]) < 1e-12 * Math.max(1, Math.abs(b.metrics[key])), key);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: float32 and float64 agree`, () => {
    fc.assert(
      fc.property(rowsFor(unit), options, (rows, options) => {
        const batch = batchOf(rows);
        const single: Record<string, unknown> = { ...batch };
        const rounded: Record<string, unknown> = { ...batch };
        for (const key of perToken) {
          single[key] = Float32Array.from(batch[key] as Float64Array);
          rounded[key] = Float64Array.from(single[key] as Float32Array);
        }
        const [a, b] = [single, rounded].map((each) => objective(each as unknown as AnyBatch, options));
        assert.deepEqual(a, b);
      }),
      { numRuns: 100 },
    );
  });

  test(`${name}: a batch without a trained token has loss 0 and no gradient`, () => {
    for (const lengths of [[], [0, 0], [2, 1, 0, 1]]) {
      const token = { trained: false, entropy: NaN, value: NaN, valueGap: NaN, target: NaN };
      const gaps = { logProb: NaN, oldGap: NaN, refGap: NaN, samplerGap: NaN, advantage: NaN };
      const masked = lengths.map((length) => ({
        tokens: Array.from({ length }, () => ({ ...token, ...gaps })),
        advantage: 0,
        accepted: true,
        truncated: false,
      }));
      const { loss, coefficients, metrics } = objective(batchOf(masked), {});
      if (name !== "dpo") assert.equal(Math.abs(loss), 0);
      assert.ok(coefficients.every((coefficient) => coefficient === 0));
      for (const [key, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${key}: ${value}`);
    }
  });
}
