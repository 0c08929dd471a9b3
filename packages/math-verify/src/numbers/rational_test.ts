import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readDecimal } from "./decimal.ts";
import {
  add,
  bitLength,
  integer,
  MAX_BITS,
  multiply,
  negate,
  ONE,
  power,
  rational,
  same,
  toNumber,
  ZERO,
} from "./rational.ts";

const fraction = fc
  .tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.bigInt({ min: 1n, max: 1000n }))
  .map(([numerator, denominator]) => rational(numerator, denominator)!);

test("fractions form a field", () => {
  fc.assert(
    fc.property(fraction, fraction, fraction, (a, b, c) => {
      assert.ok(same(add(a, b)!, add(b, a)!));
      assert.ok(same(multiply(a, add(b, c)!)!, add(multiply(a, b)!, multiply(a, c)!)!));
      assert.ok(same(add(a, negate(a))!, ZERO));
      if (a.numerator !== 0n) assert.ok(same(multiply(a, power(a, integer(-1))!)!, ONE));
    }),
  );
});

test("powers are repeated products, and roots undo them", () => {
  fc.assert(
    fc.property(fraction, fc.integer({ min: 1, max: 9 }), (base, exponent) => {
      let expected = ONE;
      for (let i = 0; i < exponent; i++) expected = multiply(expected, base)!;
      assert.ok(same(power(base, integer(exponent))!, expected));
      if (base.numerator >= 0n) assert.ok(same(power(expected, rational(1n, BigInt(exponent))!)!, base));
    }),
  );
  assert.equal(power(integer(2), rational(1n, 2n)!), undefined);
  assert.equal(power(ZERO, ZERO), undefined);
});

test("what is too large has no value", () => {
  assert.equal(power(integer(2), integer(MAX_BITS + 1)), undefined);
  assert.equal(power(integer(9), integer(10n ** 30n)), undefined);
  const largest = power(integer(2), integer(MAX_BITS - 8))!;
  assert.equal(multiply(largest, largest), undefined);
  assert.ok(same(power(integer(-1), integer(10n ** 30n + 1n))!, integer(-1)));
});

test("doubles are as near as division, and right beyond its range", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 30n }), (a, b) => {
      const exact = Number(a) / Number(b);
      for (const factor of [1n, 10n ** 600n]) {
        const value = toNumber({ numerator: a * factor, denominator: b * factor });
        assert.ok(Math.abs(value - exact) <= 1e-14 * Math.abs(exact), `${a}/${b}: ${value}, not ${exact}`);
      }
    }),
  );
  assert.equal(toNumber(integer(10n ** 400n)), Infinity);
  assert.equal(toNumber(integer(-(10n ** 400n))), -Infinity);
  assert.equal(toNumber(rational(1n, 10n ** 400n)!), 0);
  assert.ok(bitLength(1n << 99n) >= 100);
});

test("decimals are read exactly", () => {
  const of = (numerator: bigint, denominator: bigint) => rational(numerator, denominator);
  assert.deepEqual(readDecimal("0.1(6)"), of(1n, 6n));
  assert.deepEqual(readDecimal("0.(9)"), of(1n, 1n));
  assert.deepEqual(readDecimal("-12.50"), of(-25n, 2n));
  assert.deepEqual(readDecimal(".5"), of(1n, 2n));
  assert.deepEqual(readDecimal("2.5e-4"), of(1n, 4000n));
  for (const none of ["", ".", "1.2.3", "1e", "x", "1e99999999", "7".repeat(100_000)])
    assert.equal(readDecimal(none), undefined);
});
