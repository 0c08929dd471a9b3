import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createPolicy } from "../policy/policy.ts";
import {
  assertClose,
  assertSameGradients,
  batchOf,
  llama,
  pseudoRandom,
  qwen2,
  randomTokens,
  sparse,
} from "../testing/models.ts";
import { type ScoreBatch, ScorerCore } from "./core.ts";
import { createScorer, loadScorer } from "./scorer.ts";

const parent = await mkdtemp(join(tmpdir(), "gradus-scorer-"));
after(() => rm(parent, { recursive: true }));

const random = pseudoRandom(4);
const sequences = [5, 40, 1, 17, 90].map((length) => randomTokens(length, llama, random));

/** The last token of each sequence, and the first ones twice. */
function placed(list: readonly Int32Array[]): ScoreBatch {
  const { tokens, positions, segments } = batchOf(list);
  const places = [...segments.subarray(1)].flatMap((end, s) => [end - 1, segments[s], segments[s]]);
  return { tokens, positions, segments, places: Int32Array.from(places) };
}

/** A core whose weights, value head included, are large enough to be of opinion. */
function make(config = llama, options = {}): ScorerCore {
  const core = new ScorerCore(config, 3, options);
  const noise = pseudoRandom(9);
  for (const weight of Object.values(core.weights))
    for (let i = 0; i < weight.length; i++) weight[i] = weight[i] === 1 ? 1 : weight[i] * 2 + (noise() - 0.5) * 0.4;
  return core;
}

const batch = placed(sequences);
const coefficients = Float32Array.from(batch.places, () => random() - 0.5);

test("packed sequences score and learn as each does alone, however they are split into runs", async () => {
  for (const config of [llama, qwen2, sparse]) {
    const [whole, alone, split] = [make(config), make(config), make(config, { maxTokens: 48, checkpointBlocks: true })];
    const scores = await whole.backward(batch, coefficients);
    assertClose(await whole.score(batch), scores, 1e-5);
    assertClose(await split.backward(batch, coefficients), scores, 1e-5);
    assertSameGradients(split.gradients, whole.gradients, 1e-5);
    for (const [s, sequence] of sequences.entries()) {
      const part = await alone.backward(placed([sequence]), coefficients.subarray(3 * s, 3 * s + 3));
      assertClose(part, scores.subarray(3 * s, 3 * s + 3), 1e-5);
    }
    assertSameGradients(alone.gradients, whole.gradients, 1e-5);
    for (const core of [whole, alone, split]) await core.dispose();
  }
});

test("the gradient is the derivative of the scores", async () => {
  const core = make();
  await core.backward(batch, coefficients);
  const gradients = Object.fromEntries(Object.entries(core.gradients).map(([name, data]) => [name, data.slice()]));
  const value = async () => (await core.score(batch)).reduce((sum, score, p) => sum + score * coefficients[p], 0);
  for (const [name, weight] of Object.entries(core.weights)) {
    // Along the gradient itself, where the difference is largest.
    const direction = gradients[name];
    const norm = Math.hypot(...direction);
    const start = weight.slice();
    const at = async (h: number) => {
      for (let i = 0; i < weight.length; i++) weight[i] = start[i] + (h * direction[i]) / norm;
      return await value();
    };
    const slope = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3;
    weight.set(start);
    assert.ok(Math.abs(slope - norm) < 0.02 * norm + 2e-3, `${name}: ${slope}, expected ${norm}`);
  }
  await core.dispose();
});

test("a scorer learns, its state restores bit for bit, and a new one says 0 everywhere", async () => {
  const config = { ...llama, maxPositions: 96 };
  const policy = await createPolicy(config, { seed: 2 });
  const scorer = await createScorer(config, { weights: await policy.weights(), threads: 1 });
  await policy.dispose();
  const lasts = { ...batch, places: batch.segments.subarray(1).map((end) => end - 1) };
  assert.deepEqual([...(await scorer.score(lasts))], [0, 0, 0, 0, 0]);
  const learn = async () => {
    const scores = await scorer.score(lasts);
    const wanted = [1, 0, 1, 0, 1];
    await scorer.backward(
      lasts,
      scores.map((score, i) => 1 / (1 + Math.exp(-score)) - wanted[i]),
    );
    return await scorer.step({ learningRate: 0.01 });
  };
  for (let step = 1; step <= 20; step++) assert.equal((await learn()).step, step);
  const scores = await scorer.score(lasts);
  assert.deepEqual(
    [...scores].map((score) => score > 0),
    [true, false, true, false, true],
  );
  const state = await scorer.state();
  await learn();
  const expected = await scorer.score(lasts);
  await scorer.restore(state);
  assert.deepEqual(await scorer.score(lasts), scores);
  await learn();
  assert.deepEqual(await scorer.score(lasts), expected);

  const directory = join(parent, "saved");
  await scorer.save(directory);
  const json = JSON.parse(await readFile(join(directory, "config.json"), "utf8"));
  assert.deepEqual([json.architectures, json.num_labels], [["LlamaForSequenceClassification"], 1]);
  const loaded = await loadScorer(directory, { threads: 1 });
  assert.deepEqual(await loaded.score(lasts), expected);
  await loaded.dispose();
  await scorer.dispose();
  await assert.rejects(scorer.score(lasts), /TypeError: .*has been disposed of/);
});

test("a policy's checkpoint, with an output head of its own too, loads as a scorer of nothing but 0", async () => {
  const policy = await createPolicy(llama, { seed: 2 });
  const directory = join(parent, "policy");
  await policy.save(directory);
  await policy.dispose();
  const scorer = await loadScorer(directory, { threads: 1 });
  assert.ok((await scorer.score(batch)).every((score) => score === 0));
  await scorer.dispose();
});

test("errors name what was expected and what was found", async () => {
  const core = new ScorerCore(llama, 1);
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => core.backward(batch, new Float32Array(2)), /found 2 coefficients, expected 15/],
    [() => core.score({ ...batch, places: Int32Array.of(153) }), /found place 153, expected 0 to 152/],
    [() => core.score({ ...batch, tokens: batch.tokens.with(0, 99) }), /tokens\[0\] = 99, expected 0 to 28/],
    [() => createScorer(llama, {}), /expected a seed or the weights of a policy, found neither/],
    [async () => new ScorerCore(llama, { embedding: new Float32Array(1) }), /embedding must have 464 numbers, found 1/],
    [
      async () => core.restore({ ...core.state(), weights: new Float32Array(1) }),
      /weights has 1 entries, expected \d+/,
    ],
  ];
  for (const [call, message] of refused) await assert.rejects(call, { name: /RangeError|TypeError/, message });
  await core.dispose();
});
