import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { type Bits, bitAt, bitsOf, packBits } from "./bits.ts";
import { convolveModulo, MAX_CONVOLUTION, power, rootOfUnity } from "./convolution.ts";
import { extractableBits, toeplitz, toeplitzBlocks, toeplitzNaive, toeplitzNtt, toeplitzSliced } from "./toeplitz.ts";

const random = (length: number, seed: number) => {
  const words = stream(seed, { purpose: "bits" });
  return bitsOf(
    Uint8Array.from({ length: (length + 7) >> 3 }, () => words.uint32() & 255),
    length,
  );
};
const xor = (a: Bits, b: Bits): Bits => ({ length: a.length, bytes: a.bytes.map((byte, i) => byte ^ b.bytes[i]) });

test("word-sliced and transformed hashing give the bits of the definition", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200 }), fc.nat(), (n, m, seed) => {
      const input = random(n, seed);
      const diagonals = random(n + m - 1, seed + 1);
      const expected = toeplitzNaive(input, diagonals, m);
      assert.deepEqual(toeplitzSliced(input, diagonals, m), expected);
      assert.deepEqual(toeplitzNtt(input, diagonals, m), expected);
      assert.deepEqual(toeplitz(input, diagonals, m), expected);
    }),
  );
});

test("large sizes, where the transform is taken, agree with the word-sliced way", () => {
  const [n, m] = [27_000, 27_000];
  const input = random(n, 1);
  const seed = random(n + m - 1, 2);
  assert.deepEqual(toeplitz(input, seed, m), toeplitzSliced(input, seed, m));
});

test("inputs and outputs longer than a transform are cut into blocks, the last of them smaller", () => {
  const length = fc.integer({ min: 1, max: 150 });
  fc.assert(
    fc.property(length, length, fc.integer({ min: 1, max: 60 }), fc.nat(), (n, m, block, seed) => {
      const input = random(n, seed);
      const diagonals = random(n + m - 1, seed + 1);
      assert.deepEqual(toeplitzBlocks(input, diagonals, m, block), toeplitzNaive(input, diagonals, m));
    }),
  );
});

test("the longest transform has its root of unity, and a longer one is refused", () => {
  assert.equal(power(rootOfUnity(MAX_CONVOLUTION), MAX_CONVOLUTION), 1);
  assert.equal(power(rootOfUnity(MAX_CONVOLUTION), MAX_CONVOLUTION / 2), 23_068_672); // −1: of no smaller order
  const long = new Float64Array(MAX_CONVOLUTION + 1);
  assert.throws(() => convolveModulo(long, long), /at most 2\^21 coefficients, found 2097153/);
});

test("hashing is linear in the input and in the seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 100 }), fc.nat(), (n, m, s) => {
      const [x, y] = [random(n, s), random(n, s + 1)];
      const [t, u] = [random(n + m - 1, s + 2), random(n + m - 1, s + 3)];
      assert.deepEqual(toeplitz(xor(x, y), t, m), xor(toeplitz(x, t, m), toeplitz(y, t, m)));
      assert.deepEqual(toeplitz(x, xor(t, u), m), xor(toeplitz(x, t, m), toeplitz(x, u, m)));
    }),
  );
});

test("two different inputs collide for one seed in 2^m, counted over all seeds", () => {
  const [n, m] = [5, 4];
  const [x, y] = [packBits([1, 0, 1, 1, 0]), packBits([0, 0, 1, 0, 1])];
  let collisions = 0;
  for (let seed = 0; seed < 2 ** (n + m - 1); seed++) {
    const bits = packBits(Array.from({ length: n + m - 1 }, (_, i) => (seed >> i) & 1));
    if (toeplitz(x, bits, m).bytes[0] === toeplitz(y, bits, m).bytes[0]) collisions++;
  }
  assert.equal(collisions, 2 ** (n + m - 1) / 2 ** m);
});

test("the convolution is exact beside the wrap-around", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }), fc.nat(39), (a, k) => {
      const b = a.slice(0, 1 + (k % a.length)).map((value, i) => (value * 31 + i) % 1000);
      const product = convolveModulo(Float64Array.from(a), Float64Array.from(b));
      for (let i = b.length - 1; i < a.length; i++) {
        assert.equal(product[i], b.reduce((sum, value, j) => sum + value * a[i - j], 0) % 23_068_673);
      }
    }),
  );
});

test("extractable bits leave the leftover hash lemma its margin", () => {
  assert.equal(extractableBits(1000, 1e-10), Math.floor(1000 - 2 * Math.log2(1e10)));
  assert.equal(extractableBits(10), 0);
  assert.throws(() => extractableBits(-1), /minEntropy must not be negative, found -1/);
});

test("bits out of place are named", () => {
  assert.throws(() => toeplitz(packBits([1, 0]), packBits([1]), 2), /seed of n \+ m - 1 = 3 bits, found 1/);
  assert.throws(() => toeplitz(packBits([]), packBits([1]), 2), /at least one input bit/);
  assert.throws(() => bitsOf(new Uint8Array(1), 9), /length from 0 to 8, found 9/);
  assert.equal(bitAt(bitsOf(new Uint8Array([255]), 3), 3), 0);
});
