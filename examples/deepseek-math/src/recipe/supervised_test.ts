import assert from "node:assert/strict";
import { test } from "node:test";
import { reward } from "../verify.ts";
import { type Configuration, defaultConfiguration } from "./configuration.ts";
import { openProblems } from "./problem_source.ts";
import {
  pretrainingBatch,
  type SupervisedBatch,
  sftContexts,
  supervisedCoefficients,
  supervisedLoss,
} from "./supervised.ts";
import { trainTokenizer } from "./tokenizer.ts";

const base = defaultConfiguration({ seed: 1 });
const configuration: Configuration = {
  ...base,
  pretraining: { ...base.pretraining, problemsPerStep: 7 },
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

test("pre-training learns every token after the first, of problems in order", () => {
  const seen = [0, 1].flatMap((step) => texts(pretrainingBatch(configuration, problems, codec, step), () => 0));
  assert.equal(seen.length, 14);
  const questions = Array.from({ length: 14 }, (_, i) => problems.pretraining(i).question);
  assert.deepEqual(seen.map((text) => text.split("\n")[0]).sort(), [...questions].sort());
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
  assert.deepEqual(
    pretrainingBatch(configuration, problems, codec, 3),
    pretrainingBatch(configuration, problems, codec, 3),
  );
  assert.notDeepEqual(
    pretrainingBatch(configuration, problems, codec, 3),
    pretrainingBatch(configuration, problems, codec, 4),
  );
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
