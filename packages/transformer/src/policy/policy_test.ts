import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ByteTokenizer } from "../files/byte_tokenizer.ts";
import { assertClose, batchOf, llama, pseudoRandom, qwen2, randomTokens, sparse } from "../testing/models.ts";
import { createPolicy, loadPolicy } from "./policy.ts";

const parent = await mkdtemp(join(tmpdir(), "gradus-policy-"));
after(() => rm(parent, { recursive: true }));

const random = pseudoRandom(8);
const batch = batchOf([30, 7, 50, 12].map((length) => randomTokens(length, llama, random)));

test("a saved policy loads as the same policy; half precision rounds its weights", async () => {
  for (const config of [{ ...llama, eosToken: 3, otherEosTokens: [4, 5] }, { ...qwen2, bosToken: 1 }, sparse]) {
    const policy = await createPolicy(config, { seed: 6 });
    const { logProbs } = await policy.logProbs(batch);
    const name = config.attention ?? config.qkvBias;
    for (const [dtype, tolerance] of [
      ["float32", 0],
      ["float16", 0.01],
      ["bfloat16", 0.05],
    ] as const) {
      if (name !== false && tolerance > 0) continue;
      const directory = join(parent, `${name}-${dtype}`);
      await policy.save(directory, { dtype, files: { "tokenizer.json": JSON.stringify(new ByteTokenizer()) } });
      const loaded = await loadPolicy(directory);
      assert.deepEqual({ ...loaded.config }, { ...config });
      const again = await loaded.logProbs(batch);
      assertClose(again.logProbs, logProbs, tolerance, `log-probabilities from ${dtype}`);
      if (tolerance > 0) assert.notDeepEqual(again.logProbs, logProbs);
      await loaded.dispose();
    }
    await policy.dispose();
  }
  const generation = JSON.parse(await readFile(join(parent, "false-float32", "generation_config.json"), "utf8"));
  assert.deepEqual(generation.eos_token_id, [3, 4, 5]);
  await assert.rejects(loadPolicy(join(parent, "nowhere")), /nowhere/);
});

test("a policy with sparse attention learns a text by heart, and says it from its checkpoint", async () => {
  const policy = await createPolicy({ ...sparse, hiddenSize: 32, layers: 1, tieEmbeddings: true }, { seed: 2 });
  const text = randomTokens(150, sparse, pseudoRandom(4));
  const lesson = batchOf([text]);
  const coefficients = Float32Array.from(lesson.labels, (label) => (label < 0 ? 0 : -1 / 149));
  for (let step = 0; step < 80; step++) {
    await policy.backward(lesson, coefficients);
    await policy.step({ learningRate: 0.02 });
  }
  const directory = join(parent, "by-heart");
  await policy.save(directory);
  await policy.dispose();
  const again = await loadPolicy(directory);
  const request = { maxNewTokens: 110, temperature: 0, seed: 1 };
  const [completion] = await again.sample([text.subarray(0, 40)], request);
  assert.deepEqual(completion.tokens, text.subarray(40));
  await assert.rejects(again.exportOnnx(join(parent, "sparse-onnx")), {
    name: "RangeError",
    message: /attention "nsa"/,
  });
  await again.dispose();
});

test("NaN in a weight is refused where it would be saved", async () => {
  const policy = await createPolicy(llama, { seed: 1 });
  const state = await policy.state();
  state.weights[7] = Number.NaN;
  await policy.restore(state);
  await assert.rejects(policy.save(join(parent, "nan")), {
    name: "RangeError",
    message: /embed_tokens.weight\[7\] is NaN/,
  });
  await policy.dispose();
});

test("errors keep their name and message on the way out of the worker", async () => {
  const policy = await createPolicy(llama, { seed: 1 });
  await assert.rejects(policy.backward(batch, new Float32Array(2)), {
    name: "RangeError",
    message: /found 2 coefficients/,
  });
  await assert.rejects(policy.logProbs({ ...batch, labels: new Int32Array(1) }), {
    name: "RangeError",
    message: /labels/,
  });
  await assert.rejects(policy.sample([Int32Array.of(99)], { maxNewTokens: 1, seed: 1 }), {
    name: "RangeError",
    message: /prompt 0's token 0 must be from 0 to 28, found 99/,
  });
  await assert.rejects(createPolicy({ ...llama, heads: 3 }, { seed: 1 }), { name: "RangeError", message: /heads/ });
  // It goes on working.
  assert.equal((await policy.logProbs(batch)).logProbs.length, batch.tokens.length);
  await policy.dispose();
});

test("aborting ends sampling with the signal's reason while this thread stays live", async () => {
  const policy = await createPolicy({ ...llama, hiddenSize: 64, maxPositions: 4096 }, { seed: 1 });
  const prompts = Array.from({ length: 32 }, () => Int32Array.of(1, 2, 3));
  const request = { maxNewTokens: 4000, samplesPerPrompt: 4, seed: 1 };
  const abort = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const started = performance.now();
  const running = policy.sample(prompts, {
    ...request,
    signal: abort.signal,
    onProgress: ({ tokens }) => tokens > 1000 && abort.abort(new Error("enough")),
  });
  await assert.rejects(running, { message: "enough" });
  clearInterval(timer);
  assert.ok(ticks > 3, `the timer ran ${ticks} times`);
  assert.ok(performance.now() - started < 20_000);
  await assert.rejects(policy.sample(prompts, { ...request, signal: AbortSignal.abort(new Error("early")) }), {
    message: "early",
  });
  const [completion] = await policy.sample([Int32Array.of(1)], { maxNewTokens: 3, seed: 1 });
  assert.equal(completion.tokens.length, 3);
  await policy.dispose();
});

test("disposing frees the memory", async () => {
  // 7 MB of weights, three times that for gradient and moments, and what the graphs hold: some 50 MB a policy.
  const config = { ...llama, hiddenSize: 256, heads: 8, keyValueHeads: 8, headSize: 32, intermediateSize: 768 };
  const use = async () => {
    const policy = await createPolicy(config, { seed: 1 });
    await policy.backward(batch, new Float32Array(batch.tokens.length).fill(-0.01));
    await policy.step({ learningRate: 0.01 });
    await policy.sample([Int32Array.of(1)], { maxNewTokens: 2, seed: 1 });
    await policy.dispose();
  };
  await use();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 4; i++) await use();
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 120, `four policies left ${grown.toFixed()} MiB behind`);
});

test("a small policy learns to copy what it has read", async () => {
  const config = {
    ...llama,
    vocabSize: 12,
    hiddenSize: 48,
    heads: 4,
    keyValueHeads: 2,
    headSize: 12,
    intermediateSize: 96,
  };
  const policy = await createPolicy(config, { seed: 1 });
  const [separator, length] = [10, 5];
  const example = () => {
    const word = Array.from({ length }, () => Math.floor(random() * 10));
    return [...word, separator, ...word];
  };
  const started = performance.now();
  let accuracy = 0;
  const held = Array.from({ length: 50 }, example);
  for (let step = 0; step < 1000 && accuracy < 0.98; step++) {
    const batch = batchOf(Array.from({ length: 48 }, example));
    // Only the copy counts: 48 of them with `length` tokens each.
    const coefficients = Float32Array.from(batch.positions, (t) =>
      t >= length && t < 2 * length ? -1 / (48 * length) : 0,
    );
    await policy.backward(batch, coefficients);
    await policy.step({ learningRate: 0.004 });
    if (step % 50 < 49) continue;
    const completions = await policy.sample(
      held.map((tokens) => Int32Array.from(tokens.slice(0, length + 1))),
      { maxNewTokens: length, temperature: 0, seed: 1 },
    );
    const right = completions.filter(({ tokens }, i) => tokens.every((token, t) => token === held[i][t]));
    accuracy = right.length / held.length;
  }
  const seconds = (performance.now() - started) / 1000;
  assert.ok(accuracy >= 0.98, `copies ${accuracy * 100} % after ${seconds.toFixed(1)} s`);
  await policy.dispose();
});
