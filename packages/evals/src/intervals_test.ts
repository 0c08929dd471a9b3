import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accuracy } from "./accuracy.ts";
import { mcnemarTest } from "./mcnemar.ts";
import { meanInterval } from "./mean.ts";
import { wilsonInterval } from "./wilson.ts";

function close(actual: number, expected: number, tolerance = 5e-5): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test("Wilson's interval has the published values", () => {
  // Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
  const table = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [5, 10, 0.2366, 0.7634],
  ];
  for (const [successes, trials, low, high] of table) {
    const interval = wilsonInterval(successes, trials);
    close(interval.low, low);
    close(interval.high, high);
  }
});

test("the ends of Wilson's interval are as far from the share as its test allows", () => {
  // The defining property: |p̂ − π| = z √(π(1 − π)/n) at both ends.
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
      const successes = Math.round(share * n);
      const { low, high } = wilsonInterval(successes, n);
      for (const end of [low, high]) {
        const distance = Math.abs(successes / n - end);
        close(distance, 1.959963984540054 * Math.sqrt((end * (1 - end)) / n), 1e-9);
      }
      assert.ok(0 <= low && low <= successes / n && successes / n <= high && high <= 1);
    }),
  );
});

test("more confidence is a wider interval, and no trials are no knowledge", () => {
  const [narrow, wide] = [0.9, 0.99].map((confidence) => wilsonInterval(7, 10, { confidence }));
  assert.ok(wide.low < narrow.low && narrow.high < wide.high);
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1 });
});

test("accuracy counts right answers, true or 1", () => {
  assert.deepEqual(accuracy([true, false, true, true]), { accuracy: 0.75, ...wilsonInterval(3, 4), n: 4, correct: 3 });
  assert.deepEqual(accuracy(Uint8Array.of(1, 0, 1, 1)), accuracy([true, false, true, true]));
  assert.ok(Number.isNaN(accuracy([]).accuracy));
});

test("the mean of three runs has Student's wide interval", () => {
  const { mean, low, high, std, n } = meanInterval([0.5, 0.52, 0.54]);
  close(mean, 0.52, 1e-12);
  close(std, 0.02, 1e-12);
  close(low, 0.52 - (4.302653 * 0.02) / Math.sqrt(3), 1e-7);
  close(high, 0.52 + (4.302653 * 0.02) / Math.sqrt(3), 1e-7);
  assert.equal(n, 3);
});

test("Student's own data have his interval", () => {
  // Student (1908): extra hours of sleep of ten patients; R's t.test(sleep$extra[11:20] - sleep$extra[1:10]).
  const extra = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
  const { mean, low, high } = meanInterval(extra);
  close(mean, 1.58, 1e-12);
  close(low, 0.7001142, 1e-7);
  close(high, 2.4598858, 1e-7);
});

test("one run says nothing of the spread", () => {
  assert.deepEqual(meanInterval([0.5]), { mean: 0.5, low: -Infinity, high: Infinity, std: NaN, n: 1 });
});

test("the paired test is the sign test on the problems where the models differ", () => {
  const outcomes = (both: number, first: number, second: number, neither: number) => [
    [...Array(both + first).fill(1), ...Array(second + neither).fill(0)],
    [...Array(both).fill(1), ...Array(first).fill(0), ...Array(second).fill(1), ...Array(neither).fill(0)],
  ];
  const [a, b] = outcomes(10, 1, 5, 4);
  // Bin(6, 1/2): 2 · (1 + 6)/64.
  assert.deepEqual(
    { ...mcnemarTest(a, b), pValue: 0 },
    { n: 20, onlyFirst: 1, onlySecond: 5, difference: 0.2, pValue: 0 },
  );
  close(mcnemarTest(a, b).pValue, 14 / 64, 1e-12);
  close(mcnemarTest(b, a).pValue, 14 / 64, 1e-12);
  // Agresti, "Categorical data analysis", table 10.1: 150 and 86 discordant of 1,600; z² = 17.36 by the normal test.
  const [c, d] = outcomes(794, 150, 86, 570);
  close(mcnemarTest(c, d).pValue, 3.7e-5, 2e-6);
  // As many each way, and none at all.
  assert.equal(mcnemarTest([1, 0], [0, 1]).pValue, 1);
  assert.equal(mcnemarTest([1, 0], [1, 0]).pValue, 1);
});

test("errors name the argument, what was expected and what was found", () => {
  assert.throws(() => wilsonInterval(3, 2), /RangeError: .*0 ≤ successes ≤ trials, found 3 of 2/);
  assert.throws(() => wilsonInterval(0.5, 2), /RangeError: .*found 0.5 of 2/);
  assert.throws(() => wilsonInterval(1, 2, { confidence: 95 }), /RangeError: .*confidence must be .* found 95/);
  assert.throws(() => accuracy([1, 0.5]), /RangeError: .*outcomes\[1\] must be .* found 0.5/);
  assert.throws(() => meanInterval([]), /RangeError: .*at least one value, found none/);
  assert.throws(() => meanInterval([1, NaN]), /RangeError: .*values\[1\] must be finite, found NaN/);
  assert.throws(() => mcnemarTest([1], [1, 0]), /RangeError: .*expected 1 in the second.* found 2/);
});
