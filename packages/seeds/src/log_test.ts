import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { log } from "./log.ts";

const BITS = 160n;
const ONE = 1n << BITS;

/** 2 artanh(n / d) in fixed point with 160 bits after the point, by the plain series. */
function twiceArtanh(n: bigint, d: bigint): bigint {
  let power = (n * ONE) / d;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = (power * n * n) / (d * d);
  }
  return 2n * sum;
}

/** The logarithm of a double to some 45 digits: log(2^e · m) = e log 2 + 2 artanh((m − 1)/(m + 1)). */
function logNaive(x: number): bigint {
  let exponent = 0;
  let m = x;
  for (; m >= 2; m /= 2) exponent++;
  for (; m < 1; m *= 2) exponent--;
  const mantissa = BigInt(m * 2 ** 52);
  const unit = 1n << 52n;
  return BigInt(exponent) * twiceArtanh(1n, 3n) + twiceArtanh(mantissa - unit, mantissa + unit);
}

test("is within 2 units in the last place of the exact logarithm", () => {
  const positive = fc.oneof(
    fc.double({ min: 2 ** -1022, max: Number.MAX_VALUE, noNaN: true }),
    fc.double({ min: 2 ** -53, max: 1, noNaN: true }),
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.integer({ min: 1, max: 2 ** 30 }).map((n) => 1 - n * 2 ** -53), // close to 1, where relative error is hard
  );
  fc.assert(
    fc.property(positive, (x) => {
      const result = log(x);
      const exact = logNaive(x);
      if (exact === 0n) return assert.equal(result, 0);
      let ulp = 2 ** -105; // the least there is: |log x| is at least 2^-53 for a double other than 1
      while (Math.abs(result) >= ulp * 2 ** 53) ulp *= 2;
      const fixed = BigInt(result * 2 ** 105) << (BITS - 105n);
      const difference = (Number(fixed - exact) * 2 ** -Number(BITS)) / ulp;
      assert.ok(Math.abs(difference) <= 2, `log(${x}) = ${result}, off by ${difference} ulp`);
    }),
    { numRuns: 2000, examples: [[1], [2], [0.5], [Math.SQRT2], [Math.SQRT1_2], [1 - 2 ** -53], [1 + 2 ** -52]] },
  );
});

test("gives these doubles everywhere", () => {
  assert.equal(log(1), 0);
  assert.equal(log(2), Math.LN2);
  assert.equal(log(10), Math.LN10);
  assert.equal(log(2 ** -53), -36.7368005696771);
});
