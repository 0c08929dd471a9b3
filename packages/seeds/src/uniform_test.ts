import assert from "node:assert/strict";
import { test } from "node:test";
import { openUniform, uniform24, uniform53 } from "./uniform.ts";

const ONES = 0xffffffff;

test("each uniform keeps within its interval at the extreme words", () => {
  assert.equal(uniform53(0, 0), 0);
  assert.equal(uniform53(ONES, ONES), 1 - 2 ** -53);
  assert.equal(uniform24(0), 0);
  assert.equal(uniform24(ONES), 1 - 2 ** -24);
  assert.equal(Math.fround(uniform24(ONES)), uniform24(ONES));
  assert.equal(openUniform(0, 0), 2 ** -53);
  assert.equal(openUniform(ONES, ONES), 1 - 2 ** -53);
});

test("openUniform is symmetric: complementing every bit of the words gives 1 − u exactly", () => {
  for (const [a, b] of [
    [0, 0],
    [1 << 6, 0],
    [0x12345678, 0x9abcdef0],
  ]) {
    assert.equal(openUniform(~a >>> 0, ~b >>> 0), 1 - openUniform(a, b));
  }
});

test("uniform53 takes its upper bits from the first word", () => {
  assert.equal(uniform53(0x80000000, 0), 0.5);
  assert.equal(uniform53(0x20, 0), 2 ** -27);
  assert.equal(uniform53(0, 0x40), 2 ** -53);
});
