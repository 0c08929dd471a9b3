// Do the draws have the distributions they claim? Seeds are fixed, so each test passes or fails for good; the bounds
// are those a correct generator exceeds about once in ten thousand seeds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "./stream.ts";

const open = (purpose: string, sample = 0) => stream(2024, { purpose, sample });

/** (χ² − degrees) / √(2 · degrees), about standard normal; `expected` in the same cells. */
function chiSquareDeviation(counts: ArrayLike<number>, expected: ArrayLike<number>): number {
  let chiSquare = 0;
  for (let i = 0; i < counts.length; i++) chiSquare += (counts[i] - expected[i]) ** 2 / expected[i];
  return (chiSquare - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}
const even = (cells: number, draws: number): Float64Array => new Float64Array(cells).fill(draws / cells);

/** √n · sup |F_n − F|: above 2.23 once in ten thousand (Kolmogorov). */
function kolmogorovSmirnov(values: Float64Array, distribution: (x: number) => number): number {
  values.sort();
  const n = values.length;
  let greatest = 0;
  for (let i = 0; i < n; i++) {
    const p = distribution(values[i]);
    greatest = Math.max(greatest, p - i / n, (i + 1) / n - p);
  }
  return greatest * Math.sqrt(n);
}

/** Φ(z) = ½ + φ(z) (z + z³/3 + z⁵/(3·5) + …) */
function normalDistribution(z: number): number {
  let sum = 0;
  for (let term = z, k = 3; Math.abs(term) > 1e-18; k += 2) {
    sum += term;
    term *= (z * z) / k;
  }
  return 0.5 + (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

test("every byte of the words is uniform, and so is each pair of successive ones", () => {
  const draws = 1 << 20;
  for (const shift of [0, 8, 16, 24]) {
    const random = open("bytes", shift);
    const counts = new Float64Array(256);
    const pairs = new Float64Array(4096);
    let previous = 0;
    for (let i = 0; i < draws; i++) {
      const byte = (random.uint32() >>> shift) & 255;
      counts[byte]++;
      pairs[((previous & 63) << 6) | (byte & 63)]++;
      previous = byte;
    }
    assert.ok(Math.abs(chiSquareDeviation(counts, even(256, draws))) < 4);
    assert.ok(Math.abs(chiSquareDeviation(pairs, even(4096, draws))) < 4);
  }
});

test("uniforms of 53 and of 24 bits are uniform", () => {
  const identity = (x: number) => x;
  assert.ok(kolmogorovSmirnov(open("uniform").fillUniform(new Float64Array(200_000)), identity) < 2.23);
  const single = open("uniform32").fillUniform(new Float32Array(200_000));
  assert.ok(kolmogorovSmirnov(Float64Array.from(single), identity) < 2.23);
});

test("normals are normal: in distribution, in moments and in the tails", () => {
  const n = 400_000;
  const values = open("normal").fillNormal(new Float64Array(n));
  const moment = (k: number) => values.reduce((sum, z) => sum + z ** k, 0) / n;
  // The k-th moment of n normals has the variance (E z^2k − (E z^k)²) / n.
  assert.ok(Math.abs(moment(1)) < 4 * Math.sqrt(1 / n));
  assert.ok(Math.abs(moment(2) - 1) < 4 * Math.sqrt(2 / n));
  assert.ok(Math.abs(moment(3)) < 4 * Math.sqrt(15 / n));
  assert.ok(Math.abs(moment(4) - 3) < 4 * Math.sqrt(96 / n));
  const beyond = values.filter((z) => Math.abs(z) > 3.5).length;
  const expected = n * 4.652581580710801e-4; // 2 Φ(−3.5)
  assert.ok(Math.abs(beyond - expected) < 4 * Math.sqrt(expected));
  assert.ok(kolmogorovSmirnov(values, normalDistribution) < 2.23);
});

test("normals have the mean and the standard deviation asked for", () => {
  const n = 100_000;
  const values = open("scaled").fillNormal(new Float32Array(n), 5, 0.02);
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  assert.ok(Math.abs(mean - 5) < (4 * 0.02) / Math.sqrt(n));
  assert.ok(Math.abs(variance / 0.02 ** 2 - 1) < 4 * Math.sqrt(2 / n));
});

test("integers are unbiased where a plain remainder or product would be biased", () => {
  // 3 · 2^30 values do not divide 2^32: a remainder would draw the lowest third twice as often.
  const range = 3 * 2 ** 30;
  const draws = 90_000;
  const thirds = new Float64Array(3);
  const residues = new Float64Array(3);
  const random = open("integer");
  for (let i = 0; i < draws; i++) {
    const value = random.integer(0, range);
    thirds[Math.floor(value / 2 ** 30)]++;
    residues[value % 3]++;
  }
  assert.ok(Math.abs(chiSquareDeviation(thirds, even(3, draws))) < 8); // 2 degrees: far from normal, e^-9
  assert.ok(Math.abs(chiSquareDeviation(residues, even(3, draws))) < 8);

  const wide = new Float64Array(3);
  for (let i = 0; i < draws; i++) wide[Math.floor(random.integer(0, 3 * 2 ** 51) / 2 ** 51)]++;
  assert.ok(Math.abs(chiSquareDeviation(wide, even(3, draws))) < 8);
});

test("categories come with their softmax, from logits and from probabilities", () => {
  const logits = Float32Array.of(0, 2, -1, 1.5, Number.NEGATIVE_INFINITY, -3, 2);
  const weights = Array.from(logits, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const possible = weights.flatMap((weight, i) => (weight > 0 ? [i] : []));
  const draws = 200_000;
  const fromLogits = new Float64Array(7);
  const fromProbabilities = new Float64Array(7);
  for (let sample = 0; sample < draws; sample++) {
    fromLogits[open("logits", sample).categorical(logits)]++; // one stream for each draw, as in sampling
    fromProbabilities[open("weights", sample).categoricalFromProbabilities(weights)]++;
  }
  for (const counts of [fromLogits, fromProbabilities]) {
    assert.equal(counts[4], 0);
    const deviation = chiSquareDeviation(
      possible.map((i) => counts[i]),
      possible.map((i) => (draws * weights[i]) / total),
    );
    assert.ok(Math.abs(deviation) < 5);
  }
});

test("a vocabulary of 5000 is drawn by its softmax, across pieces", () => {
  const logits = open("vocabulary").fillNormal(new Float32Array(5000), 0, 2);
  const weights = Float64Array.from(logits, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const draws = 4000;
  const counts = new Float64Array(10); // ten runs of 500 tokens
  const expected = new Float64Array(10);
  weights.forEach((weight, i) => {
    expected[Math.floor(i / 500)] += (draws * weight) / total;
  });
  for (let sample = 0; sample < draws; sample++) {
    counts[Math.floor(open("token", sample).categorical(logits) / 500)]++;
  }
  assert.ok(Math.abs(chiSquareDeviation(counts, expected)) < 5);
});

test("every order of a shuffle is equally likely", () => {
  const draws = 48_000;
  const counts = new Map<string, number>();
  const random = open("shuffle");
  for (let i = 0; i < draws; i++) {
    const order = random.shuffle([0, 1, 2, 3]).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  assert.ok(Math.abs(chiSquareDeviation([...counts.values()], even(24, draws))) < 4);
});

test("neighbouring addresses are unrelated: half their bits differ, and their first draws are uniform", () => {
  const n = 100_000;
  for (const part of ["step", "prompt", "sample"] as const) {
    let differing = 0;
    const counts = new Float64Array(256);
    let previous = 0;
    for (let i = 0; i <= n; i++) {
      const word = stream(7, { purpose: "neighbours", [part]: i }).uint32();
      if (i > 0) {
        for (let bits = word ^ previous; bits !== 0; bits &= bits - 1) differing++;
        counts[word >>> 24]++;
      }
      previous = word;
    }
    assert.ok(Math.abs(differing - 16 * n) < 4 * Math.sqrt(8 * n)); // 32 n fair coins
    assert.ok(Math.abs(chiSquareDeviation(counts, even(256, n))) < 4);
  }
});
