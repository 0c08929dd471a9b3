import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sipHash } from "./hash.ts";

test("gives the published SipHash-2-4 vectors, for messages of whole code units", () => {
  // Key 00 01 … 0f, message 00 01 02 … of the given length; from the reference implementation's vectors.h, as bytes.
  const vectors: [number, string][] = [
    [0, "310e0edd47db6f72"],
    [2, "5a4fa9d909806c0d"],
    [4, "b7877127e09427cf"],
    [6, "cee3fe586e46c9cb"],
    [8, "6224939a79f5f593"],
    [10, "f3b9dd94c5bb5d7a"],
    [12, "fbe50e86bc8f1e75"],
    [14, "eef27a8e90ca23f7"],
  ];
  for (const [length, expected] of vectors) {
    const message = Array.from({ length: length / 2 }, (_, i) => String.fromCharCode((2 * i + 1) * 256 + 2 * i)).join(
      "",
    );
    const hash = sipHash(message, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setUint32(0, hash[0], true);
    bytes.setUint32(4, hash[1], true);
    assert.equal(bytes.getBigUint64(0).toString(16).padStart(16, "0"), expected);
  }
});

/** The definition, in 64-bit big integers. */
function sipHashNaive(message: Uint8Array, k0: bigint, k1: bigint): bigint {
  const wrap = (x: bigint) => BigInt.asUintN(64, x);
  const rotate = (x: bigint, by: bigint) => wrap(x << by) | (x >> (64n - by));
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = wrap(v0 + v1);
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = wrap(v2 + v3);
    v3 = rotate(v3, 16n) ^ v2;
    v0 = wrap(v0 + v3);
    v3 = rotate(v3, 21n) ^ v0;
    v2 = wrap(v2 + v1);
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = new Uint8Array(Math.ceil((message.length + 1) / 8) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  const view = new DataView(padded.buffer);
  for (let i = 0; i < padded.length; i += 8) {
    const block = view.getBigUint64(i, true);
    v3 ^= block;
    round();
    round();
    v0 ^= block;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

test("equals the big-integer definition for any string and key, also long ones and lone surrogates", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 });
  fc.assert(
    fc.property(units, word, word, word, word, (codes, a, b, c, d) => {
      const hash = sipHash(String.fromCharCode(...codes), a, b, c, d);
      const message = new Uint8Array(codes.flatMap((code) => [code & 255, code >> 8]));
      const expected = sipHashNaive(message, (BigInt(b) << 32n) | BigInt(a), (BigInt(d) << 32n) | BigInt(c));
      assert.equal((BigInt(hash[1]) << 32n) | BigInt(hash[0]), expected);
    }),
    { examples: [[[0xd800], 1, 2, 3, 4]] },
  );
});
