import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XxHash32, xxHash32 } from "./checksum.ts";

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

test("digests equal the reference implementation's", () => {
  // python-xxhash 4.0.1: xxhash.xxh32(…).intdigest()
  assert.equal(xxHash32(text("")), 0x02cc5d05);
  assert.equal(xxHash32(text("abc")), 0x32d153ff);
  assert.equal(xxHash32(text("Nobody inspects the spammish repetition")), 0xe2293b2f);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 255);
  assert.equal(xxHash32(bytes), 0xd095211a);
});

test("the digest does not depend on how the bytes are split, or on their alignment", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat(200), { maxLength: 5 }),
      fc.nat(7),
      (bytes, cuts, by) => {
        const shifted = new Uint8Array(bytes.length + by).subarray(by);
        shifted.set(bytes);
        const hash = new XxHash32();
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        for (let i = 1; i < edges.length; i++) hash.update(shifted.subarray(edges[i - 1], edges[i]));
        assert.equal(hash.digest(), xxHash32(bytes));
      },
    ),
  );
});

test("every single flipped bit changes the digest", () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => i * 7);
  const good = xxHash32(bytes);
  for (let bit = 0; bit < 67 * 8; bit++) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assert.notEqual(xxHash32(bytes), good);
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
});
