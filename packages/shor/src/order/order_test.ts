import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { convergents } from "../arithmetic/continued_fraction.ts";
import { gcd, inverseModulo, isPrime, perfectPower, powerModulo, primesUpTo } from "../arithmetic/modular.ts";
import { DenseRegister } from "./dense_register.ts";
import { exactDistribution } from "./distribution.ts";
import { chanceOfZero, measurePhase } from "./iterative.ts";
import { recoverOrder } from "./recover.ts";
import { rowsOf } from "./rows.ts";
import { SparseRegister } from "./sparse_register.ts";
import { splitByOrder, splitByTextbook } from "./split.ts";

/** By multiplying until 1 comes: the twin. */
const orderNaive = (a: number, n: number): number => {
  let order = 1;
  for (let power = a % n; power !== 1; power = (power * a) % n) order++;
  return order;
};
const units = (n: number) => Array.from({ length: n - 2 }, (_, i) => i + 2).filter((a) => gcd(a, n) === 1);

/** P(j) in closed form. */
function distributionOf(order: number, bits: number): Float64Array {
  const size = 2 ** bits;
  return Float64Array.from({ length: size }, (_, j) => {
    const turn = (2 * Math.PI * ((j * order) % size)) / size;
    let chance = 0;
    for (const [terms, times] of [
      [Math.floor(size / order) + 1, size % order],
      [Math.floor(size / order), order - (size % order)],
    ]) {
      const amplitude =
        Math.abs(Math.sin(turn / 2)) < 1e-12 ? terms : Math.sin((terms * turn) / 2) / Math.sin(turn / 2);
      chance += (times * amplitude ** 2) / size ** 2;
    }
    return chance;
  });
}

test("base 7 modulo 15: four equal peaks", () => {
  const chances = exactDistribution(7, 15);
  for (let j = 0; j < 256; j++) assert.ok(Math.abs(chances[j] - (j % 64 === 0 ? 0.25 : 0)) < 1e-12);
});

test("N = 15 … 57, every base: the order comes back from what is measured, with nearly all of the probability", () => {
  for (const modulus of [15, 21, 33, 35, 39, 51, 55, 57]) {
    for (const a of units(modulus)) {
      const order = orderNaive(a, modulus);
      const bits = 2 * Math.ceil(Math.log2(modulus));
      let good = 0;
      distributionOf(order, bits).forEach((chance, j) => {
        if (chance > 1e-4 && recoverOrder({ j, bits }, a, modulus) === order) good += chance;
      });
      assert.ok(good > 0.98, `${a} mod ${modulus}: ${good}`);
    }
  }
});

test("the emulated circuit has the exact distribution, to 1e-10, wherever the tree of outcomes is small", () => {
  for (const modulus of [15, 21, 35]) {
    for (const a of units(modulus)) {
      const bits = modulus === 15 ? 8 : 6;
      const expected = distributionOf(orderNaive(a, modulus), bits);
      const found = exactDistribution(a, modulus, bits);
      for (let j = 0; j < expected.length; j++)
        assert.ok(Math.abs(found[j] - expected[j]) < 1e-10, `${a} ${modulus} ${j}`);
    }
  }
});

test("the textbook's post-processing alone finds the order in fewer runs", () => {
  const [a, modulus, bits] = [5, 57, 12];
  const order = orderNaive(a, modulus);
  let good = 0;
  distributionOf(order, bits).forEach((chance, j) => {
    const found = recoverOrder({ j, bits }, a, modulus, { neighbours: 0, smoothness: 0 });
    if (found === order) good += chance;
  });
  assert.ok(good > 0.17 && good < 0.55, `${good}`);
});

test("a dense register does what a sparse one does", () => {
  const modulus = 4087;
  const sparse = new SparseRegister(modulus);
  for (const factor of [2, 5, 7, 11, 13, 17, 19]) {
    sparse.multiply(factor);
    sparse.combine(0.7, 0.5, 0.5);
  }
  const norm = [...sparse.entries()].reduce((sum, [, re, im]) => sum + re * re + im * im, 0);
  sparse.multiply(1);
  sparse.combine(1 / Math.sqrt(norm), 0, 0);
  const dense = new DenseRegister(sparse, modulus);
  for (let l = 0; l < 6; l++) {
    const [first, second] = [sparse, dense].map((register) => chanceOfZero(register, 4001, 5, 4));
    assert.ok(Math.abs(first.chance - second.chance) < 1e-5, `${first.chance} and ${second.chance}`);
    for (const round of [first, second]) round.take(l % 2 ? 1 : 0);
  }
  const amplitudes = dense.amplitudes;
  for (const [value, re, im] of sparse.entries()) {
    assert.ok(Math.abs(amplitudes[2 * value] - re) < 1e-5 && Math.abs(amplitudes[2 * value + 1] - im) < 1e-5);
  }
});

test("rows are all values, each once, and short unless the factor forbids it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 3000 }), fc.nat(), fc.integer({ min: 1, max: 80 }), (modulus, k, longest) => {
      const a = 1 + (k % (modulus - 1));
      fc.pre(gcd(a, modulus) === 1);
      const [first, second] = rowsOf(a, modulus, longest);
      const seen = new Uint8Array(modulus);
      for (let row = 0; row < first.count + second.count; row++) {
        const begin = (row * a) % modulus;
        const { length } = row < first.count ? first : second;
        for (let i = 0; i < length; i++) seen[begin + i]++;
      }
      assert.ok(seen.every((times) => times === 1));
      const many = 64 * (first.count + second.count) >= modulus;
      assert.ok(many || Math.max(first.length, second.length) <= longest);
    }),
  );
});

test("a dense register multiplies as the definition says, whatever the rows", () => {
  const modulus = 4087;
  for (const factor of [1, 2, 4086, 2043, 2044, 60, 68, 1000]) {
    const sparse = new SparseRegister(modulus);
    for (const base of [3, 5, 1234]) {
      sparse.multiply(base);
      sparse.combine(0.5, 0.25, 0.25);
    }
    const dense = new DenseRegister(sparse, modulus);
    const before = dense.amplitudes.slice();
    dense.multiply(factor);
    dense.combine(0, 1, 0);
    for (let x = 0; x < modulus; x++) {
      const to = 2 * ((x * factor) % modulus);
      assert.deepEqual([dense.amplitudes[to], dense.amplitudes[to + 1]], [before[2 * x], before[2 * x + 1]]);
    }
  }
});

test("a run large enough for dense rounds recovers the order", () => {
  for (const [a, modulus] of [
    [2, 61 * 1021],
    [3, 1019 * 1013],
    [5, 1031],
  ]) {
    const run = measurePhase(a, modulus, stream(3, { purpose: "dense" }));
    assert.equal(recoverOrder(run, a, modulus), orderNaive(a, modulus));
  }
});

test("convergents are best approximations, and end with the fraction itself", () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.integer({ min: 1, max: 2000 }), (p, q) => {
      const list = convergents(p, q);
      const d = gcd(p, q) || 1;
      assert.deepEqual(list.at(-1), { numerator: p / d, denominator: q / d });
      for (const { numerator, denominator } of list) {
        const error = Math.abs(p * denominator - numerator * q);
        for (let other = 1; other < Math.min(denominator, 40); other++) {
          const nearest = Math.round((p * other) / q);
          assert.ok(Math.abs(p * other - nearest * q) * denominator >= error * other - 1e-9);
        }
      }
    }),
  );
});

test("the order of a random element splits N into its primes, prime powers and several factors included", () => {
  for (const [n, primes] of [
    [3 * 5 * 7 * 11, [3, 5, 7, 11]],
    [9 * 25 * 7, [3, 3, 5, 5, 7]],
    [101 * 103, [101, 103]],
  ] as const) {
    const random = stream(n, { purpose: "split" });
    const a = units(n)[random.integer(0, units(n).length)];
    assert.deepEqual(splitByOrder(n, orderNaive(a, n), random), primes);
  }
  assert.deepEqual(splitByTextbook(15, 7, 4), [3, 5]);
  assert.equal(splitByTextbook(15, 14, 2), undefined);
});

test("small arithmetic: inverses, primes, perfect powers", () => {
  const primes = new Set(primesUpTo(2000));
  for (let n = 0; n <= 2000; n++) assert.equal(isPrime(n), primes.has(n), `${n}`);
  for (const a of units(97)) assert.equal((a * inverseModulo(a, 97)) % 97, 1);
  assert.deepEqual(perfectPower(3 ** 5), [3, 5]);
  assert.deepEqual(perfectPower(36), [6, 2]);
  assert.equal(powerModulo(3, 200, 1009), Number(3n ** 200n % 1009n));
});

test("sizes beyond the limits are refused, with the memory that they would need", () => {
  const random = stream(1, { purpose: "refused" });
  const tight = { memoryLimit: 2 ** 29 };
  assert.throws(
    () => measurePhase(2, 2 ** 26 - 5, random, tight),
    /26 bits needs 1 GiB of memory, the limit is 512 MiB/,
  );
  assert.throws(() => measurePhase(2, 549755813701, random), /39 bits needs 8190 GiB of memory, a modulus of 26 bits/);
  assert.throws(() => measurePhase(3, 15, random), /without a common factor with 15, found 3/);
  assert.throws(() => measurePhase(2, 15, random, { bits: 60 }), /bits must be from 1 to 52, found 60/);
  assert.throws(() => measurePhase(2, 15, random, { memoryLimit: Number.NaN }), /the limit is NaN/);
  assert.throws(() => exactDistribution(7, 15, 60), /bits must be from 1 to 26, found 60/);
  assert.throws(() => exactDistribution(3, 15), /without a common factor with 15, found 3/);
  assert.throws(() => exactDistribution(7, Number.NaN), /modulus must be an integer from 3, found NaN/);
  assert.throws(() => recoverOrder({ j: 1, bits: 99 }, 7, 15), /bits must be from 1 to 52, found 99/);
  assert.throws(() => recoverOrder({ j: 1, bits: 8 }, 3, 15), /without a common factor with 15, found 3/);
  assert.throws(() => splitByOrder(15, 0, random), /Cannot split 15: expected a positive order, found 0/);
  assert.throws(() => splitByOrder(16, 2, random), /expected an odd integer from 3 to 2\^26, found 16/);
});
