import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import { exampleOf } from "../testing/examples.ts";
import { TableScorer } from "../testing/table_scorer.ts";
import type { RewardExample } from "./example.ts";
import { RewardModel } from "./reward_model.ts";
import { scoreBatch } from "./score_batch.ts";
import type { LabelBatch } from "./token_scorer.ts";
import { tokenScorer } from "./token_scorer.ts";
import type { TrainOptions } from "./train.ts";

const VOCABULARY = 8;

/** Solutions of one to four tokens; token 7 is a mistake. A step is a token. */
const examples: RewardExample[] = Array.from({ length: 240 }, (_, i) => {
  const random = stream(1, { purpose: "reward model test", prompt: i });
  const tokens = Int32Array.from({ length: random.integer(1, 5) }, () =>
    random.uniform() < 0.25 ? 7 : random.integer(2, 7),
  );
  const stepLabels = Array.from(tokens, (_, t) => Number(!tokens.subarray(0, t + 1).includes(7)));
  const steps = { stepEnds: [...tokens.keys()], stepLabels };
  return exampleOf(`p${i >> 3}`, 0, { tokens, label: stepLabels[tokens.length - 1], seed: i, ...steps });
});
const options: TrainOptions = { learningRate: 0.5, seed: 1, epochs: 8, batchSize: 16 };

test("every objective learns to tell right from wrong", async () => {
  for (const [supervision, objective] of [
    ["outcome", "pointwise"],
    ["outcome", "pairwise"],
    ["process", "step"],
  ] as const) {
    const model = new RewardModel({ scorer: new TableScorer(VOCABULARY), supervision });
    assert.equal((await model.evaluate(examples)).pairAccuracy, 0.5);
    const report = await model.update(examples, {
      ...options,
      objective,
      batchSize: objective === "pairwise" ? 4 : 16,
    });
    assert.ok(report.updates > 0 && (report.lastLoss as number) < (report.firstLoss as number));
    const { pairAccuracy, accuracy, ece } = await model.evaluate(examples);
    assert.ok((pairAccuracy as number) > 0.97, `${objective}: pairs ${pairAccuracy}`);
    if (objective !== "pairwise") assert.ok(accuracy > 0.95 && ece < 0.1, `${objective}: ${accuracy}, ${ece}`);
  }
});

test("steps are scored where they end, and aggregate to the solution's reward", async () => {
  const weights = Float64Array.of(0, 0, 0, 1, 2, 0, 0, -5);
  const model = new RewardModel({ scorer: new TableScorer(8, weights), supervision: "process", aggregation: "min" });
  const solution = exampleOf("a", 0, {
    prompt: Int32Array.of(4),
    tokens: Int32Array.of(3, 3, 7),
    stepEnds: [-1, 1, 2],
  });
  const [steps] = await model.scoreSteps([solution]);
  const sigma = (x: number) => 1 / (1 + Math.exp(-x));
  [2, 4, -1].forEach((score, j) => {
    assert.ok(Math.abs(steps[j] - sigma(score)) < 1e-7);
  });
  assert.equal((await model.score([solution]))[0], steps[2]);
  const last = new RewardModel({ scorer: model.scorer });
  assert.equal((await last.score([solution]))[0], steps[2]);
  const empty = { ...solution, stepEnds: [] };
  assert.deepEqual([...(await model.score([empty]))], [0]);
  assert.deepEqual(await model.scoreSteps([]), []);
});

test("how the scorer's calls are split changes neither scores nor losses nor updates", async () => {
  const run = async (objective: TrainOptions["objective"], microBatchTokens: number) => {
    const scorer = new TableScorer(VOCABULARY);
    const supervision = objective === "step" ? "process" : "outcome";
    const model = new RewardModel({ scorer, supervision, microBatchTokens });
    const losses: number[] = [];
    for await (const { loss } of model.train(examples, { ...options, epochs: 2, objective, microBatchTokens }))
      losses.push(loss);
    return { scorer, losses, rewards: await model.score(examples) };
  };
  for (const objective of ["pointwise", "pairwise", "step"] as const) {
    const [whole, split] = [await run(objective, 2 ** 20), await run(objective, 9)];
    assert.ok(split.scorer.calls.backward > 5 * whole.scorer.calls.backward);
    whole.losses.forEach((loss, u) => {
      assert.ok(Math.abs(loss - split.losses[u]) < 1e-6);
    });
    whole.rewards.forEach((reward, i) => {
      assert.ok(Math.abs(reward - split.rewards[i]) < 1e-6);
    });
  }
});

test("the same seed trains the same, and training goes on from any update bit for bit", async () => {
  const whole = new TableScorer(VOCABULARY);
  await new RewardModel({ scorer: whole }).update(examples, options);
  const half = new TableScorer(VOCABULARY);
  for await (const { update } of new RewardModel({ scorer: half }).train(examples, options)) if (update === 40) break;
  const resumed = new TableScorer(VOCABULARY, half.weights);
  const report = await new RewardModel({ scorer: resumed }).update(examples, { ...options, from: 41 });
  assert.equal(report.updates, 8 * 15 - 41);
  assert.deepEqual(resumed.weights, whole.weights);
  const other = new TableScorer(VOCABULARY);
  await new RewardModel({ scorer: other }).update(examples, { ...options, seed: 2 });
  assert.notDeepEqual(other.weights, whole.weights);
});

test("data that can teach nothing leaves the model as it is and says why; training on it is refused", async () => {
  const allRight = examples.filter(({ label }) => label === 1);
  const allWrong = examples.filter(({ label }) => label === 0);
  const onePerProblem = examples.filter((_, i) => i % 8 === 0);
  const withoutSteps = examples.map((example) => ({ ...example, stepEnds: [], stepLabels: [] }));
  const cases: [RewardExample[], TrainOptions["objective"], RegExp][] = [
    [[], "pointwise", /^there are no examples$/],
    [allRight, "pointwise", /^all \d+ solutions are right$/],
    [allWrong, "pointwise", /^all \d+ solutions are wrong$/],
    [allRight, "step", /^all \d+ steps are right$/],
    [withoutSteps, "step", /^none of the 240 solutions has a labelled step$/],
    [allRight, "pairwise", /^no problem has both a right and a wrong solution \(\d+ right, 0 wrong\)$/],
    [onePerProblem, "pairwise", /^no problem has both/],
  ];
  for (const [list, objective, reason] of cases) {
    const scorer = new TableScorer(VOCABULARY);
    const model = new RewardModel({ scorer, supervision: objective === "step" ? "process" : "outcome" });
    const report = await model.update(list, { ...options, objective });
    assert.match(report.skipped ?? "", reason);
    assert.deepEqual([report.updates, scorer.calls.step], [0, 0]);
    const training = model.train(list, { ...options, objective }).next();
    await assert.rejects(training, (error: Error) => reason.test(error.message.replace(/^.*reward model: /, "")));
    const evaluation = await model.evaluate(list);
    for (const value of [evaluation.ece, evaluation.reward, evaluation.accuracy]) assert.ok(Number.isFinite(value));
  }
  const oneProblem = examples.slice(0, 8);
  const model = new RewardModel({ scorer: new TableScorer(VOCABULARY) });
  assert.equal((await model.update(oneProblem, { ...options, objective: "pairwise" })).updates, 8);
});

test("two tokens of a language model make a scorer, whose gradient is that of their log-odds", async () => {
  // A model whose logits at a position are a row of a table, chosen by the token read there.
  const logits = Float64Array.from({ length: 25 }, (_, i) => Math.sin(i));
  const logProb = (read: number, label: number) => {
    const row = logits.subarray(5 * read, 5 * read + 5);
    return row[label] - Math.log(row.reduce((sum, each) => sum + Math.exp(each), 0));
  };
  const gradient = new Float64Array(25);
  const model = {
    logProbs: async ({ tokens, labels }: LabelBatch) => ({
      logProbs: Float32Array.from(labels, (label, t) => (label < 0 ? 0 : logProb(tokens[t], label))),
    }),
    backward: async ({ tokens, labels }: LabelBatch, coefficients: Float32Array) =>
      labels.forEach((label, t) => {
        if (label < 0) return;
        for (let token = 0; token < 5; token++)
          gradient[5 * tokens[t] + token] +=
            coefficients[t] * (Number(token === label) - Math.exp(logProb(tokens[t], token)));
      }),
    step: async () => ({ step: 1, gradientNorm: 0, clipFactor: 1 }),
  };
  const scorer = tokenScorer(model, { good: 1, bad: 3 });
  const solution = { prompt: Int32Array.of(0), tokens: Int32Array.of(2, 4), stepEnds: [0, 0, 1] };
  const batch = scoreBatch([solution, solution], "process");
  const scores = await scorer.score(batch);
  const expected = (read: number) => logits[5 * read + 1] - logits[5 * read + 3];
  assert.equal(scores.length, 6);
  [2, 2, 4, 2, 2, 4].forEach((read, p) => {
    assert.ok(Math.abs(scores[p] - expected(read)) < 1e-6);
  });
  await scorer.backward(batch, Float32Array.of(1, 2, 4, 0, 0, 8));
  gradient.forEach((found, i) => {
    const weight = { 11: 3, 13: -3, 21: 12, 23: -12 }[i] ?? 0;
    assert.ok(Math.abs(found - weight) < 1e-6, `${i}: ${found}`);
  });
});

test("errors name the argument, what was expected and what was found", async () => {
  const model = new RewardModel({ scorer: new TableScorer(VOCABULARY) });
  const train = (list: readonly RewardExample[], more: object = {}) => model.update(list, { ...options, ...more });
  const broken = {
    score: async () => Float32Array.of(NaN),
    backward: async () => {},
    step: async () => ({ step: 0, gradientNorm: 0, clipFactor: 1 }),
  };
  const refused: [() => Promise<unknown>, RegExp][] = [
    [async () => new RewardModel({} as never), /scorer.score must be a function, found undefined/],
    [async () => new RewardModel({ scorer: model.scorer, aggregation: "max" as "min" }), /aggregation must be one of/],
    [() => train(examples, { epochs: 0 }), /epochs must be an integer from 1, found 0/],
    [() => train(examples, { learningRate: "1" }), /learningRate must be a number from 0, found "1"/],
    [() => train(examples, { batchsize: 1 }), /no option "batchsize"/],
    [() => train([{ ...examples[0], label: NaN }, examples[1]]), /label\[0\] must be from 0 to 1, found NaN/],
    [() => model.score([{ prompt: new Int32Array(), tokens: new Int32Array() }]), /solution 0 are both empty/],
    [() => new RewardModel({ scorer: broken }).score(examples.slice(0, 1)), /expected finite scores, found NaN/],
    [() => new RewardModel({ scorer: broken }).score(examples.slice(0, 2)), /expected 2 scores, found .*length 1/],
    [async () => tokenScorer({} as never, { good: 1, bad: 1 }), /good and bad must be two tokens, found 1 for both/],
  ];
  for (const [call, message] of refused) await assert.rejects(call, { message });
});
