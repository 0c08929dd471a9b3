import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { multiplyHigh, philoxBlocks } from "./philox.ts";

const hex = (words: Iterable<number>) => [...words].map((word) => word.toString(16).padStart(8, "0")).join(" ");

test("philox4x32-10 gives Random123's known answers", () => {
  const out = new Uint32Array(4);
  philoxBlocks(out, 1, 0, 0, 0, 0, 0, 0);
  assert.equal(hex(out), "6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  philoxBlocks(out, 1, ones, ones, ones, ones, ones, ones);
  assert.equal(hex(out), "408f276d 41c83b0e a20bc7c6 6d5451fd");
  philoxBlocks(out, 1, 0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
  assert.equal(hex(out), "d16cfe09 94fdcceb 5001e420 24126ea1");
});

/** The definition, in big integers. */
function philoxNaive(key: number[], counter: number[]): number[] {
  let [k0, k1] = key.map(BigInt);
  let [x0, x1, x2, x3] = counter.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * x0;
    const product1 = 0xcd9e8d57n * x2;
    [x0, x1, x2, x3] = [
      (product1 >> 32n) ^ x1 ^ k0,
      product1 & 0xffffffffn,
      (product0 >> 32n) ^ x3 ^ k1,
      product0 & 0xffffffffn,
    ];
    k0 = (k0 + 0x9e3779b9n) & 0xffffffffn;
    k1 = (k1 + 0xbb67ae85n) & 0xffffffffn;
  }
  return [x0, x1, x2, x3].map(Number);
}

const word = fc.integer({ min: 0, max: 0xffffffff });

test("consecutive blocks equal the big-integer definition, also where the block number wraps", () => {
  fc.assert(
    fc.property(fc.tuple(word, word), fc.tuple(word, word, word, word), (key, [c0, c1, c2, c3]) => {
      const out = new Uint32Array(12);
      philoxBlocks(out, 3, key[0], key[1], c0, c1, c2, c3);
      const expected = [0, 1, 2].flatMap((i) => philoxNaive(key, [(c0 + i) % 2 ** 32, c1, c2, c3]));
      assert.deepEqual([...out], expected);
    }),
    {
      examples: [
        [
          [0, 0],
          [0xffffffff, 1, 2, 3],
        ],
      ],
    },
  );
});

test("multiplyHigh equals the high word of the exact product", () => {
  fc.assert(
    fc.property(word, word, (a, b) => multiplyHigh(a, b) === Number((BigInt(a) * BigInt(b)) >> 32n)),
    {
      examples: [
        [0xffffffff, 0xffffffff],
        [0x10000, 0xffff],
        [0xffff, 0x10000],
      ],
    },
  );
});
