// A rollout or a reward function that throws, returns NaN or hangs: the group is marked, reported and refilled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BigramPolicy } from "../testing/bigram_policy.ts";
import type { Policy } from "./policy.ts";
import type { GroupFailure } from "./rollout.ts";
import { GrpoTrainer } from "./trainer.ts";
import type { GrpoTrainerOptions, Prompt, RewardFunction, StepMetrics } from "./trainer_options.ts";

interface Numbered extends Prompt {
  readonly index: number;
}
const prompts = { at: (index: number): Numbered => ({ index, tokens: Int32Array.of(index % 4) }) };
const fair: RewardFunction<Numbered> = ({ tokens }) => tokens[0];

async function run(
  policy: Policy,
  more: Partial<GrpoTrainerOptions<Numbered>>,
  steps = 2,
): Promise<{ steps: StepMetrics[]; reported: GroupFailure[] }> {
  const reported: GroupFailure[] = [];
  const trainer = new GrpoTrainer<Numbered>({
    ...{ policy, prompts, reward: fair, seed: 3, stepsPerIteration: steps, promptsPerStep: 2, samplesPerPrompt: 3 },
    ...{ sampling: { maxNewTokens: 2 }, objective: { beta: 0 }, learningRate: 0.1 },
    onGroupFailed: (failure) => void reported.push(failure),
    ...more,
  });
  const metrics: StepMetrics[] = [];
  for await (const each of trainer.run()) metrics.push(each);
  return { steps: metrics, reported };
}

/** Prompt 1 (step 0, slot 1) is bad, whatever it is replaced by is good. */
const bad = (how: () => number | Promise<number>): RewardFunction<Numbered> => {
  return (rollout, context) => (rollout.prompt.index === 1 ? how() : fair(rollout, context));
};
const never = () => new Promise<never>(() => {});

const failing: [string, RewardFunction<Numbered>, RegExp][] = [
  ["throws", bad(() => Promise.reject(new Error("no verifier"))), /^no verifier$/],
  [
    "throws before it returns a promise",
    bad(() => {
      throw new Error("no verifier");
    }),
    /^no verifier$/,
  ],
  ["returns NaN", bad(() => Number.NaN), /^reward function 0, sample 0: expected a finite number, found NaN$/],
  ["hangs", bad(never), /^no answer within 20 ms$/],
];

for (const [how, reward, reason] of failing) {
  test(`a reward function that ${how} costs its group, which is reported and replaced; the run goes on`, async () => {
    const { steps, reported } = await run(new BigramPolicy(4), { reward, rewardTimeout: 20 });
    assert.equal(reported.length, 1);
    const { reason: found, ...where } = reported[0];
    assert.deepEqual(where, { step: 0, slot: 1, attempt: 0, promptIndex: 1, stage: "reward" });
    assert.match(found, reason);
    assert.deepEqual(steps[0].failures, reported);
    assert.deepEqual([steps[0].groups, steps[0].missing], [2, 0]);
    assert.equal(steps.length, 2);
    assert.deepEqual(steps[1].failures, []);
  });
}

/** A policy whose sampling goes wrong when it is given a prompt that ends in token 1. */
function fragile(how: () => Promise<never>): { policy: Policy; inner: BigramPolicy } {
  const inner = new BigramPolicy(4);
  const policy: Policy = {
    sample: (prompts, options) =>
      prompts.some((prompt) => prompt.at(-1) === 1) ? how() : inner.sample(prompts, options),
    logProbs: (batch) => inner.logProbs(batch),
    backward: (batch, coefficients) => inner.backward(batch, coefficients),
    step: (update) => inner.step(update),
  };
  return { policy, inner };
}

for (const [how, act] of [
  ["throws", () => Promise.reject(new Error("out of memory"))],
  ["hangs", never],
] as const) {
  test(`a rollout that ${how} costs the groups of its call; then each group is sampled alone`, async () => {
    // Step 0 wants prompts 0 and 1 together. Attempt 1 asks for 4 and 5, that ends in 1 as well; attempt 2 for 9: also.
    const shifted = { at: (index: number) => ({ index, tokens: Int32Array.of(index === 1 || index === 5 ? 1 : 2) }) };
    const { steps } = await run(fragile(act).policy, { prompts: shifted, rolloutTimeout: 20 });
    const found = steps[0].failures.map(({ slot, attempt, stage }) => [slot, attempt, stage]);
    assert.deepEqual(found, [
      [0, 0, "rollout"],
      [1, 0, "rollout"],
      [1, 1, "rollout"],
    ]);
    assert.deepEqual([steps[0].groups, steps[1].groups], [2, 2]);
  });
}

test("a rollout with a log-probability that is NaN costs its group", async () => {
  const inner = new BigramPolicy(4);
  const policy: Policy = Object.assign(fragile(never).policy, {
    sample: async (...[given, options]: Parameters<Policy["sample"]>) =>
      (await inner.sample(given, options)).map((completion, i) =>
        i === 4 && options.seed === 3 ? { ...completion, logProbs: completion.logProbs.fill(Number.NaN) } : completion,
      ),
  });
  const { steps } = await run(policy, {}, 1);
  assert.deepEqual(
    steps[0].failures.map(({ slot, stage, reason }) => [slot, stage, reason]),
    [[1, "rollout", "sample 1: the logProb of token 0 is NaN"]],
  );
  assert.equal(steps[0].groups, 2);
});

test("a prompt that cannot be had is replaced", async () => {
  const { steps } = await run(new BigramPolicy(4), {
    prompts: { at: (index) => (index === 0 ? undefined : prompts.at(index)) },
  });
  assert.equal(steps[0].failures[0].stage, "prompt");
  assert.equal(steps[0].groups, 2);
});

test("a step goes on with the groups it has, and a run without any ends with a reason", async () => {
  const half: RewardFunction<Numbered> = (rollout, context) =>
    rollout.prompt.index % 2 === 1 ? Number.NaN : fair(rollout, context);
  const { steps } = await run(new BigramPolicy(4), { reward: half, maxRefills: 2 });
  assert.deepEqual([steps[0].groups, steps[0].missing, steps[0].failures.length], [1, 1, 3]);
  assert.equal(steps[0].updates.length, 1);

  const policy = new BigramPolicy(4);
  const hopeless = { reward: () => Number.NaN, maxRefills: 0, maxEmptySteps: 3 };
  await assert.rejects(
    run(policy, hopeless, 10),
    /Cannot go on after step 2: 3 steps in a row had no group.*found NaN/,
  );
  assert.equal(policy.calls.step, 0);
});

test("a refill draws other random numbers than what it replaces", async () => {
  const same = { at: () => ({ index: 0, tokens: Int32Array.of(0) }) };
  const drawn: string[] = [];
  let calls = 0;
  const reward: RewardFunction<Numbered> = ({ tokens, sample }) => {
    drawn.push(`${sample}: ${tokens}`);
    return calls++ < 6 ? Number.NaN : tokens[0];
  };
  await run(new BigramPolicy(4), { prompts: same, reward, sampling: { maxNewTokens: 12 } }, 1);
  assert.equal(drawn.length, 12);
  assert.equal(new Set(drawn).size, 12);
});

test("aborting ends the run with the signal's reason, even while a reward function hangs", async () => {
  const controller = new AbortController();
  const trainer = new GrpoTrainer<Numbered>({
    ...{ policy: new BigramPolicy(4), prompts, reward: never, seed: 3, stepsPerIteration: 2, promptsPerStep: 2 },
    ...{ samplesPerPrompt: 3, sampling: { maxNewTokens: 2 }, objective: { beta: 0 }, learningRate: 0.1 },
  });
  setTimeout(() => controller.abort(new Error("enough")), 10);
  await assert.rejects(trainer.run({ signal: controller.signal }).next(), /enough/);
});

test("what hangs is told to stop when its time is over", async () => {
  const told: unknown[] = [];
  const hang = (signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => {
        told.push(signal.reason.message);
        reject(signal.reason);
      });
    });
  const inner = new BigramPolicy(4);
  let calls = 0;
  const policy: Policy = {
    sample: (prompts, options) => (calls++ === 0 ? hang(options.signal) : inner.sample(prompts, options)),
    logProbs: (batch) => inner.logProbs(batch),
    backward: (batch, coefficients) => inner.backward(batch, coefficients),
    step: (update) => inner.step(update),
  };
  const hanging: RewardFunction<Numbered> = (rollout, { signal }) =>
    rollout.prompt.index === 3 && rollout.sample === 0 ? hang(signal) : fair(rollout, { signal });
  const limits = { rolloutTimeout: 20, rewardTimeout: 30 };
  const { steps } = await run(policy, { reward: hanging, ...limits }, 1);
  assert.deepEqual(told, ["no answer within 20 ms", "no answer within 30 ms"]);
  assert.deepEqual(
    steps[0].failures.map(({ stage }) => stage),
    ["rollout", "rollout", "reward"],
  );
  assert.equal(steps[0].groups, 2);
});

test("aborting ends the run while a rollout hangs, and the rollout is told", async () => {
  const controller = new AbortController();
  let told: AbortSignal | undefined;
  const policy: Policy = Object.assign(new BigramPolicy(4), {
    sample: (_: unknown, { signal }: { signal?: AbortSignal }) => {
      told = signal;
      return never();
    },
  });
  const trainer = new GrpoTrainer<Numbered>({
    ...{ policy, prompts, reward: fair, seed: 3, stepsPerIteration: 2, promptsPerStep: 2, samplesPerPrompt: 3 },
    ...{ sampling: { maxNewTokens: 2 }, objective: { beta: 0 }, learningRate: 0.1 },
  });
  setTimeout(() => controller.abort(new Error("enough")), 10);
  await assert.rejects(trainer.run({ signal: controller.signal }).next(), /enough/);
  assert.ok(told?.aborted);
});

// biome-ignore lint/suspicious/noExplicitAny: what no type allows is the point.
const garbage: [string, (completions: any[]) => unknown, RegExp][] = [
  ["nothing", () => undefined, /^sample must return an array of completions, found undefined$/],
  ["no completion", () => [null], /^completion 0 must have tokens, a typed array, found null$/],
  ["no tokens", (all) => all.map(({ tokens, ...rest }) => rest), /^completion 0 must have tokens, .* found undefined$/],
  [
    "tokens below 0",
    (all) => all.map((each) => ({ ...each, tokens: each.tokens.map(() => -100) })),
    /^sample 0: token 0 is -100$/,
  ],
  [
    "another reason to finish",
    (all) => all.map((each) => ({ ...each, finishReason: "eos" })),
    /^sample 0: finishReason must be "stop" or "length", found "eos"$/,
  ],
];
for (const [what, spoil, reason] of garbage) {
  test(`a rollout that returns ${what} costs its groups; the run goes on`, async () => {
    const inner = new BigramPolicy(4);
    let calls = 0;
    const policy: Policy = Object.assign(fragile(never).policy, {
      sample: async (...given: Parameters<Policy["sample"]>) => {
        const completions = await inner.sample(...given);
        return calls++ === 0 ? spoil(completions) : completions;
      },
    });
    const { steps } = await run(policy, {});
    assert.deepEqual(
      steps.map(({ groups }) => groups),
      [2, 2],
    );
    assert.equal(steps[0].failures[0].stage, "rollout");
    assert.match(steps[0].failures[0].reason, reason);
  });
}

test("a policy that gives no entropies where they are needed ends the run, which would learn nothing", async () => {
  const inner = new BigramPolicy(4);
  const policy: Policy = Object.assign(fragile(never).policy, {
    sample: inner.sample.bind(inner),
    logProbs: async (batch: Parameters<Policy["logProbs"]>[0]) => ({
      logProbs: (await inner.logProbs(batch)).logProbs,
    }),
  });
  await assert.rejects(run(policy, { objective: { beta: 0, topEntropy: 0.5 } }), /asked for entropies, found none/);
});

test("a run starts at a step, not between two", async () => {
  const options = { policy: new BigramPolicy(4), prompts, reward: fair, seed: 3, stepsPerIteration: 2 };
  const trainer = new GrpoTrainer<Numbered>({
    ...{ ...options, promptsPerStep: 2, samplesPerPrompt: 3, sampling: { maxNewTokens: 2 } },
    ...{ objective: { beta: 0 }, learningRate: 0.1 },
  });
  await assert.rejects(trainer.run({ from: 0.5 }).next(), /RangeError: Cannot run: from must be an integer from 0 on/);
});
