import assert from "node:assert/strict";
import { test } from "node:test";
import type { MixtureState } from "@gradus/math-corpus";
import { defaultConfiguration } from "../configuration/load.ts";
import { reward } from "../verify.ts";
import type { Configuration } from "./configuration.ts";
import { openProblems } from "./problem_source.ts";
import { type SupervisedBatch, sftContexts, supervisedCoefficients, supervisedLoss } from "./supervised.ts";
import { PretrainingText } from "./text.ts";
import { trainTokenizer } from "./tokenizer.ts";

const base = defaultConfiguration({ seed: 1 });
const configuration: Configuration = {
  ...base,
  pretraining: { ...base.pretraining, steps: 40, codeSteps: 4, codeShare: 0.25, tokensPerStep: 500 },
  sft: { ...base.sft, problems: 40, contextLength: 600 },
};
const problems = await openProblems(configuration);
const codec = await trainTokenizer(configuration, problems);
const [newline] = codec.encode("\n");

/** Checks labels token by token; gives the text of each sequence. */
function texts({ batch }: SupervisedBatch, learnsFrom: (question: number) => number): string[] {
  const { tokens, labels, positions, segments } = batch;
  return Array.from({ length: segments.length - 1 }, (_, s) => {
    const [start, end] = [segments[s], segments[s + 1]];
    const first = learnsFrom(tokens.indexOf(newline, start) - start);
    assert.equal(tokens[end - 1], codec.endToken, "a sequence ends with the end token");
    for (let t = start; t < end; t++) {
      assert.equal(positions[t], t - start);
      assert.equal(labels[t], t - start >= first && t + 1 < end ? tokens[t + 1] : -100, `label ${t - start}`);
    }
    return codec.decode(tokens.subarray(start, end));
  });
}

/** Passages as a corpus has them; no two are alike. */
const passages = Array.from({ length: 30 }, (_, i) => `${100 + i}+1\n#### ${101 + i}`);

function textOf(schedule: "two-stage" | "one-stage", from?: MixtureState): PretrainingText {
  const pretraining = { ...configuration.pretraining, schedule };
  return new PretrainingText(
    { configuration: { ...configuration, pretraining }, problems, passages, tokens: codec },
    from,
  );
}

/** Share of a text's tokens that are passages of the corpus. */
function mathShare(batch: SupervisedBatch): number {
  const found = texts(batch, () => 0).map((text) => [codec.encode(text).length, passages.includes(text)] as const);
  const sum = (of: typeof found) => of.reduce((total, [length]) => total + length, 0);
  return sum(found.filter(([, isMath]) => isMath)) / sum(found);
}

test("pre-training learns every token after the first, of code and then of mathematics, each passage once an epoch", () => {
  const text = textOf("two-stage");
  const batches = Array.from({ length: 12 }, () => text.next().batch);
  for (const batch of batches) {
    assert.ok(batch.batch.tokens.length >= 500);
    assert.equal(batch.trained, batch.batch.tokens.length - (batch.batch.segments.length - 1));
  }
  // Documents do not end where the stage does: the last batch of code may have a passage in it.
  assert.deepEqual(batches.slice(0, 3).map(mathShare), [0, 0, 0]);
  const later = batches.slice(5).map(mathShare);
  for (const share of later) assert.ok(Math.abs(share - 0.75) < 0.12, `${share}`);
  const read = batches.flatMap((batch) => texts(batch, () => 0)).filter((each) => passages.includes(each));
  const counts = passages.map((passage) => read.filter((each) => each === passage).length);
  assert.ok(Math.min(...counts) > 0 && Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
});

test("one stage mixes the same shares from the beginning", () => {
  const text = textOf("one-stage");
  // 4 of 40 steps, and a quarter of the rest.
  const share = 1 - (4 + 36 * 0.25) / 40;
  for (let step = 0; step < 6; step++) {
    const found = mathShare(text.next().batch);
    assert.ok(Math.abs(found - share) < 0.12, `${found}`);
  }
});

test("from a state that went through JSON, pre-training goes on with the same batches", () => {
  const text = textOf("two-stage");
  const batches = Array.from({ length: 8 }, () => text.next());
  const again = textOf("two-stage", JSON.parse(JSON.stringify(batches[4].after)));
  for (const expected of batches.slice(5)) assert.deepEqual(again.next(), expected);
});

test("of a solution with programs, what Python said is read and not learnt", () => {
  const pieces = [
    { text: "```python\nprint(2+3)\n```\n```output", trained: true },
    { text: "\n5\n```\n", trained: false },
    { text: "#### 5", trained: true },
  ];
  const [{ batch }] = [
    sftContexts(configuration, { ...problems, sft: [] }, codec, [], [{ question: "2+3", mode: "program", pieces }])(0),
  ];
  const learnt = codec.decode(batch.labels.filter((label) => label >= 0));
  assert.equal(learnt, "```python\nprint(2+3)\n```\n```output#### 5");
  assert.equal(codec.decode(batch.tokens), `2+3\n> program\n${pieces.map(({ text }) => text).join("")}`);
});

test("SFT learns the solution only: the first label stands at the prompt's last token, the last is the end token", () => {
  const contexts = sftContexts(configuration, problems, codec);
  for (let step = 0; step < 4; step++) {
    const context = contexts(step);
    assert.ok(context.batch.tokens.length <= 600);
    for (const text of texts(context, (question) => question)) {
      const [question] = text.split("\n", 1);
      const problem = problems.sft.find((each) => each.question === question);
      assert.ok(problem, question);
      assert.equal(reward(text.slice(question.length + 1), problem.answer), 1);
    }
  }
});

test("every epoch of SFT has every problem once, in another order", () => {
  const contexts = sftContexts(configuration, problems, codec);
  const all = problems.sft.map(({ question }) => question).sort();
  let step = 0;
  const epoch = (): string[] => {
    const found: string[] = [];
    while (found.length < all.length)
      found.push(...texts(contexts(step++), (question) => question).map((text) => text.split("\n", 1)[0]));
    return found;
  };
  const [first, second, third] = [epoch(), epoch(), epoch()];
  for (const each of [first, second, third]) assert.deepEqual([...each].sort(), all);
  assert.notDeepEqual(first, second);
  assert.notDeepEqual(second, third);
});

test("a batch is a function of seed and step, in whatever order the steps are asked for", () => {
  const ahead = sftContexts(configuration, problems, codec);
  const later = ahead(9);
  const inOrder = sftContexts(configuration, problems, codec);
  for (let step = 0; step < 9; step++) assert.deepEqual(inOrder(step), ahead(step));
  assert.deepEqual(inOrder(9), later);
});

test("the loss is the mean of −log π over trained tokens, the coefficients its derivative", () => {
  const context = sftContexts(configuration, problems, codec)(0);
  const { labels } = context.batch;
  const logProbs = Float32Array.from(labels, (label, t) => (label >= 0 ? -(1 + (t % 5)) : 0));
  const trained = labels.filter((label) => label >= 0).length;
  assert.equal(context.trained, trained);
  const mean = -logProbs.reduce((sum, value) => sum + value, 0) / trained;
  assert.ok(Math.abs(supervisedLoss(context, logProbs) - mean) < 1e-9);
  const coefficients = supervisedCoefficients(context);
  const bump = labels.findIndex((label) => label >= 0);
  const moved = logProbs.slice();
  moved[bump] += 0.5;
  const slope = (supervisedLoss(context, moved) - supervisedLoss(context, logProbs)) / 0.5;
  assert.ok(Math.abs(slope - coefficients[bump]) < 1e-6, `${slope} ${coefficients[bump]}`);
  labels.forEach((label, t) => {
    if (label < 0) assert.ok(coefficients[t] === 0);
  });
});
