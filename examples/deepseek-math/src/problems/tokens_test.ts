import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { problemAt } from "./dataset.ts";
import { decode, encode, encodePrompt, encodeSolution, endToken, normalizeQuestion, vocabularySize } from "./tokens.ts";

test("text survives encoding and decoding, and every id is below the vocabulary size", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      fc.pre(!text.includes("\0") && !text.startsWith("\ufeff"));
      const tokens = encode(text);
      assert.equal(decode(tokens), text);
      assert.ok(tokens.every((token) => token < vocabularySize));
    }),
  );
});

test("a solution ends in the one end token, and decoding stops there", () => {
  const tokens = encodeSolution("4*7=28\n#### 28");
  assert.equal(tokens.indexOf(endToken), tokens.length - 1);
  assert.equal(decode([...tokens, 65, 66]), "4*7=28\n#### 28");
  assert.deepEqual([...encodePrompt("4*7")], [52, 42, 55, 10]);
});

test("a question is brought into the form of the training text", () => {
  assert.equal(normalizeQuestion(" 17 * 23 = ?"), "17*23");
  assert.equal(normalizeQuestion("17 × (23)"), "17*23");
  assert.equal(normalizeQuestion("5% of   60"), "5% of 60");
  assert.equal(normalizeQuestion("Mia has 3\n pens. How many?"), "Mia has 3 pens. How many?");
});

test("the built-in questions are in that form already", () => {
  for (let index = 0; index < 500; index++) {
    const { question } = problemAt(3, "train", index, { level: { 1: 1, 2: 1, 3: 1, 4: 1 } });
    assert.equal(normalizeQuestion(question), question);
  }
});
