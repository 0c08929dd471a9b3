import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { wordReader } from "../text/words.ts";
import { readClassifier } from "./classifier.ts";
import { vocabulary, writeFeatures } from "./features.ts";
import { plainRowTable, rowTable } from "./kernels.ts";
import { type ClassifierOptions, classifierTrainer } from "./trainer.ts";

const MATH = "let the integral sum of x prove theorem equation = + derivative matrix".split(" ");
const OTHER = "the weather bread server table user click of house a travel music".split(" ");

function texts(count: number, seed: number): { text: string; positive: boolean }[] {
  const random = stream(seed, { purpose: "classifier test" });
  return Array.from({ length: count }, (_, i) => {
    const positive = i % 2 === 0;
    // A third of the words come from the other side, so that no single word decides.
    const words = Array.from({ length: 30 }, () => {
      const list = random.uniform() < 0.33 === positive ? OTHER : MATH;
      return list[random.integer(0, list.length)];
    });
    return { text: words.join(" "), positive };
  });
}

function train(options: ClassifierOptions, examples = texts(600, 1)) {
  const trainer = classifierTrainer({ buckets: 5000, dimension: 32, epochs: 10, ...options });
  for (const { text, positive } of examples) trainer.add(text, positive);
  return trainer.train();
}

test("what was learnt holds for texts that training did not have", () => {
  const classifier = train({});
  const right = texts(400, 2).filter(({ text, positive }) => classifier.score(text) > 0.5 === positive);
  assert.ok(right.length > 360, `${right.length} of 400`);
});

test("WebAssembly and JavaScript train the same model, to the last bit, and so does a second run", () => {
  const [vector, plain, again] = (["vector", "plain", "vector"] as const).map((kernels) =>
    train({ kernels }).serialize(),
  );
  assert.deepEqual(plain, vector);
  assert.deepEqual(again, vector);
});

test("sums and updates of rows agree between the kernels, repeated rows among them", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }), fc.nat(1000), (list, seed) => {
      const tables = [rowTable(7, 48, 20), plainRowTable(7, 48, 20)].map((table) => {
        stream(seed, { purpose: "rows" }).fillUniform(table.rows);
        stream(seed, { purpose: "delta" }).fillUniform(table.delta);
        table.list.set(list);
        table.gather(list.length);
        table.scatter(list.length);
        return table;
      });
      assert.deepEqual(tables[0].sum, tables[1].sum);
      assert.deepEqual(tables[0].rows, tables[1].rows);
    }),
  );
});

test("the score is the folded form of softmax(W · mean of embeddings): gradient descent by hand for one step", () => {
  // One epoch, two texts: the first step leaves v = 2α·h and rows as they were (v was 0).
  const trainer = classifierTrainer({
    minCount: 1,
    epochs: 1,
    dimension: 16,
    buckets: 8,
    wordNgrams: 1,
    learningRate: 1,
  });
  trainer.add("a", true);
  trainer.add("b", false);
  const classifier = trainer.train();
  // p = 1/2 in the first step, so that its label is scored on the right side of 1/2 afterwards, the other's by half the rate.
  const [a, b] = [classifier.score("a"), classifier.score("b")];
  assert.ok(a > 0.5 || b < 0.5);
  assert.equal(classifier.score("unknown words"), 0.5);
});

test("features are words in the vocabulary, then the n-grams of each length, as many as fastText counts", () => {
  const words = vocabulary();
  const { tokens } = wordReader()("p q r s");
  words.add(tokens[0]);
  words.add(tokens[2]);
  const into = new Int32Array(12);
  assert.equal(writeFeatures(tokens, words, 3, 100, into), 2 + 3 + 2);
  assert.equal(into[0], 0);
  assert.ok(into.subarray(1, 3).every((feature) => feature >= 2 && feature < 102));
});

test("a saved model scores as before; damaged ones are refused", () => {
  const classifier = train({});
  const bytes = classifier.serialize();
  const copy = readClassifier(bytes);
  for (const { text } of texts(20, 3)) assert.equal(copy.score(text), classifier.score(text));
  assert.deepEqual(copy.settings, classifier.settings);
  assert.throws(() => readClassifier(bytes.subarray(0, bytes.length - 1)), /expected \d+ bytes, found \d+/);
  assert.throws(() => readClassifier(new Uint8Array(10)), /expected it to begin with/);
});

test("wrong arguments are named", () => {
  assert.throws(() => classifierTrainer({ dim: 3 } as object), /no option "dim", expected dimension/);
  assert.throws(() => classifierTrainer({ dimension: 100 }), /multiple of 16, found 100/);
  assert.throws(() => classifierTrainer({ epochs: 0 }), /epochs must be an integer from 1/);
  const trainer = classifierTrainer();
  trainer.add("x", true);
  assert.throws(() => trainer.train(), /texts of both kinds, found 1 positive and 0 negative/);
});
