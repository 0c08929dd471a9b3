import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aggregation, batchOf, real, rows } from "../testing/batches.ts";
import { canFuse } from "./fused.ts";
import { grpo } from "./grpo.ts";
import type { GrpoBatch, GrpoOptions } from "./grpo_options.ts";
import { planGrpo } from "./grpo_options.ts";

const options = fc
  .tuple(
    aggregation,
    fc.record({
      epsilonLow: real(0, 0.5),
      epsilonHigh: real(0, 0.5),
      upperBound: fc.constantFrom(undefined, 1.1, 2),
      dualClip: fc.constantFrom(undefined, 1.5),
      beta: fc.constantFrom(0, 0.04, 1),
    }),
  )
  .map(([a, b]): GrpoOptions => ({ ...a, ...b, advantagesPer: "token" }));

test("one loop and chunks give the same loss, coefficients and metrics", () => {
  fc.assert(
    fc.property(rows, options, fc.boolean(), (rows, options, withReference) => {
      const { samplerLogProbs, entropies, refLogProbs, ...rest } = batchOf(rows);
      const batch: GrpoBatch = withReference ? { ...rest, refLogProbs } : rest;
      const given = withReference ? options : { ...options, beta: 0 };
      // A clamp that never acts keeps it from being fused.
      const chunked = { ...given, logRatioClamp: 1e9, klLogClamp: 1e9 };
      assert.ok(canFuse(batch, planGrpo("grpo", batch, given)));
      assert.ok(!canFuse(batch, planGrpo("grpo", batch, chunked)));
      const [a, b] = [grpo(batch, given), grpo(batch, chunked)];
      assert.deepEqual(a.coefficients, b.coefficients);
      assert.ok(Math.abs(a.loss - b.loss) < 1e-12);
      const metrics = Object.entries(a.metrics);
      assert.deepEqual(Object.keys(a.metrics), Object.keys(b.metrics));
      for (const [key, value] of metrics) {
        assert.ok(Math.abs(value - (b.metrics as unknown as Record<string, number>)[key]) < 1e-12, key);
      }
    }),
    { numRuns: 500 },
  );
});

test("a sequence longer than a chunk is one sequence", () => {
  const tokens = 1300;
  const wave = (k: number) => Float64Array.from({ length: tokens }, (_, t) => -2 + Math.sin(k * t));
  const batch: GrpoBatch = {
    logProbs: wave(1),
    oldLogProbs: wave(1.01),
    refLogProbs: wave(0.99),
    advantages: Float64Array.of(1, -1),
    mask: Uint8Array.from({ length: tokens }, (_, t) => Number(t % 7 !== 0)),
    segments: Int32Array.of(0, 1201, tokens),
  };
  const [fused, chunked] = [grpo(batch), grpo(batch, { logRatioClamp: 1e9 })];
  assert.deepEqual(chunked.coefficients, fused.coefficients);
  assert.ok(Math.abs(chunked.loss - fused.loss) < 1e-12);
  const { coefficients } = grpo(batch, { ratio: "sequence", beta: 0, epsilonLow: 9, epsilonHigh: 9 });
  const trained = coefficients.subarray(0, 1201).filter((c) => c !== 0);
  assert.equal(trained.length, 1201 - 172);
  assert.ok(trained.every((c) => c === trained[0]));
});
