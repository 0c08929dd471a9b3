import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { format, rational } from "./problems/rational.ts";
import { extractAnswer, reward } from "./verify.ts";

test("the last answer line counts, and only that line", () => {
  assert.equal(extractAnswer("1+1=2\n#### 2"), "2");
  assert.equal(extractAnswer("#### 2\nno, wait\n#### 3\nand more"), "3");
  assert.equal(extractAnswer("####4\0junk"), "4");
  assert.equal(extractAnswer("1+1=2"), undefined);
  assert.equal(extractAnswer("1+1=2\n####"), undefined);
  assert.equal(extractAnswer("####\n7"), "7");
});

const answers = (given: string, expected: string): boolean => reward(`#### ${given}`, expected) === 1;

test("different writings of one number are the same answer", () => {
  for (const [a, b] of [
    ["1,234", "1234"],
    ["$1,234.50", "1234.5"],
    ["50%", "0.5"],
    ["3/4", ".75"],
    ["1 3/4", "1.75"],
    ["-$5", "-5"],
    ["$-5", "-5"],
    ["−5", "-5"],
    ["7.00", "7"],
    ["007", "7"],
    ["7.", "7"],
    ["6/4", "3/2"],
  ]) {
    assert.ok(answers(a, b), `${a} and ${b}`);
  }
});

test("nearly equal is not equal", () => {
  for (const [a, b] of [
    ["0.333", "1/3"],
    ["0.3333333", "1/3"],
    ["1,23", "123"],
    ["12", "12.0001"],
    ["5", "-5"],
    ["1/0", "0"],
    ["1 2", "12"],
    ["9007199254740993", "9007199254740992"],
  ]) {
    assert.ok(!answers(a, b), `${a} and ${b}`);
  }
});

test("whatever is formatted is read back as the same number", () => {
  const integer = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  fc.assert(
    fc.property(integer, fc.bigInt({ min: 1n, max: 10_000n }), (n, d) => {
      assert.ok(answers(format(rational(n, d)), `${n}/${d}`));
      assert.ok(!answers(format(rational(n, d)), `${n + 1n}/${d}`));
    }),
  );
});

test("the reward is 1 for the right answer line and 0 for anything else", () => {
  assert.equal(reward("47*8=376\n#### 376", "376"), 1);
  assert.equal(reward("47*8=376\n#### 367", "376"), 0);
  assert.equal(reward("47*8=376", "376"), 0);
  assert.equal(reward("", "376"), 0);
  assert.equal(reward("#### 376 #### 1", "376"), 0);
});

test("no text at all makes the verifier throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(reward(`#### ${text}x`, "5"), 0)));
});
