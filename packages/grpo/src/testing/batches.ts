/**
 * Random ragged batches for property tests: sequences of 0 to 6 tokens, any of them masked, with everything that any
 * objective reads.
 *
 * @module
 */

import fc from "fast-check";
import type { GrpoBatch, GrpoOptions } from "../objectives/grpo_options.ts";
import type { PpoBatch } from "../objectives/ppo.ts";
import type { RejectionBatch } from "../objectives/sft.ts";

/** A batch that holds what any of the objectives reads. */
export type AnyBatch = GrpoBatch &
  RejectionBatch &
  PpoBatch & { refLogProbs: Float64Array; logProbs: Float64Array; sequenceAdvantages: Float64Array };

/** Arrays of a batch with one entry for each token. */
const columns = ["logProbs", "oldLogProbs", "refLogProbs", "samplerLogProbs", "advantages", "entropies"] as const;
const valueColumns = ["values", "oldValues", "returns"] as const;
export const perToken: readonly (keyof AnyBatch)[] = [...columns, ...valueColumns];

/** One sequence. */
export interface Row {
  readonly tokens: readonly {
    readonly trained: boolean;
    readonly logProb: number;
    readonly oldGap: number;
    readonly refGap: number;
    readonly samplerGap: number;
    readonly advantage: number;
    readonly entropy: number;
    readonly value: number;
    readonly valueGap: number;
    readonly target: number;
  }[];
  /** Where advantages are of sequences. */
  readonly advantage: number;
  readonly accepted: boolean;
  readonly truncated: boolean;
}

/** A double between two bounds. */
export const real = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

const token = fc.record({
  trained: fc.boolean(),
  logProb: real(-4, 0),
  oldGap: real(-1, 1),
  refGap: real(-1, 1),
  samplerGap: real(-0.5, 0.5),
  advantage: real(-2, 2),
  entropy: real(0, 3),
  value: real(-1, 1),
  valueGap: real(-1, 1),
  target: real(-1, 1),
});

export const row: fc.Arbitrary<Row> = fc
  .record({
    tokens: fc.array(token, { maxLength: 6 }),
    allMasked: fc.integer({ min: 0, max: 5 }).map((die) => die === 0),
    advantage: real(-2, 2),
    accepted: fc.boolean(),
    truncated: fc.integer({ min: 0, max: 3 }).map((die) => die === 0),
  })
  .map(({ tokens, allMasked, ...rest }) => ({
    ...rest,
    tokens: allMasked ? tokens.map((each) => ({ ...each, trained: false })) : tokens,
  }));

export const rows: fc.Arbitrary<Row[]> = fc.array(row, { minLength: 1, maxLength: 6 });

/** Lays rows end to end. */
export function batchOf(rows: readonly Row[]): AnyBatch {
  const flat = (pick: (token: Row["tokens"][number]) => number) =>
    Float64Array.from(rows.flatMap((each) => each.tokens.map(pick)));
  const segments = new Int32Array(rows.length + 1);
  rows.forEach((each, s) => {
    segments[s + 1] = segments[s] + each.tokens.length;
  });
  return {
    segments,
    mask: Uint8Array.from(flat((t) => Number(t.trained))),
    logProbs: flat((t) => t.logProb),
    oldLogProbs: flat((t) => t.logProb - t.oldGap),
    refLogProbs: flat((t) => t.logProb - t.refGap),
    samplerLogProbs: flat((t) => t.logProb - t.oldGap - t.samplerGap),
    advantages: flat((t) => t.advantage),
    entropies: flat((t) => t.entropy),
    values: flat((t) => t.value),
    oldValues: flat((t) => t.value - t.valueGap),
    returns: flat((t) => t.target),
    sequenceAdvantages: Float64Array.from(rows, (each) => each.advantage),
    accepted: rows.map((each) => Number(each.accepted)),
    truncated: rows.map((each) => Number(each.truncated)),
  };
}

export const aggregation: fc.Arbitrary<Pick<GrpoOptions, "aggregation" | "maxLength">> = fc.record({
  aggregation: fc.constantFrom("grpo" as const, "bnpo" as const, "dr_grpo" as const, "dapo" as const, "luspo" as const),
  maxLength: fc.constant(7),
});

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** Options of the surrogate, any combination. */
export const surrogateOptions: fc.Arbitrary<GrpoOptions> = fc
  .tuple(
    aggregation,
    fc.record({
      surrogate: fc.constantFrom("clip" as const, "cispo" as const, "sapo" as const),
      epsilonLow: fc.oneof(real(0, 0.5), fc.constantFrom(undefined, 1, 10, Infinity)),
      epsilonHigh: fc.oneof(real(0, 0.5), fc.constantFrom(undefined, 10, Infinity)),
      upperBound: fc.constantFrom(undefined, 1.1, 2),
      dualClip: fc.constantFrom(undefined, 1.5, 3),
      temperatures: maybe(fc.record({ positive: real(0.5, 2), negative: real(0.5, 2) })),
      ratio: fc.constantFrom("token" as const, "sequence" as const, "sequence-token" as const, "product" as const),
      logRatioClamp: fc.constantFrom(undefined, 0.5),
      samplerCorrection: maybe(
        fc.record({
          level: fc.constantFrom("token" as const, "sequence" as const),
          mode: fc.constantFrom("truncate" as const, "mask" as const),
          cap: maybe(real(0.8, 1.5)),
          floor: maybe(real(0, 0.9)),
        }),
      ),
      maskTruncated: fc.boolean(),
      topEntropy: fc.constantFrom(undefined, 0.2, 0.6, 1),
      advantagesPer: fc.constantFrom("token" as const, "sequence" as const),
    }),
  )
  .map(([a, b]) => ({ ...a, ...b }));

/** The batch with advantages as the options want them: one for each token, or each sequence. */
export function fitted(batch: AnyBatch, { advantagesPer }: GrpoOptions): AnyBatch {
  return advantagesPer === "sequence" ? { ...batch, advantages: batch.sequenceAdvantages } : batch;
}

/** Options of `grpo`, any combination. */
export const grpoOptions: fc.Arbitrary<GrpoOptions> = fc
  .tuple(
    surrogateOptions,
    fc.record({
      beta: fc.constantFrom(undefined, 0, 0.04, 1),
      kl: fc.constantFrom(undefined, "k1" as const, "k2" as const, "k3" as const),
      klGradient: fc.constantFrom(undefined, "k1" as const, "k2" as const, "k3" as const),
      klImportance: fc.boolean(),
      klLevel: fc.constantFrom("token" as const, "sequence" as const),
      klPlacement: fc.constantFrom("loss" as const, "advantage" as const),
      klLogClamp: fc.constantFrom(undefined, 0.5),
      klClamp: fc.constantFrom(undefined, 0.2),
    }),
  )
  .map(([a, b]) => ({ ...a, ...b }));
