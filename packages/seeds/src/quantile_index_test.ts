import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quantileIndex } from "./quantile_index.ts";

test("splits [0, 1) at the cumulative weights, whatever they sum to", () => {
  const at = (u: number) => quantileIndex([2, 0, 4, 2, 0], u);
  assert.deepEqual([0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2 ** -53].map(at), [0, 0, 2, 2, 3, 3]);
});

test("returns only indices of positive weight", () => {
  const weight = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e300, noNaN: true }));
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
      (weights, u) => {
        fc.pre(weights.some((value) => value > 0));
        assert.ok(weights[quantileIndex(weights, u)] > 0);
      },
    ),
    { examples: [[[0, 0, 5e-324, 0], 1 - 2 ** -53]] },
  );
});
