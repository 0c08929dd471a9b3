import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstNonFinite } from "./finite.ts";

test("the first number that is not finite is found, wherever it is", () => {
  const numbers = fc.oneof(
    { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  );
  fc.assert(
    fc.property(fc.array(numbers), (list) => {
      assert.equal(
        firstNonFinite(Float32Array.from(list)),
        list.findIndex((x) => !Number.isFinite(x)),
      );
    }),
    { numRuns: 1000 },
  );
});
