import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransformerConfig } from "../files/config.ts";
import type { SegmentedBatch } from "../model/rows.ts";
import {
  assertClose,
  assertSameGradients,
  batchOf,
  llama,
  pseudoRandom,
  qwen2,
  randomTokens,
  sharpen,
  sparse,
  takeGradients,
} from "../testing/models.ts";
import { PolicyCore, type PolicyOptions } from "./core.ts";

const random = pseudoRandom(1);
const sequences = [5, 40, 1, 17, 3, 90, 33, 8].map((length) => randomTokens(length, llama, random));
const batch = batchOf(sequences);
const coefficients = Float32Array.from(batch.tokens, () => random() - 0.5);

function make(config: TransformerConfig, options: PolicyOptions = {}): PolicyCore {
  return sharpen(PolicyCore.create(config, { seed: 3, ...options }));
}

/** Scores and differentiates a batch with a policy that is then disposed of. */
async function evaluate(config: TransformerConfig, options: PolicyOptions, of: SegmentedBatch, by: Float32Array) {
  const core = make(config, options);
  const { logProbs, entropies } = await core.logProbs(of, { entropies: true });
  const along = await core.backward(of, by);
  assertClose(along.logProbs, logProbs, 1e-5, "log-probabilities of both passes");
  const gradients = takeGradients(core);
  await core.dispose();
  return { logProbs, entropies: entropies!, gradients };
}

for (const [name, config] of Object.entries({ llama, qwen2, sparse })) {
  test(`${name}: packed segments score and learn as each does alone`, async () => {
    const packed = await evaluate(config, {}, batch, coefficients);
    const core = make(config);
    const alone: number[] = [];
    for (const [s, sequence] of sequences.entries()) {
      const part = coefficients.subarray(batch.segments[s], batch.segments[s + 1]);
      const { logProbs } = await core.backward(batchOf([sequence]), part);
      alone.push(...logProbs);
    }
    assertClose(packed.logProbs, alone, 1e-5, "log-probabilities");
    assertSameGradients(takeGradients(core), packed.gradients, 1e-5);
    await core.dispose();
  });

  test(`${name}: neither the order of segments nor the split into runs changes anything`, async () => {
    const whole = await evaluate(config, {}, batch, coefficients);
    const order = [3, 7, 0, 6, 1, 5, 2, 4];
    const shuffledCoefficients = Float32Array.from(
      order.flatMap((s) => [...coefficients.subarray(batch.segments[s], batch.segments[s + 1])]),
    );
    const shuffled = await evaluate(config, {}, batchOf(order.map((s) => sequences[s])), shuffledCoefficients);
    assertSameGradients(shuffled.gradients, whole.gradients, 1e-5);
    for (const maxTokens of [1, 100]) {
      const split = await evaluate(config, { maxTokens }, batch, coefficients);
      assertClose(split.logProbs, whole.logProbs, 1e-5, "log-probabilities");
      assertClose(split.entropies, whole.entropies, 1e-5, "entropies");
      assertSameGradients(split.gradients, whole.gradients, 1e-5);
    }
  });

  test(`${name}: chunks of queries and checkpointed blocks compute the same`, async () => {
    const plain = await evaluate(config, {}, batch, coefficients);
    for (const options of [{ queryChunk: 20 }, { checkpointBlocks: true }, { checkpointBlocks: true, queryChunk: 7 }]) {
      const other = await evaluate(config, options, batch, coefficients);
      assertClose(other.logProbs, plain.logProbs, 1e-5, "log-probabilities");
      assertSameGradients(other.gradients, plain.gradients, 1e-5);
    }
  });

  test(`${name}: gradients are the slopes of the objective`, async () => {
    // Not sharpened where blocks are chosen: no choice may change within a step.
    const core = config === sparse ? PolicyCore.create(config, { seed: 3 }) : make(config);
    const objective = async () =>
      (await core.logProbs(batch, { temperature: 0.8 })).logProbs.reduce((sum, x, i) => sum + x * coefficients[i], 0);
    await core.backward(batch, coefficients, { temperature: 0.8 });
    const gradients = takeGradients(core);
    for (const [weight, values] of Object.entries(core.weights)) {
      // Along the gradient's own sign, so that float32 sees a difference.
      const gradient = gradients[weight];
      const before = values.slice();
      // Biases begin at zero: an absolute step for them.
      const step = (config === sparse ? 2e-3 : 2e-4) * (Math.hypot(...before) / Math.sqrt(before.length) || 1);
      const slope = gradient.reduce((sum, x) => sum + Math.abs(x), 0);
      values.forEach((value, i) => {
        values[i] = value + step * Math.sign(gradient[i]);
      });
      const up = await objective();
      values.set(before);
      values.forEach((value, i) => {
        values[i] = value - step * Math.sign(gradient[i]);
      });
      const down = await objective();
      values.set(before);
      const measured = (up - down) / (2 * step);
      assert.ok(Math.abs(measured - slope) < 0.02 * slope + 0.02, `${weight}: ${measured}, expected ${slope}`);
    }
    await core.dispose();
  });
}

test("a large vocabulary is streamed and scores and learns as a held one", async () => {
  // 4096 · 2100 logits are too many to hold, 512 · 2100 are not.
  const config = { ...llama, vocabSize: 2100, layers: 1 };
  const tokens = [200, 100, 7].map((length) => randomTokens(Math.min(length, 190), config, random));
  const large = batchOf(tokens);
  const by = Float32Array.from(large.tokens, () => random() - 0.5);
  const streamed = await evaluate(config, { maxTokens: 4096 }, large, by);
  const held = await evaluate(config, { maxTokens: 512 }, large, by);
  assertClose(streamed.logProbs, held.logProbs, 1e-5, "log-probabilities");
  assertClose(streamed.entropies, held.entropies, 1e-5, "entropies");
  assertSameGradients(streamed.gradients, held.gradients, 1e-5);
});

test("a segment as long as there are positions, which no row length is, scores and learns as with more positions", async () => {
  const whole = batchOf([randomTokens(90, llama, random), randomTokens(7, llama, random)]);
  const by = Float32Array.from(whole.tokens, () => random() - 0.5);
  const [short, long] = [
    await evaluate({ ...llama, maxPositions: 90 }, {}, whole, by),
    await evaluate({ ...llama, maxPositions: 500 }, {}, whole, by),
  ];
  assertClose(short.logProbs, long.logProbs, 1e-6, "log-probabilities");
  assertSameGradients(short.gradients, long.gradients, 1e-6);
});

test("nothing is scored and nothing learnt where the label is -100", async () => {
  const masked = { ...batch, labels: batch.labels.slice().fill(-100, 20, 60) };
  const by = coefficients.slice();
  const { logProbs, gradients } = await evaluate(llama, {}, masked, by);
  assert.ok(logProbs.subarray(20, 60).every((x) => x === 0));
  const silent = await evaluate(
    llama,
    {},
    masked,
    by.map((x, i) => (masked.labels[i] < 0 ? 0 : x)),
  );
  assert.deepEqual(gradients, silent.gradients);
});

test("backward accumulates until a step, and a step clears", async () => {
  const core = make(llama);
  await core.backward(batch, coefficients);
  await core.backward(batch, coefficients);
  const twice = takeGradients(core);
  assert.ok(Object.values(core.gradients).every((data) => data.every((x) => x === 0)));
  await core.backward(
    batch,
    coefficients.map((x) => 2 * x),
  );
  assertSameGradients(takeGradients(core), twice, 1e-6);
  await core.dispose();
});

test("a wrong number of coefficients, a temperature of 0, weights of another model: refused with both numbers", async () => {
  const core = make(llama);
  await assert.rejects(core.backward(batch, new Float32Array(3)), {
    name: "RangeError",
    message: `Cannot go backward: found 3 coefficients, expected ${batch.tokens.length}`,
  });
  await assert.rejects(core.logProbs(batch, { temperature: 0 }), { name: "RangeError", message: /temperature 0/ });
  assert.throws(() => new PolicyCore(llama, new Float32Array(7)), { name: "RangeError", message: /found 7 weights/ });
  const state = core.state();
  assert.throws(() => core.restore({ ...state, variance: new Float32Array(2) }), /variance has 2 entries/);
  await core.dispose();
});

test("NaN in a weight stops the step that meets it, and the other weights stay", async () => {
  const core = make(llama);
  core.weights["layers.0.down"][5] = Number.NaN;
  const before = core.weights.embedding.slice();
  await core.backward(batch, coefficients);
  assert.throws(() => core.step({ learningRate: 0.1 }), { name: "RangeError", message: /gradient's norm is NaN/ });
  assert.deepEqual(core.weights.embedding, before);
  await core.dispose();
});
