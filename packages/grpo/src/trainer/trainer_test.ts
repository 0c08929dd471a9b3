import assert from "node:assert/strict";
import { test } from "node:test";
import { BigramPolicy } from "../testing/bigram_policy.ts";
import type { Batch } from "./policy.ts";
import type { Exploration } from "./rollout.ts";
import { GrpoTrainer } from "./trainer.ts";
import type { GrpoTrainerOptions, Prompt, StepMetrics } from "./trainer_options.ts";

const VOCABULARY = 5;
const prompts = { at: (index: number): Prompt => ({ tokens: Int32Array.of(index % VOCABULARY) }) };

/** The share of tokens that are 3: easy to learn. */
const threes = ({ tokens }: { tokens: Int32Array }) => tokens.filter((token) => token === 3).length / tokens.length;

function trainerFor(policy: BigramPolicy, more: Partial<GrpoTrainerOptions<Prompt>> = {}): GrpoTrainer<Prompt> {
  return new GrpoTrainer({
    policy,
    prompts,
    reward: threes,
    seed: 1,
    stepsPerIteration: 4,
    promptsPerStep: 3,
    samplesPerPrompt: 4,
    sampling: { maxNewTokens: 4, stop: [Int32Array.of(4)] },
    objective: { beta: 0 },
    learningRate: 1,
    ...more,
  });
}

async function all(trainer: GrpoTrainer<Prompt>, from = 0): Promise<StepMetrics[]> {
  const steps: StepMetrics[] = [];
  for await (const metrics of trainer.run({ from })) steps.push(metrics);
  return steps;
}

test("what is rewarded becomes more likely", async () => {
  const steps = await all(trainerFor(new BigramPolicy(VOCABULARY), { stepsPerIteration: 40, learningRate: 5 }));
  assert.ok(steps[0].reward < 0.4 && steps[39].reward > 0.8, `${steps[0].reward}, ${steps[39].reward}`);
});

test("the same seed gives the same run, and a run goes on from any step bit for bit", async () => {
  const whole = new BigramPolicy(VOCABULARY);
  const expected = await all(trainerFor(whole));
  assert.equal(expected.length, 4);
  const half = new BigramPolicy(VOCABULARY);
  const begun: StepMetrics[] = [];
  for await (const metrics of trainerFor(half).run()) {
    begun.push(metrics);
    if (metrics.step === 1) break;
  }
  const resumed = new BigramPolicy(VOCABULARY, half.logits);
  assert.deepEqual([...begun, ...(await all(trainerFor(resumed), 2))], expected);
  assert.deepEqual(resumed.logits, whole.logits);
});

test("how the policy's calls are split changes nothing", async () => {
  const options = { updatesPerStep: 2, reference: new BigramPolicy(VOCABULARY), objective: { beta: 0.1 } };
  const [whole, split] = [new BigramPolicy(VOCABULARY), new BigramPolicy(VOCABULARY)];
  const expected = await all(trainerFor(whole, options));
  const actual = await all(trainerFor(split, { ...options, microBatchTokens: 12 }));
  assert.ok(split.calls.backward > whole.calls.backward);
  assert.deepEqual(
    actual.map((s) => s.updates[0].loss),
    expected.map((s) => s.updates[0].loss),
  );
  split.logits.forEach((logit, i) => {
    assert.ok(Math.abs(logit - whole.logits[i]) < 1e-9);
  });
});

test("Algorithm 1: the reference is reset at each iteration, each step makes μ updates, in order", async () => {
  const policy = new BigramPolicy(VOCABULARY);
  const log: string[] = [];
  let frozen = policy;
  const reference = {
    logProbs: (batch: Batch) => frozen.logProbs(batch),
    reset: async (iteration: number) => {
      log.push(`reset ${iteration}`);
      frozen = new BigramPolicy(VOCABULARY, policy.logits);
    },
  };
  const trainer = trainerFor(policy, {
    ...{ reference, iterations: 2, stepsPerIteration: 2, updatesPerStep: 2, minibatches: 3, objective: {} },
    onIterationEnd: (iteration) => void log.push(`reward model ${iteration}`),
    onExploration: ({ step }) => void log.push(`explore ${step}`),
    onUpdate: ({ update }) => void log.push(`${update}`),
  });
  const steps = await all(trainer);
  const step = (s: number) => [`explore ${s}`, ...Array.from({ length: 6 }, (_, u) => `${6 * s + u}`)];
  const iteration = (i: number) => [`reset ${i}`, ...step(2 * i), ...step(2 * i + 1), `reward model ${i}`];
  assert.deepEqual(log, [...iteration(0), ...iteration(1)]);
  // Right after a reset the policy is the reference; later in the iteration it is not.
  for (const s of [0, 2]) assert.ok(Math.abs(steps[s].updates[0].kl as number) < 1e-12);
  for (const s of [1, 3]) assert.ok((steps[s].updates[0].kl as number) > 1e-6);
  assert.deepEqual(
    steps.map((s) => s.iteration),
    [0, 0, 1, 1],
  );
});

test("the first update needs one pass, later ones see how far the policy has moved", async () => {
  const policy = new BigramPolicy(VOCABULARY);
  const [first] = await all(trainerFor(policy, { stepsPerIteration: 1, updatesPerStep: 3 }));
  assert.equal(policy.calls.logProbs, 2);
  assert.equal(first.updates[0].approxKl, 0);
  assert.ok(first.updates[1].approxKl > 0 && first.updates[2].approxKl > first.updates[1].approxKl);
  assert.ok(first.samplerGapMax < 1e-6);
});

test("metrics describe what was sampled", async () => {
  let explored: Exploration | undefined;
  const onExploration = (exploration: Exploration) => {
    explored = exploration;
  };
  const [metrics] = await all(trainerFor(new BigramPolicy(VOCABULARY), { stepsPerIteration: 1, onExploration }));
  const completions = explored?.groups.flatMap((group) => group.completions) ?? [];
  const lengths = completions.map(({ tokens }) => tokens.length);
  assert.equal(completions.length, 12);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  assert.equal(metrics.length, mean(lengths));
  assert.equal(metrics.longest, Math.max(...lengths));
  assert.equal(
    metrics.sampledTokens,
    lengths.reduce((a, b) => a + b, 0),
  );
  assert.equal(metrics.truncated, mean(completions.map((c) => Number(c.finishReason === "length"))));
  assert.ok(Math.abs(metrics.reward - mean(completions.map(threes))) < 1e-12);
  assert.ok(Math.abs(metrics.entropy - Math.log(VOCABULARY)) < 1e-6); // uniform, so every estimate is exact
  assert.deepEqual([metrics.groups, metrics.missing, metrics.dropped, metrics.failures.length], [3, 0, 0, 0]);
});

test("dynamic sampling replaces groups whose rewards are all equal", async () => {
  const options = { stepsPerIteration: 3, maxRefills: 30, dynamicSampling: true };
  const steps = await all(trainerFor(new BigramPolicy(VOCABULARY), { ...options, samplesPerPrompt: 2 }));
  assert.ok(steps.some(({ dropped }) => dropped > 0));
  for (const { zeroVariance, groups } of steps) assert.deepEqual([zeroVariance, groups], [0, 3]);
});

test("process supervision: each token is credited with the steps that end at it or later", async () => {
  const policy = new BigramPolicy(VOCABULARY);
  const reward = ({ tokens }: { tokens: Int32Array }) => ({
    stepRewards: Array.from(tokens, (token) => Number(token === 3)),
    stepEnds: Array.from(tokens.keys()),
  });
  const steps = await all(trainerFor(policy, { reward, stepsPerIteration: 30, learningRate: 2 }));
  assert.ok(steps[29].reward > 0.8, `${steps[29].reward}`);
  // What comes after the last rewarded step gets nothing: reward the first token only, the second is not learned.
  const firstOnly = new BigramPolicy(VOCABULARY);
  const [metrics] = await all(
    trainerFor(firstOnly, {
      reward: ({ tokens }) => ({ stepRewards: [Number(tokens[0] === 3)], stepEnds: [0] }),
      prompts: { at: () => ({ tokens: Int32Array.of(0) }) },
      stepsPerIteration: 1,
      sampling: { maxNewTokens: 2 },
    }),
  );
  assert.ok(metrics.advantageSize > 0);
  assert.ok(firstOnly.logits.subarray(0, VOCABULARY).some((logit) => logit !== 0));
  assert.ok(firstOnly.logits.subarray(3 * VOCABULARY, 4 * VOCABULARY).every((logit) => logit === 0));
});

test("several rewards are weighed, or normalised one by one; null is left out", async () => {
  const reward = [threes, ({ sample }: { sample: number }) => (sample % 2 ? 100 : null)];
  const [sum] = await all(
    trainerFor(new BigramPolicy(VOCABULARY), { reward, rewardWeights: [1, 0], stepsPerIteration: 1 }),
  );
  assert.deepEqual(sum.rewards, [sum.reward, 100]);
  const gdpo = await all(
    trainerFor(new BigramPolicy(VOCABULARY), { reward, combine: "gdpo", stepsPerIteration: 40, learningRate: 5 }),
  );
  assert.ok(gdpo[39].rewards[0] > 0.8, `${gdpo[39].rewards[0]}`);
});

test("lengths: cut-off completions may be masked, and long ones punished", async () => {
  const policy = new BigramPolicy(VOCABULARY);
  const options = { sampling: { maxNewTokens: 4 }, stepsPerIteration: 1 }; // no stop: every completion is cut off
  const [masked] = await all(trainerFor(policy, { ...options, objective: { beta: 0, maskTruncated: true } }));
  assert.deepEqual([masked.truncated, masked.updates[0].tokens, masked.updates[0].gradientNorm], [1, 0, 0]);
  const [punished] = await all(
    trainerFor(new BigramPolicy(VOCABULARY), { ...options, reward: () => 1, softOverlong: { maxLength: 5, cache: 2 } }),
  );
  assert.equal(punished.reward, 0.5);
});

test("a sampler that disagrees with the trainer is measured and corrected", async () => {
  const policy = new BigramPolicy(VOCABULARY);
  const off = Object.assign(Object.create(policy), {
    sample: async (...args: Parameters<BigramPolicy["sample"]>) =>
      (await policy.sample(...args)).map((c) => ({ ...c, logProbs: c.logProbs.map((l) => l - 0.1) })),
    logProbs: (...args: Parameters<BigramPolicy["logProbs"]>) => policy.logProbs(...args),
    backward: (...args: Parameters<BigramPolicy["backward"]>) => policy.backward(...args),
    step: (...args: Parameters<BigramPolicy["step"]>) => policy.step(...args),
  });
  const samplerCorrection = { level: "token", mode: "truncate", cap: 2 } as const;
  const [metrics] = await all(trainerFor(off, { stepsPerIteration: 1, objective: { beta: 0, samplerCorrection } }));
  assert.ok(Math.abs(metrics.samplerGap - 0.1) < 1e-6 && Math.abs(metrics.samplerGapMax - 0.1) < 1e-6);
  assert.ok(Math.abs((metrics.updates[0].samplerWeight as number) - Math.exp(0.1)) < 1e-6);
  assert.equal(metrics.updates[0].approxKl, 0);
});

test("entropies are exact where asked for, and may choose the tokens", async () => {
  const options = { stepsPerIteration: 1, objective: { beta: 0, topEntropy: 0.5 } };
  const [metrics] = await all(trainerFor(new BigramPolicy(VOCABULARY), options));
  assert.ok(Math.abs((metrics.updates[0].entropy as number) - Math.log(VOCABULARY)) < 1e-6);
  assert.equal(metrics.entropy, metrics.updates[0].entropy);
});

test("options that cannot be are refused by name", () => {
  const policy = new BigramPolicy(VOCABULARY);
  assert.throws(() => trainerFor(policy, { objective: {} }), /TypeError: .*beta 0.04 needs a reference/);
  assert.throws(() => trainerFor(policy, { promptsPerStep: 0 }), /RangeError: .*promptsPerStep .* found 0/);
  assert.throws(() => trainerFor(policy, { maxRefills: -1 }), /RangeError: .*maxRefills .* found -1/);
});

test("options that nobody knows are refused, with the nearest that there is", () => {
  const policy = new BigramPolicy(VOCABULARY);
  const wrong: [object, RegExp][] = [
    [{ stepsPerIterations: 3 }, /TypeError: .*unknown option "stepsPerIterations" in options.*"stepsPerIteration"/],
    [{ rewardTimeOut: 3 }, /"rewardTimeOut" in options, the nearest known is "rewardTimeout"/],
    [{ sampling: { maxTokens: 3, maxNewTokens: 3 } }, /"maxTokens" in sampling, the nearest known is "maxNewTokens"/],
    [{ optimizer: { weight_decay: 0 } }, /"weight_decay" in optimizer, the nearest known is "weightDecay"/],
  ];
  for (const [options, message] of wrong) assert.throws(() => trainerFor(policy, options), message);
  trainerFor(policy, { rewardTimeout: undefined });
});
