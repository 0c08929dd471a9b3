import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import { isPrime, powerModulo, primesUpTo } from "./arithmetic/modular.ts";
import { discreteLogarithm } from "./discrete_logarithm.ts";
import { factor } from "./factor.ts";

test("the small semiprimes are factored with every one of twenty seeds, in one run", () => {
  for (const n of [15, 21, 33, 35, 39, 51, 55, 57]) {
    for (let seed = 0; seed < 20; seed++) {
      const { factors, complete } = factor(n, { seed, runs: 3 });
      assert.ok(complete, `${n}, seed ${seed}`);
      assert.equal(factors[0] * factors[1], n);
    }
  }
});

test("random 16-bit semiprimes: one run suffices for at least 99 of 100", () => {
  const random = stream(16, { purpose: "semiprimes" });
  const prime = () => {
    for (;;) {
      const p = random.integer(128, 256);
      if (isPrime(p)) return p;
    }
  };
  let solved = 0;
  for (let i = 0; i < 100; i++) {
    let [p, q] = [0, 0];
    do [p, q] = [prime(), prime()];
    while (p === q || p * q < 2 ** 15);
    const { factors, complete } = factor(p * q, { seed: i, runs: 1 });
    if (!complete) continue;
    assert.deepEqual(
      factors,
      [p, q].sort((a, b) => a - b),
    );
    solved++;
  }
  assert.ok(solved >= 99, `${solved} of 100`);
});

test("a number of several primes is factored completely from one order", () => {
  assert.deepEqual(factor(3 * 7 * 11 * 13, { seed: 1 }).factors, [3, 7, 11, 13]);
});

test("what needs no quantum computer is refused with the reason", () => {
  for (const [n, reason] of [
    [16, /it is even/],
    [17, /it is prime/],
    [27, /a perfect power, 3\^3/],
    [9, /odd composite integer from 15/],
    [1.5, /odd composite integer/],
    [1000001 * 1000003, /of memory/],
  ] as const) {
    assert.throws(() => factor(n, { seed: 1 }), reason);
  }
  for (const runs of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => factor(15, { seed: 1, runs }), /runs must be a positive integer, found/);
    assert.throws(() => discreteLogarithm(3, 13, 17, { seed: 1, runs }), /runs must be a positive integer, found/);
  }
});

/** Baby-step giant-step: the twin. */
function logarithmNaive(g: number, h: number, p: number): number | undefined {
  const m = Math.ceil(Math.sqrt(p));
  const baby = new Map<number, number>();
  for (let i = m - 1; i >= 0; i--) baby.set(powerModulo(g, i, p), i);
  let best: number | undefined;
  for (let k = 0; k <= m; k++) {
    const x = baby.get((h * powerModulo(powerModulo(g, p - 2, p), k * m, p)) % p);
    if (x !== undefined && (best === undefined || k * m + x < best)) best = k * m + x;
  }
  return best;
}

test("discrete logarithms of all pairs for all primes to 31 are those of baby-step giant-step", () => {
  for (const p of primesUpTo(31).slice(1)) {
    for (let g = 1; g < p; g++) {
      for (let h = 1; h < p; h++) {
        const expected = logarithmNaive(g, h, p);
        const found = discreteLogarithm(g, h, p, { seed: "all pairs" });
        assert.equal(found, expected, `${h} to the base ${g} modulo ${p}`);
      }
    }
  }
});

test("logarithms out of range are refused by name", () => {
  assert.throws(() => discreteLogarithm(2, 3, 15, { seed: 1 }), /expected a prime .* found 15/);
  assert.throws(() => discreteLogarithm(0, 3, 17, { seed: 1 }), /g must be from 1 to 16, found 0/);
  assert.throws(() => discreteLogarithm(2, 17, 17, { seed: 1 }), /h must be from 1 to 16, found 17/);
});
