import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addDims,
  type Dim,
  divideDims,
  evaluateDim,
  multiplyDims,
  sizeOf,
  subtractDims,
  symbolsOf,
  termsOf,
} from "./dims.ts";

const monomial: fc.Arbitrary<Dim> = fc
  .tuple(fc.integer({ min: -3, max: 3 }), fc.array(fc.constantFrom("a", "b", "batch"), { maxLength: 3 }))
  .map(([coefficient, symbols]) =>
    symbols.reduce<Dim>((product, symbol) => multiplyDims(product, symbol), coefficient),
  );
const dim: fc.Arbitrary<Dim> = fc.array(monomial, { maxLength: 4 }).map((terms) => terms.reduce<Dim>(addDims, 0));
const values = fc.record({ a: fc.nat(20), b: fc.nat(20), batch: fc.nat(20) });

test("sizes are a commutative ring", () => {
  fc.assert(
    fc.property(dim, dim, dim, (x, y, z) => {
      assert.equal(addDims(x, y), addDims(y, x));
      assert.equal(addDims(addDims(x, y), z), addDims(x, addDims(y, z)));
      assert.equal(addDims(x, 0), x);
      assert.equal(subtractDims(x, x), 0);
      assert.equal(multiplyDims(x, y), multiplyDims(y, x));
      assert.equal(multiplyDims(multiplyDims(x, y), z), multiplyDims(x, multiplyDims(y, z)));
      assert.equal(multiplyDims(x, 1), x);
      assert.equal(multiplyDims(x, 0), 0);
      assert.equal(multiplyDims(x, addDims(y, z)), addDims(multiplyDims(x, y), multiplyDims(x, z)));
    }),
  );
});

test("giving the symbols values commutes with arithmetic", () => {
  fc.assert(
    fc.property(dim, dim, values, (x, y, symbols) => {
      const at = (value: Dim) => evaluateDim(value, symbols);
      assert.equal(at(addDims(x, y)), at(x) + at(y));
      assert.equal(at(subtractDims(x, y)), at(x) - at(y));
      assert.equal(at(multiplyDims(x, y)), at(x) * at(y) + 0);
      assert.equal(at(sizeOf([x, 2, y])), at(x) * 2 * at(y) + 0);
    }),
  );
});

test("dividing a product by one monomial gives the other factor", () => {
  fc.assert(
    fc.property(dim, monomial, (x, y) => {
      if (y === 0) return;
      assert.equal(divideDims(multiplyDims(x, y), y), x);
    }),
  );
});

test("a quotient times the divisor is the dividend", () => {
  fc.assert(
    fc.property(dim, dim, (x, y) => {
      const quotient = divideDims(x, y);
      if (quotient !== undefined) assert.equal(multiplyDims(quotient, y), x);
    }),
  );
});

test("what does not divide evenly has no quotient", () => {
  assert.equal(divideDims("batch", 2), undefined);
  assert.equal(divideDims(7, 2), undefined);
  assert.equal(divideDims("batch + 1", "batch"), undefined);
  assert.equal(divideDims(6, 0), undefined);
});

test("sizes are written in one canonical way", () => {
  assert.equal(multiplyDims("time", multiplyDims(2, "batch")), "2*batch*time");
  assert.equal(addDims(1, addDims("past", "past")), "2*past + 1");
  assert.equal(subtractDims(addDims("past", 1), "past"), 1);
  assert.deepEqual(symbolsOf("2*batch*time + batch + 1").sort(), ["batch", "time"]);
  assert.deepEqual(termsOf("2*a*a + 1"), [
    { coefficient: 2, symbols: ["a", "a"] },
    { coefficient: 1, symbols: [] },
  ]);
});

test("a symbol without a value is named", () => {
  assert.throws(() => evaluateDim("2*batch*time", { batch: 3 }), /RangeError.*"2\*batch\*time": "time" has no value/);
});
