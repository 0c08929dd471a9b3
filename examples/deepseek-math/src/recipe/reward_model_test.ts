import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ProcessReward } from "@gradus/grpo";
import { RewardModel } from "@gradus/reward-model";
import { createPolicy } from "@gradus/transformer";
import { createScorer } from "@gradus/transformer/reward";
import { goOn } from "../testing/in_process.ts";
import { tinyConfiguration } from "../testing/tiny.ts";
import { openProblems } from "./problem_source.ts";
import { judgedSolutions, openJudge } from "./reward_model.ts";
import { rewardQuality } from "./reward_quality.ts";
import { RunDirectory } from "./run_directory.ts";
import { trainTokenizer } from "./tokenizer.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-judge-"));
after(() => rm(folder, { recursive: true }));

const base = tinyConfiguration({ seed: 3, scale: 1 });
const generated = await openProblems(base);
const tokens = await trainTokenizer(base, generated);
const [question, right, wrong] = ["1+1", "1+1=2\n#### 2", "1+1=3\n#### 3"];
const problem = { ...generated.practice(0), question, answer: "2" };

/** A policy that has learned to give the right answer half of the time: 60 updates on both. */
const policy = await createPolicy(base.model, { seed: 3, threads: 1 });
const prompt = tokens.encodePrompt(question);
const sequences = [right, wrong].map((solution) => [...prompt, ...tokens.encodeSolution(solution)]);
const batch = {
  tokens: Int32Array.from(sequences.flat()),
  labels: Int32Array.from(
    sequences.flatMap((ids) => ids.map((_, t) => (t < prompt.length - 1 ? -100 : (ids[t + 1] ?? -100)))),
  ),
  positions: Int32Array.from(sequences.flatMap((ids) => [...ids.keys()])),
  segments: Int32Array.from([0, sequences[0].length, sequences[0].length + sequences[1].length]),
};
for (let step = 0; step < 100; step++) {
  await policy.backward(batch, new Float32Array(batch.tokens.length).fill(-1 / batch.tokens.length));
  await policy.step({ learningRate: 0.02 });
}
after(() => policy.dispose());

for (const kind of ["outcome", "process"] as const) {
  test(`${kind}: what the rule calls right is rewarded, by the model as it was saved too`, async () => {
    const settings = { kind, problems: 8, samples: 8, completions: 2, epochs: 12, learningRate: 0.01 };
    const { vocabSize } = base.model;
    const parts = {
      ...{ policy, tokens, vocabSize, settings, seed: 3 },
      sampling: { temperature: 1, maxNewTokens: 24 },
    };
    const examples = await judgedSolutions({
      ...{ ...parts, iteration: 0 },
      problems: Array.from({ length: settings.problems }, () => problem),
    });
    assert.equal(examples.length, 64);
    const scorer = await createScorer(base.model, { weights: await policy.weights(), threads: 1 });
    const model = new RewardModel({ scorer, supervision: kind });
    const report = await model.update(examples, { epochs: 12, learningRate: 0.01, seed: 3 });
    assert.equal(report.skipped, undefined);
    const quality = await rewardQuality(model, {
      ...parts,
      settings: { ...settings, samples: 16 },
      problems: [problem],
    });
    assert.ok((quality.pairAccuracy as number) > 0.9, `${quality.pairAccuracy} of ${quality.pairs} pairs`);
    assert.deepEqual([quality.problems, quality.best, quality.any], [1, 1, 1]);
    // The first line of either solution leads to the right answer half of the time: a minimum over lines is no probability.
    if (kind === "outcome")
      assert.ok(quality.ece < 0.3 && quality.accuracy > 0.8, `${quality.ece}, ${quality.accuracy}`);
    await scorer.save(join(folder, kind));
    await scorer.dispose();
    const judge = await openJudge(join(folder, kind), { kind, tokens, vocabSize, engine: { threads: 1 } });
    const rewards = await Promise.all([right, wrong].map((text) => judge.judge(prompt, tokens.encodeSolution(text))));
    await judge.dispose();
    const outcomes = rewards.map((reward) => (typeof reward === "number" ? reward : (reward.outcome as number)));
    assert.ok(outcomes[0] > outcomes[1] + 0.2, `${outcomes}`);
    if (kind === "process") {
      const { stepRewards, stepEnds } = rewards[0] as ProcessReward;
      assert.equal(stepRewards.length, 2);
      assert.equal(stepEnds[1], tokens.encodeSolution(right).length - 1);
      assert.equal(outcomes[0], Math.min(...stepRewards));
    }
  });
}

test("a run that is rewarded by the model, and whose policy gets nothing right, says that there is nothing to train a reward model on", async () => {
  const directory = new RunDirectory(join(folder, "run"));
  const request = { seed: 1, scale: 0.5, reward: "outcome" as const };
  await directory.begin({ request, configuration: tinyConfiguration(request), startedAt: new Date(0).toISOString() });
  await assert.rejects(goOn(directory), /Cannot train the reward model: all \d+ solutions are wrong; train longer/);
});
