import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { plain, snap } from "./plain.mjs";

const json = (value) => JSON.stringify(plain(value));
const leaf = fc.oneof(
  fc.double(),
  fc.string(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined),
  fc.float32Array(),
  fc.int32Array(),
);
const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf, { noNullPrototype: true }));

test("equal values are one text, different values are two", () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(json(a), json(structuredClone(a)));
      if (json(a) === json(b)) assert.deepEqual(a, b);
    }),
  );
});

test("what JSON drops is kept", () => {
  const values = [
    0,
    -0,
    Number.NaN,
    Infinity,
    null,
    undefined,
    1n,
    1,
    "1",
    [1],
    Float32Array.of(1),
    Float64Array.of(1),
  ];
  const more = [Uint8Array.of(1).buffer, new Set([1]), new Map([[1, 2]]), {}, { a: undefined }, new RangeError("no")];
  const texts = [...values, ...more].map(json);
  assert.equal(new Set(texts).size, texts.length, texts.join("\n"));
});

test("the order of keys does not count", () => assert.equal(json({ a: 1, b: 2 }), json({ b: 2, a: 1 })));

test("functions are refused", () => assert.throws(() => plain(() => 1), /Cannot compare a function/));

test("near numbers become the expected ones, others stay", () => {
  const expected = { loss: 1, tokens: [1e6, 2], name: "a" };
  assert.deepEqual(snap({ loss: 1 + 1e-13, tokens: [1e6 + 1e-7, 2], name: "a" }, expected, 1e-12), expected);
  for (const other of [
    { ...expected, loss: 1 + 1e-11 },
    { ...expected, name: "b" },
    { loss: 1 },
    { ...expected, more: 1 },
  ])
    assert.deepEqual(snap(other, expected, 1e-12), other);
});

test("float32 may differ by a rounding, but only where something is tolerated", () => {
  const next = Float32Array.of(1 + 2 ** -23);
  const expected = plain(Float32Array.of(1));
  assert.deepEqual(snap(plain(next), expected, 1e-12), expected);
  assert.notDeepEqual(snap(plain(next), expected, 0), expected);
  assert.notDeepEqual(snap(plain(Float32Array.of(1 + 2 ** -20)), expected, 1e-12), expected);
});
