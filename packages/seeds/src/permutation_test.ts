import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Feistel, permutation } from "./permutation.ts";
import { stream } from "./stream.ts";

const name = { purpose: "test", step: 1 };

/** (χ² − degrees) / √(2 · degrees): about standard normal if the counts are uniform. */
function chiSquareDeviation(counts: ArrayLike<number>): number {
  const n = counts.length;
  const expected = Array.from(counts).reduce((sum, count) => sum + count, 0) / n;
  const chiSquare = Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (chiSquare - (n - 1)) / Math.sqrt(2 * (n - 1));
}

test("is a bijection with its inverse, for every length to 300 and where tables and bits end", () => {
  const lengths = Array.from({ length: 301 }, (_, i) => i);
  for (const length of [...lengths, 1023, 1024, 1025, 2047, 2048, 2049, 4097, 10_000]) {
    const order = permutation(length, 42, name);
    const seen = new Uint8Array(length);
    let index = 0;
    for (const value of order) {
      assert.equal(seen[value]++, 0);
      assert.equal(order.indexOf(value), index);
      assert.equal(order.at(index++), value);
    }
    assert.equal(index, length);
  }
});

test("indexOf undoes at, for any length to 2^53 − 1", () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.maxSafeInteger().map(Math.abs));
  fc.assert(
    fc.property(length, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(), (n, part, root) => {
      fc.pre(n > 0);
      const order = permutation(n, root, name);
      const index = Math.min(Math.floor(part * n), n - 1);
      const value = order.at(index);
      assert.ok(Number.isSafeInteger(value) && value >= 0 && value < n);
      assert.equal(order.indexOf(value), index);
      assert.equal(order.at(order.indexOf(index)), index);
    }),
  );
});

test("the network alone is a bijection with its inverse, for every width to 14 bits", () => {
  for (let bits = 2; bits <= 14; bits++) {
    const network = new Feistel(bits, 1, 2, 3, 4);
    const seen = new Set<number>();
    for (let value = 0; value < 2 ** bits; value++) {
      const image = network.forward(value);
      assert.ok(image >= 0 && image < 2 ** bits);
      assert.equal(network.backward(image), value);
      seen.add(image);
    }
    assert.equal(seen.size, 2 ** bits);
  }
});

test("the first two values of a small order are uniform over all pairs", () => {
  const n = 7;
  const counts = new Float64Array(n * (n - 1));
  for (let step = 0; step < 42_000; step++) {
    const order = permutation(n, 42, { purpose: "pairs", step });
    const [a, b] = [order.at(0), order.at(1)];
    counts[a * (n - 1) + (b > a ? b - 1 : b)]++;
  }
  assert.ok(Math.abs(chiSquareDeviation(counts)) < 4);
});

test("all 24 orders of four values are equally likely", () => {
  const counts = new Map<string, number>();
  for (let step = 0; step < 24_000; step++) {
    const order = [...permutation(4, 42, { purpose: "orders", step })].join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  assert.ok(Math.abs(chiSquareDeviation([...counts.values()])) < 4);
});

test("neighbours in an order that is not a table are uniform over pairs of places", () => {
  const n = 1025; // the narrowest network in use, 11 bits, and the most cycle walking
  const cells = 41; // 1025 = 41 · 25
  const counts = new Float64Array(cells * cells);
  for (let step = 0; step < 2000; step++) {
    const order = permutation(n, 42, { purpose: "neighbours", step });
    const a = Math.floor(order.at(step % 1024) / 25);
    const b = Math.floor(order.at((step % 1024) + 1) / 25);
    for (let i = 0; i < 40; i += 2) {
      const c = Math.floor(order.at(i) / 25);
      const d = Math.floor(order.at(i + 1) / 25);
      counts[c * cells + d]++;
    }
    counts[a * cells + b]++;
  }
  // A pair falls into one cell slightly less often than n²: 24/1024 against 25/1025 of the time, far below the noise.
  assert.ok(Math.abs(chiSquareDeviation(counts)) < 4);
});

test("the network has as many fixed points and as many ascents as random orders have", () => {
  const n = 1500;
  const orders = 400;
  let fixed = 0;
  let ascents = 0;
  for (let step = 0; step < orders; step++) {
    const values = [...permutation(n, 42, { purpose: "ascents", step })];
    values.forEach((value, i) => {
      if (value === i) fixed++;
      if (i > 0 && values[i - 1] < value) ascents++;
    });
  }
  // Fixed points: Poisson with mean 1. Ascents: mean (n − 1)/2, variance (n + 1)/12.
  assert.ok(Math.abs(fixed - orders) < 4 * Math.sqrt(orders));
  assert.ok(Math.abs(ascents - (orders * (n - 1)) / 2) < 4 * Math.sqrt((orders * (n + 1)) / 12));
});

test("every part of the name and the length changes the order", () => {
  const orders = [
    permutation(2000, 42, { purpose: "a" }),
    permutation(2000, 43, { purpose: "a" }),
    permutation(2000, 42, { purpose: "b" }),
    permutation(2000, 42, { purpose: "a", step: 1 }),
    permutation(2000, 42, { purpose: "a", prompt: 1 }),
    permutation(2000, 42, { purpose: "a", sample: 1 }),
    permutation(2001, 42, { purpose: "a" }),
  ].map((order) => [0, 1, 2, 3].map((i) => order.at(i)).join(" "));
  assert.equal(new Set(orders).size, orders.length);
});

test("a small order is not the stream's own shuffle of the same name", () => {
  const shuffled = stream(42, name).shuffle(Array.from({ length: 100 }, (_, i) => i));
  assert.notDeepEqual([...permutation(100, 42, name)], shuffled);
});

test("what lies outside is refused by name", () => {
  for (const length of [-1, 1.5, 2 ** 53, Number.NaN]) {
    assert.throws(() => permutation(length, 42, name), {
      name: "RangeError",
      message: `Cannot make a permutation: length must be an integer from 0 to 2^53 - 1, got ${length}`,
    });
  }
  for (const order of [permutation(10, 42, name), permutation(5000, 42, name)]) {
    for (const place of [-1, order.length, 0.5, Number.NaN]) {
      assert.throws(() => order.at(place), { name: "RangeError", message: new RegExp(`index .* got ${place}$`) });
      assert.throws(() => order.indexOf(place), { name: "RangeError", message: new RegExp(`value .* got ${place}$`) });
    }
  }
  assert.throws(() => permutation(0, 42, name).at(0), RangeError);
});

test("gives these orders on every engine", () => {
  const golden = { purpose: "golden", step: 1 };
  assert.deepEqual([...permutation(10, 42, golden)], [7, 3, 1, 9, 4, 5, 6, 2, 0, 8]);
  const firsts = [2000, 1e9, 2 ** 53 - 1].map((n) => [0, 1, 2].map((i) => permutation(n, 42, golden).at(i)));
  assert.deepEqual(firsts, [
    [598, 1285, 186],
    [593514535, 870237473, 553547902],
    [6761177971401383, 4916566032388896, 3371746803173124],
  ]);
});
