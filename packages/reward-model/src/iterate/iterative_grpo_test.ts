import assert from "node:assert/strict";
import { test } from "node:test";
import { RewardModel } from "../model/reward_model.ts";
import { ReplayBuffer } from "../replay/replay_buffer.ts";
import { memoryStorage, type ReplayStorage } from "../replay/storage.ts";
import { exampleOf } from "../testing/examples.ts";
import { TableScorer } from "../testing/table_scorer.ts";
import { type IterationProgress, type IterativeGrpoOptions, iterativeGrpo } from "./iterative_grpo.ts";

/** A "policy" of one number that each step moves by what the reward model says; its samples depend on it. */
async function world(storage: ReplayStorage, saved?: { policy: number; weights: Float64Array }) {
  const scorer = new TableScorer(40, saved?.weights);
  const model = new RewardModel({ scorer });
  const state = { policy: saved?.policy ?? 1, log: [] as string[] };
  const options: IterativeGrpoOptions<{ step: number; policy: number }> = {
    ...{ iterations: 3, stepsPerIteration: 2, seed: 1 },
    buffer: await ReplayBuffer.open({ storage }),
    trainer: {
      async *run({ from = 0 }) {
        for (let step = from; step < 6; step++) {
          if (step % 2 === 0) state.log.push(`reset ${step / 2}`);
          state.policy += (await model.score([exampleOf("p", step)]))[0];
          state.log.push(`step ${step}`);
          yield { step, policy: state.policy };
        }
      },
    },
    sample: async (iteration) =>
      Array.from({ length: 18 }, (_, i) => {
        const tokens = Int32Array.of(i + iteration, Math.floor(state.policy * 10) % 40);
        return exampleOf(`p${i >> 2}`, 0, { tokens, label: i % 2, iteration, seed: i });
      }),
    rewardModel: {
      update: async (examples, { iteration }) => {
        state.log.push(`reward model ${iteration}: ${examples.length}`);
        return await model.update(examples, { learningRate: 0.3, seed: iteration, batchSize: 8 });
      },
    },
  };
  return { state, scorer, options };
}

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test("the order is Algorithm 1's, and every set after the first has its history", async () => {
  const { state, options } = await world(memoryStorage());
  const events = await all(iterativeGrpo(options));
  const iteration = (i: number, examples: number) => [
    ...[`reset ${i}`, `step ${2 * i}`, `step ${2 * i + 1}`, `reward model ${i + 1}: ${examples}`],
  ];
  assert.deepEqual(state.log, [...iteration(0, 18), ...iteration(1, 20), ...iteration(2, 20)]);
  assert.deepEqual(
    events.flatMap((event) => (event.kind === "policy" ? [] : [[event.fresh, event.history, event.missing]])),
    [
      [18, 0, 2],
      [18, 2, 0],
      [18, 2, 0],
    ],
  );
});

test("a run goes on from any checkpoint as it would have, wherever it was stopped", async () => {
  const checkpoints: { progress: IterationProgress; policy: number; weights: Float64Array; events: number }[] = [];
  const whole = await world(memoryStorage());
  const expected: unknown[] = [];
  const onProgress = (progress: IterationProgress) => {
    const { policy } = whole.state;
    checkpoints.push({ progress, policy, weights: whole.scorer.weights.slice(), events: expected.length + 1 });
  };
  for await (const event of iterativeGrpo({ ...whole.options, onProgress })) expected.push(event);
  assert.equal(checkpoints.length, 9);
  for (const { progress, events, ...saved } of checkpoints) {
    // The storage is that of a finished run: what came after the checkpoint is there already, as after a crash.
    const storage = memoryStorage();
    await all(iterativeGrpo((await world(storage)).options));
    const resumed = await world(storage, saved);
    const rest = await all(iterativeGrpo({ ...resumed.options, from: progress }));
    assert.deepEqual(rest, expected.slice(events));
    assert.deepEqual(resumed.scorer.weights, whole.scorer.weights);
    assert.equal(resumed.state.policy, whole.state.policy);
  }
});

test("samples that can teach nothing leave the reward model as it is", async () => {
  const { options, scorer } = await world(memoryStorage());
  const sample = async (iteration: number) => [exampleOf("a", 1, { iteration, label: 1 })];
  const events = await all(iterativeGrpo({ ...options, sample, historyShare: 0 }));
  const reasons = events.flatMap((event) => (event.kind === "policy" ? [] : [event.training.skipped]));
  assert.deepEqual(reasons, Array(3).fill("all 1 solutions are right"));
  assert.equal(scorer.calls.step, 0);
});

test("errors name the argument, what was expected and what was found", async () => {
  const { options } = await world(memoryStorage());
  const refused: [Partial<typeof options>, RegExp][] = [
    [{ iterations: 0 }, /iterations must be an integer from 1, found 0/],
    [{ sample: undefined }, /sample must be a function, found undefined/],
    [{ from: { steps: 2, rewardModelUpdates: 2 } }, /rewardModelUpdates does not go with 2 steps of 2 each, found 2/],
    [{ from: { steps: 3, rewardModelUpdates: 0 } }, /rewardModelUpdates does not go with 3 steps of 2 each, found 0/],
    [{ sample: async () => [exampleOf("a", 1, { iteration: 9 })] }, /expected samples of iteration 1, found 9/],
    [{ iterations: 4 }, /the trainer ended after 6 of 8 steps/],
  ];
  for (const [change, message] of refused)
    await assert.rejects(all(iterativeGrpo({ ...options, ...change } as typeof options)), { message });
});
