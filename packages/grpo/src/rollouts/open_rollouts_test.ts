import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { BigramPolicy } from "../testing/bigram_policy.ts";
import type { Exploration } from "../trainer/rollout.ts";
import { GrpoTrainer } from "../trainer/trainer.ts";
import type { GrpoTrainerOptions, Prompt } from "../trainer/trainer_options.ts";
import { decodeExploration, encodeExploration } from "./format.ts";
import { openRollouts } from "./open_rollouts.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gradus-rollouts-"));
  try {
    await use(join(folder, "rollouts"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Records as JSON makes them: with the usual prototype. */
function plain<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

test("what is written is what is read, every float32 included", () => {
  const float = fc.float({ noNaN: true, noDefaultInfinity: true, max: 0 });
  const completion = fc.array(fc.tuple(fc.nat(200000), float), { maxLength: 5 }).chain((pairs) =>
    fc.constantFrom("stop" as const, "length" as const).map((finishReason) => ({
      finishReason,
      tokens: Int32Array.from(pairs, (pair) => pair[0]),
      logProbs: Float32Array.from(pairs, (pair) => pair[1] + 0), // JSON has no −0
    })),
  );
  const group = plain({
    promptIndex: fc.nat(),
    prompt: fc.int32Array({ minLength: 1, maxLength: 4 }),
    completions: fc.array(completion, { maxLength: 3 }),
    rewards: fc.constantFrom([[1, null, 0.1]], [[0.5], [3]]),
    steps: fc.constantFrom([{ stepRewards: [1, 0.25], stepEnds: [0, 3] }], []),
  });
  const exploration: fc.Arbitrary<Exploration> = plain({
    step: fc.nat(),
    groups: fc.array(group, { maxLength: 3 }),
    failures: fc.constantFrom(
      [],
      [{ step: 1, slot: 0, attempt: 2, promptIndex: 7, stage: "reward" as const, reason: 'line\nbreak "quoted"' }],
    ),
    dropped: fc.nat(),
    sampledTokens: fc.nat(),
  });
  fc.assert(
    fc.property(exploration, (exploration) => {
      assert.deepEqual(decodeExploration(encodeExploration(exploration)), exploration);
    }),
  );
});

function trainerFor(policy: BigramPolicy, more: Partial<GrpoTrainerOptions<Prompt>>): GrpoTrainer<Prompt> {
  return new GrpoTrainer({
    ...{ policy, prompts: { at: (index: number) => ({ tokens: Int32Array.of(index % 4) }) }, seed: 1 },
    ...{ reward: ({ tokens }) => tokens[0], stepsPerIteration: 3, promptsPerStep: 2, samplesPerPrompt: 3 },
    ...{ sampling: { maxNewTokens: 3 }, objective: { beta: 0 }, learningRate: 0.5, ...more },
  });
}

async function all(trainer: GrpoTrainer<Prompt>) {
  const steps = [];
  for await (const metrics of trainer.run()) steps.push(metrics);
  return steps;
}

test("a run is replayed from its rollouts bit for bit, without sampling and judging", () =>
  inFolder(async (folder) => {
    const [first, second] = [new BigramPolicy(4), new BigramPolicy(4)];
    const expected = await all(trainerFor(first, { store: openRollouts(folder) }));
    assert.deepEqual(
      await readdir(folder),
      [0, 1, 2].map((step) => `step-0000000${step}.jsonl`),
    );
    const reward = () => {
      throw new Error("judged again");
    };
    const replayed = await all(trainerFor(second, { store: openRollouts(folder), reward }));
    assert.deepEqual(replayed, expected);
    assert.deepEqual(second.logits, first.logits);
    assert.equal(second.calls.sample, 0);
  }));

test("a file that was not written here is refused by name", () =>
  inFolder(async (folder) => {
    const store = openRollouts(folder);
    assert.equal(await store.read(0), undefined);
    await store.write({ step: 0, groups: [], failures: [], dropped: 0, sampledTokens: 0 });
    assert.equal((await store.read(0))?.groups.length, 0);
    await writeFile(join(folder, "step-00000000.jsonl"), '{"format":"other"}\n');
    await assert.rejects(store.read(0), /SyntaxError: Cannot read rollouts from .*step-00000000.jsonl: .*found other/);
  }));
