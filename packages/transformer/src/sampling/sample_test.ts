import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, type Session } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { weightShapes } from "../files/weights.ts";
import { decodeModel, prefillModel, type WeightData } from "../model/graphs.ts";
import { PolicyCore } from "../policy/core.ts";
import { assertClose, batchOf, llama, pseudoRandom, qwen2, randomTokens, sharpen, sparse } from "../testing/models.ts";
import { type SampleRequest, sampleCompletions } from "./sample.ts";
import type { Completion } from "./wave.ts";

const random = pseudoRandom(5);
/** Ragged: shorter and longer than the 16 positions to which prompts are padded. */
const prompts = [3, 17, 1, 40, 16, 5, 33].map((length) => randomTokens(length, llama, random));

/** Log-probabilities of completions as the trainer computes them. */
async function scored(
  core: PolicyCore,
  from: readonly Int32Array[],
  completions: readonly Completion[],
  temperature: number,
) {
  const batch = batchOf(completions.map(({ prompt, tokens }) => [...from[prompt], ...tokens]));
  const { logProbs } = await core.logProbs(batch, { temperature });
  return completions.map(({ prompt, tokens }, s) => {
    const start = batch.segments[s] + from[prompt].length - 1;
    return logProbs.subarray(start, start + tokens.length);
  });
}

async function assertScoresAgree(
  core: PolicyCore,
  from: readonly Int32Array[],
  completions: readonly Completion[],
  temperature: number,
) {
  const expected = await scored(core, from, completions, temperature);
  completions.forEach(({ logProbs }, i) => {
    assertClose(logProbs, expected[i], 1e-4, `log-probabilities of completion ${i}`);
  });
}

const key = ({ prompt, sample }: Completion) => `${prompt}/${sample}`;
const tokensOf = (completions: readonly Completion[]) => completions.map(({ tokens }) => [...tokens]);

for (const [name, config] of Object.entries({ llama, qwen2, sparse }))
  test(`${name}: sampling and scoring give the same log-probabilities`, async () => {
    // Log-probabilities of −100 have errors to match: sparse attention, with φ in it, is sharper by itself.
    const core = sharpen(PolicyCore.create(config, { seed: 2 }), config === sparse ? 2 : 3);
    // Two common tokens and a pair end completions: rows finish one by one, groups shrink and vanish.
    const stop = [Int32Array.of(3), Int32Array.of(11), Int32Array.of(5, 7)];
    const requests: Partial<SampleRequest>[] = [
      { samplesPerPrompt: 1, temperature: 1 },
      { samplesPerPrompt: 6, temperature: 0.7, stop },
      { samplesPerPrompt: 3, temperature: 1.6, stop, topK: 9, topP: 0.9 },
      { samplesPerPrompt: 5, temperature: 1.2, stop, maxRows: 4 },
      { temperature: 0 },
    ];
    for (const request of requests) {
      const completions = await core.sample(prompts, { maxNewTokens: 100, seed: 9, ...request });
      const { samplesPerPrompt = 1, temperature = 1 } = request;
      assert.deepEqual(
        completions.map(key),
        prompts.flatMap((_, prompt) => Array.from({ length: samplesPerPrompt }, (_, sample) => `${prompt}/${sample}`)),
      );
      await assertScoresAgree(core, prompts, completions, temperature || 1);
      if (request.stop) {
        const lengths = new Set(completions.map(({ tokens }) => tokens.length));
        assert.ok(lengths.size > 3, "completions should end at different times");
        assert.ok(
          completions.some(({ tokens }) => tokens.length > 33),
          "some should outgrow the cache's first size",
        );
      } else assert.ok(completions.every(({ tokens }) => tokens.length === 100));
    }
    await core.dispose();
  });

test("a completion is the same alone, in a small batch and in a large one", async () => {
  const core = sharpen(PolicyCore.create(llama, { seed: 2 }));
  const stop = [Int32Array.of(3), Int32Array.of(11)];
  const request = { samplesPerPrompt: 4, maxNewTokens: 60, seed: 4, step: 3, stop };
  const large = await core.sample(prompts, request);
  for (const maxRows of [1, 3, 9]) {
    const small = await core.sample(prompts, { ...request, maxRows });
    assert.deepEqual(tokensOf(small), tokensOf(large));
    small.forEach(({ logProbs }, i) => {
      assertClose(logProbs, large[i].logProbs, 1e-4);
    });
  }
  const fewer = await core.sample(prompts.slice(0, 2), { ...request, samplesPerPrompt: 2 });
  assert.deepEqual(tokensOf(fewer), tokensOf(large.filter(({ prompt, sample }) => prompt < 2 && sample < 2)));
  const otherStep = await core.sample(prompts, { ...request, step: 4 });
  assert.notDeepEqual(tokensOf(otherStep), tokensOf(large));
  await core.dispose();
});

/** Samples with sessions that count what they are given to read. */
async function countingSessions(config: TransformerConfig, weights: WeightData) {
  const counts = { prefillRuns: 0, prefilledRows: 0, decodedRows: [] as number[] };
  const counting = (session: Session, count: (rows: number) => void) =>
    ({
      run: (feeds: Parameters<Session["run"]>[0]) => {
        count(feeds.tokens.shape[0]);
        return session.run(feeds);
      },
    }) as Session;
  const decode = await openSession(decodeModel(config, weights));
  const sessions = {
    prefill: async (time: number) =>
      counting(await openSession(prefillModel(config, time)), (rows) => {
        counts.prefillRuns++;
        counts.prefilledRows += rows;
      }),
    decode: async () => counting(decode, (rows) => counts.decodedRows.push(rows)),
    weights: (forDecoding: boolean) => (forDecoding ? {} : weights),
  };
  return { counts, sessions };
}

test("a prompt is read once for all of its samples, and finished rows are no longer decoded", async () => {
  const core = sharpen(PolicyCore.create(llama, { seed: 2 }));
  const shapes = weightShapes(llama);
  const weights = Object.fromEntries(
    Object.entries(core.weights).map(([name, data]) => [name, { data, shape: shapes[name] }]),
  );
  const { counts, sessions } = await countingSessions(llama, weights);
  const stop = [Int32Array.of(3), Int32Array.of(11), Int32Array.of(8)];
  const request = { samplesPerPrompt: 16, maxNewTokens: 80, seed: 1, stop };
  const completions = await sampleCompletions(llama, sessions, prompts, request);
  assert.deepEqual([counts.prefillRuns, counts.prefilledRows], [1, prompts.length]);
  const needed = completions.reduce((sum, { tokens }) => sum + tokens.length - 1, 0);
  const decoded = counts.decodedRows.reduce((a, b) => a + b, 0);
  assert.equal(counts.decodedRows[0], prompts.length * 16);
  assert.ok(counts.decodedRows.at(-1)! < prompts.length * 16 * 0.4, "the last step should decode few rows");
  assert.ok(decoded < 112 * counts.decodedRows.length * 0.7, `${decoded} rows were decoded, ${needed} were needed`);
  assert.deepEqual(tokensOf(completions), tokensOf(await core.sample(prompts, request)));
  await core.dispose();
});

test("greedy, top-k of one and a tiny top-p choose the same tokens", async () => {
  const core = sharpen(PolicyCore.create(llama, { seed: 2 }));
  const request = { maxNewTokens: 30, seed: 1 };
  const greedy = tokensOf(await core.sample(prompts, { ...request, temperature: 0 }));
  assert.deepEqual(tokensOf(await core.sample(prompts, { ...request, topK: 1 })), greedy);
  assert.deepEqual(tokensOf(await core.sample(prompts, { ...request, topP: 1e-6, temperature: 2 })), greedy);
  await core.dispose();
});

test("a completion ends with its stop sequence, at a limit, or where positions end", async () => {
  const config = { ...llama, maxPositions: 64, eosToken: 3, otherEosTokens: [11, 8] };
  const core = sharpen(PolicyCore.create(config, { seed: 2 }));
  const endsWith = (tokens: Int32Array, sequence: number[]) =>
    tokens.length >= sequence.length && sequence.every((x, i) => tokens[tokens.length - sequence.length + i] === x);

  const byDefault = await core.sample(prompts, { samplesPerPrompt: 8, maxNewTokens: 200, seed: 1 });
  const ends = new Set<number>();
  for (const { prompt, tokens, finishReason } of byDefault) {
    const last = tokens[tokens.length - 1];
    if (finishReason === "stop") ends.add(last);
    else assert.equal(tokens.length + prompts[prompt].length, config.maxPositions);
    assert.equal([3, 11, 8].includes(last), finishReason === "stop");
    assert.ok(tokens.subarray(0, -1).every((token) => ![3, 11, 8].includes(token)));
  }
  assert.deepEqual(ends, new Set([3, 11, 8]));
  assert.ok(byDefault.some(({ finishReason }) => finishReason === "length"));

  // What follows itself often: taken from what the model says, so that the pair does occur.
  const free = await core.sample(prompts, { samplesPerPrompt: 4, maxNewTokens: 20, seed: 1, stop: [] });
  const pair = [...free[0].tokens.subarray(4, 6)];
  const stopped = await core.sample(prompts, {
    samplesPerPrompt: 4,
    maxNewTokens: 20,
    seed: 1,
    stop: [Int32Array.from(pair)],
  });
  assert.deepEqual([stopped[0].finishReason, stopped[0].tokens.length <= 6], ["stop", true]);
  stopped.forEach(({ tokens, finishReason }, i) => {
    assert.equal(endsWith(tokens, pair), finishReason === "stop");
    assert.deepEqual([...tokens], [...free[i].tokens.subarray(0, tokens.length)]);
    if (finishReason === "length")
      assert.ok(tokens.length === 20 || prompts[free[i].prompt].length + tokens.length === 64);
  });
  await core.dispose();
});

/** Σ (observed − expected)² / expected over tokens with enough expected draws, the rest lumped; and its degrees of freedom. */
function chiSquare(
  observed: Int32Array,
  probabilities: Float64Array,
  draws: number,
): { statistic: number; freedom: number } {
  let [statistic, freedom, restObserved, restExpected] = [0, -1, 0, 0];
  const add = (o: number, e: number) => {
    statistic += (o - e) ** 2 / e;
    freedom++;
  };
  observed.forEach((count, token) => {
    const expected = probabilities[token] * draws;
    if (expected >= 5) add(count, expected);
    else {
      restObserved += count;
      restExpected += expected;
    }
  });
  if (restExpected > 0) add(restObserved, restExpected);
  return { statistic, freedom };
}

test("tokens are drawn as often as their probabilities say, by prefill and by decoding", async () => {
  const core = sharpen(PolicyCore.create(llama, { seed: 2 }), 2);
  const prompt = prompts[1];
  const temperature = 1.3;
  const draws = 3000;
  const request = { samplesPerPrompt: draws, maxNewTokens: 2, seed: 77, temperature, maxRows: 1000 };
  const completions = await core.sample([prompt], request);
  const distribution = async (context: readonly number[]) => {
    const batch = batchOf(Array.from({ length: llama.vocabSize }, (_, token) => [...context, token]));
    const { logProbs } = await core.logProbs(batch, { temperature });
    return Float64Array.from({ length: llama.vocabSize }, (_, s) =>
      Math.exp(logProbs[batch.segments[s] + context.length - 1]),
    );
  };
  const count = (tokens: number[]) => {
    const counts = new Int32Array(llama.vocabSize);
    for (const token of tokens) counts[token]++;
    return counts;
  };
  const first = count(completions.map(({ tokens }) => tokens[0]));
  const favourite = first.indexOf(Math.max(...first));
  const second = completions.filter(({ tokens }) => tokens[0] === favourite).map(({ tokens }) => tokens[1]);
  const cases: [Int32Array, Float64Array, number][] = [
    [first, await distribution([...prompt]), draws],
    [count(second), await distribution([...prompt, favourite]), second.length],
  ];
  for (const [observed, probabilities, total] of cases) {
    const { statistic, freedom } = chiSquare(observed, probabilities, total);
    assert.ok(freedom >= 3, `only ${freedom} degrees of freedom`);
    // Mean plus four standard deviations; the seed is fixed, so that this holds or fails for good.
    assert.ok(statistic < freedom + 4 * Math.sqrt(2 * freedom), `χ² = ${statistic} with ${freedom} degrees of freedom`);
  }
  await core.dispose();
});

test("bad requests are refused by the name of the option", async () => {
  const core = PolicyCore.create(llama, { seed: 2 });
  const refused: [Partial<SampleRequest>, RegExp][] = [
    [{ samplesPerPrompt: 0 }, /samplesPerPrompt must be a positive integer, found 0/],
    [{ maxNewTokens: 1.5 }, /maxNewTokens must be a positive integer, found 1.5/],
    [{ temperature: -1 }, /temperature must be a number ≥ 0, found -1/],
    [{ temperature: Number.NaN }, /temperature/],
    [{ topK: -2 }, /topK/],
    [{ topP: 0 }, /topP must be more than 0 and at most 1, found 0/],
    [{ maxRows: 0 }, /maxRows must be a positive integer, found 0/],
    [{ stop: [new Int32Array(0)] }, /stop\[0\]/],
  ];
  for (const [change, message] of refused)
    await assert.rejects(core.sample(prompts, { maxNewTokens: 5, seed: 1, ...change }), {
      name: "RangeError",
      message,
    });
  await assert.rejects(core.sample([Int32Array.of()], { maxNewTokens: 5, seed: 1 }), /the length of prompt 0/);
  await assert.rejects(core.sample([new Int32Array(192)], { maxNewTokens: 5, seed: 1 }), /from 1 to 191, found 192/);
  await assert.rejects(core.sample([Int32Array.of(1, 29)], { maxNewTokens: 5, seed: 1 }), /prompt 0's token 1/);
  assert.deepEqual(await core.sample([], { maxNewTokens: 5, seed: 1 }), []);
  await core.dispose();
});

test("progress counts tokens and ends with everything finished; cancelling stops within a step", async () => {
  const core = PolicyCore.create(llama, { seed: 2 });
  const request = { samplesPerPrompt: 2, maxNewTokens: 50, seed: 1, maxRows: 6 };
  let last = { tokens: 0, finished: 0, total: 0 };
  const onProgress = (progress: typeof last) => {
    assert.ok(progress.tokens > last.tokens && progress.finished >= last.finished);
    last = progress;
  };
  const completions = await core.sample(prompts, request, { onProgress });
  const tokens = completions.reduce((sum, completion) => sum + completion.tokens.length, 0);
  assert.deepEqual(last, { tokens, finished: 14, total: 14 });
  let steps = 0;
  const controller = new AbortController();
  const count = () => {
    if (++steps === 3) controller.abort();
  };
  const cancelled = core.sample(prompts, request, { onProgress: count, signal: controller.signal });
  await assert.rejects(cancelled, { name: "AbortError" });
  assert.equal(steps, 3);
  assert.equal((await core.sample(prompts, request)).length, 14);
  await core.dispose();
});
