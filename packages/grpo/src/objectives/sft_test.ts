import assert from "node:assert/strict";
import { test } from "node:test";
import { batchTotals, maskFromLabels } from "./batch.ts";
import { rejectionFineTuning, sft } from "./sft.ts";

const batch = {
  logProbs: Float64Array.of(-1, -2, -3, -4),
  mask: Uint8Array.of(1, 0, 1, 1),
  segments: Int32Array.of(0, 2, 4), // One trained token, two.
};

test("supervised fine-tuning is the mean negative log-likelihood of the trained tokens", () => {
  const { loss, coefficients, metrics } = sft(batch);
  assert.ok(Math.abs(loss - 8 / 3) < 1e-12);
  assert.deepEqual([...coefficients], [...Float32Array.of(-1 / 3, 0, -1 / 3, -1 / 3)]);
  assert.deepEqual(metrics, { tokens: 3, sequences: 2, nll: 8 / 3, accepted: 1 });
});

test("rejection sampling trains on accepted completions and averages over all", () => {
  const { loss, coefficients, metrics } = rejectionFineTuning({ ...batch, accepted: [0, 1] });
  assert.equal(loss, 3.5 / 2);
  assert.deepEqual([...coefficients], [0, 0, -0.25, -0.25]);
  assert.equal(metrics.accepted, 0.5);
});

test("accepting everything is supervised fine-tuning", () => {
  const options = { aggregation: "grpo" as const };
  assert.deepEqual(rejectionFineTuning({ ...batch, accepted: [true, true].map(Number) }), sft(batch, options));
});

test("errors name the argument, what was expected and what was found", () => {
  assert.throws(
    () => sft({ ...batch, mask: Uint8Array.of(1) }),
    /RangeError: .*sft: expected 4 entries in mask.*found 1/,
  );
  assert.throws(
    () => rejectionFineTuning({ ...batch, accepted: [1] }),
    /RangeError: .*expected 2 entries in accepted, one for each sequence, found 1/,
  );
  const logProbs = Float64Array.of(-1, -2, -Infinity, -4);
  assert.throws(() => sft({ ...batch, logProbs }), /RangeError: .*logProbs\[2\] must be finite, found -Infinity/);
});

test("a mask follows from labels, and totals from a mask", () => {
  const mask = maskFromLabels(Int32Array.of(-100, 0, 7, -100));
  assert.deepEqual([...mask], [0, 1, 1, 0]);
  assert.deepEqual(batchTotals({ mask, segments: Int32Array.of(0, 1, 4) }), { sequences: 2, tokens: 2 });
});
