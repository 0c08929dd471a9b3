import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { problemAt } from "./dataset.ts";
import { normalizeQuestion, ProblemTokens } from "./tokens.ts";

const texts = Array.from({ length: 300 }, (_, index) => {
  const { question, solution } = problemAt(1, "train", index);
  return `${question}\n${solution}`;
});
const tokens = await ProblemTokens.train(texts, 384);

test("text survives encoding and decoding, and every id is below the vocabulary size", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const ids = tokens.encode(text);
      assert.equal(tokens.decode(ids), text);
      assert.ok(ids.every((id) => id < tokens.vocabSize));
    }),
  );
});

test("words are tokens, and so is what stands before an answer; digits and signs stay single", () => {
  const pieces = (text: string) => [...tokens.encode(text)].map((id) => tokens.decode([id]));
  assert.deepEqual(pieces("How many now?\n"), ["How", " many", " now", "?", "\n"]);
  assert.deepEqual(pieces("47*8[7*8=56]=376\n#### 376"), [..."47*8[7*8=56]=376", "\n#### ", ..."376"]);
  const letters = /^[\p{L} ]+$/u;
  for (let id = 1; id < tokens.vocabSize; id++) {
    const text = tokens.decode([id]);
    assert.ok(text.length === 1 || letters.test(text) || "\n#### ".includes(text), JSON.stringify(text));
  }
});

test("a solution ends in the one end token, and decoding stops there", () => {
  const solution = tokens.encodeSolution("4*7=28\n#### 28");
  assert.equal(solution.indexOf(tokens.endToken), solution.length - 1);
  assert.equal(tokens.decode([...solution, 65, 66]), "4*7=28\n#### 28");
  assert.equal(tokens.decode(tokens.encodePrompt("4*7")), "4*7\n");
  assert.ok(!tokens.encode("<|end|>").includes(tokens.endToken), "text cannot forge the end");
});

test("what a checkpoint carries reads as the same tokens, with one id for each text", () => {
  const read = ProblemTokens.fromJSON(tokens.files(320)["tokenizer.json"]);
  for (const text of texts) assert.deepEqual(read.encode(text), tokens.encode(text));
  assert.equal(read.endToken, tokens.endToken);
  assert.throws(() => ProblemTokens.fromJSON('{"model":{"type":"Unigram"}}'), /Unigram/);
});

test("ids without a token, which a model may have, are unreadable characters", () => {
  assert.equal(tokens.decode([...tokens.encode("4*"), tokens.vocabSize, ...tokens.encode("7")]), "4*\ufffd7");
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
