// What JavaScript callers get wrong: each public function refuses it, and says which argument it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  batchTotals,
  dpo,
  GrpoTrainer,
  gae,
  gdpoAdvantages,
  groupAdvantages,
  groupStatistics,
  grpo,
  klRewards,
  ppo,
  presets,
  processAdvantages,
  promptSource,
  rejectionFineTuning,
  sft,
  softOverlong,
  weighRewards,
} from "./mod.ts";
import { BigramPolicy } from "./testing/bigram_policy.ts";
import { withDeadline } from "./trainer/deadline.ts";

// biome-ignore lint/suspicious/noExplicitAny: the callers meant here have no types.
type Any = any;
const a: Any = { groupAdvantages, groupStatistics, weighRewards, gdpoAdvantages, processAdvantages, gae, softOverlong };
const o: Any = { grpo, ppo, dpo, sft, rejectionFineTuning, klRewards, batchTotals, promptSource };

const segments = Int32Array.of(0, 1, 2);
const logProbs = Float32Array.of(-1, -2);
const mask = Uint8Array.of(1, 1);
const advantages = Float32Array.of(1, -1);
const batch = { logProbs, oldLogProbs: logProbs, mask, segments, advantages };
const { logProbs: _, ...withoutLogProbs } = batch;

const refused: [string, () => unknown, RegExp][] = [
  [
    "rewards in strings",
    () => a.groupAdvantages(["1", "0"], { groupSize: 2 }),
    /^TypeError: .*rewards\[0\] must be a number, found "1"$/,
  ],
  ["no options", () => a.groupAdvantages([1, 0]), /^TypeError: .*options must be an object, found undefined$/],
  ["no rewards", () => a.groupAdvantages(null, { groupSize: 1 }), /^TypeError: .*rewards must be .*, found null$/],
  [
    "an unknown option of advantages",
    () => a.groupAdvantages([1, 0], { groupsize: 2 }),
    /^TypeError: .*unknown option "groupsize".*"groupSize"$/,
  ],
  ["a size in a string", () => a.groupAdvantages([1, 0], { groupSize: "2" }), /^TypeError: .*groupSize .*found "2"$/],
  ["statistics without a grouping", () => a.groupStatistics([1]), /^TypeError: .*grouping must be an object/],
  ["no columns", () => a.weighRewards(), /^TypeError: .*columns must be .* found undefined$/],
  ["rewards for columns", () => a.weighRewards([1, 0]), /^TypeError: .*columns\[0\] must be an array .* found 1$/],
  ["weights in strings", () => a.weighRewards([[1]], ["1"]), /^TypeError: .*weights\[0\] must be a number, found "1"$/],
  ["GDPO of nothing", () => a.gdpoAdvantages(), /^TypeError: .*columns must be .* found undefined$/],
  ["GDPO without options", () => a.gdpoAdvantages([[1, 0]]), /^TypeError: .*options must be an object/],
  ["GAE of nothing", () => a.gae(), /^TypeError: .*gae: the batch must be an object, found undefined$/],
  ["GAE without segments", () => a.gae({ rewards: logProbs }), /^TypeError: .*segments must be .* found undefined$/],
  ["a λ beyond 1", () => a.gae({ segments }, { lambda: 2 }), /^RangeError: .*lambda must be from 0 to 1, found 2$/],
  [
    "process advantages without segments",
    () => a.processAdvantages([1], [0], { groupSize: 1 }),
    /^TypeError: .*segments must be .* found undefined$/,
  ],
  [
    "process advantages without options",
    () => a.processAdvantages([1], [0]),
    /^TypeError: .*options must be an object/,
  ],
  ["a length in a string", () => a.softOverlong("9", { maxLength: 9, cache: 1 }), /^TypeError: .*length .*found "9"$/],
  [
    "epsilon",
    () => o.grpo(batch, { epsilon: 0.1 }),
    /^TypeError: Cannot compute grpo: unknown option "epsilon" .*"epsilonLow"$/,
  ],
  ["another unknown option", () => o.grpo(batch, { bogus: 1 }), /^TypeError: .*unknown option "bogus" in options/],
  ["a weight in a string", () => o.grpo(batch, { beta: "0.1" }), /^TypeError: .*beta must be a number, found "0.1"$/],
  ["a negative weight", () => o.grpo(batch, { beta: -1 }), /^RangeError: .*beta must be 0 or more, found -1$/],
  ["another estimator", () => o.grpo(batch, { kl: "zz" }), /^TypeError: .*kl must be one of "k1", .*, found "zz"$/],
  ["null for an option", () => o.grpo(batch, { epsilonLow: null }), /^TypeError: .*epsilonLow .* found null$/],
  [
    "another level of correction",
    () => o.grpo(batch, { beta: 0, samplerCorrection: { level: "tokn", mode: "mask" } }),
    /samplerCorrection.level must be one of .* found "tokn"$/,
  ],
  [
    "another kind of advantage",
    () => o.grpo(batch, { beta: 0, advantagesPer: "seq" }),
    /^TypeError: .*advantagesPer must be .* found "seq"$/,
  ],
  ["no batch", () => o.grpo(), /^TypeError: .*the batch must be an object, found undefined$/],
  ["an empty batch", () => o.grpo({}), /^TypeError: .*logProbs must be an array of numbers, found undefined$/],
  ...["oldLogProbs", "mask", "advantages", "segments"].map((name): [string, () => unknown, RegExp] => [
    `no ${name}`,
    () => o.grpo({ ...batch, [name]: undefined }, { beta: 0 }),
    new RegExp(`^TypeError: .*grpo: ${name} must be an array of numbers, found undefined$`),
  ]),
  [
    "log-probs that are too short",
    () => o.grpo({ ...batch, logProbs: Float32Array.of(-1) }, { beta: 0 }),
    /^RangeError: .*expected 2 entries in logProbs, where segments end, found 1$/,
  ],
  [
    "a mask of truth values",
    () => o.sft({ ...batch, mask: [true, false] }),
    /^TypeError: .*mask\[0\] must be a number, found true$/,
  ],
  ["totals that say nothing", () => o.sft(batch, { total: {} }), /^TypeError: .*total.sequences .*found undefined$/],
  ["RFT without labels", () => o.rejectionFineTuning(batch), /^TypeError: .*accepted must be .* found undefined$/],
  [
    "labels in strings",
    () => o.rejectionFineTuning({ ...batch, accepted: ["0", "1"] }),
    /^TypeError: .*accepted\[0\] /,
  ],
  ["PPO's unknown options", () => o.ppo(batch, { beta: 1 }), /^TypeError: .*ppo: unknown option "beta"/],
  ["DPO without a reference", () => o.dpo(batch), /^TypeError: .*dpo: refLogProbs must be .* found undefined$/],
  ["DPO's weight in a string", () => o.dpo(batch, { beta: "1" }), /^TypeError: .*beta must be a number, found "1"$/],
  [
    "KL rewards without a weight",
    () => o.klRewards(batch, {}),
    /^TypeError: .*beta must be a number, found undefined$/,
  ],
  ["totals of nothing", () => o.batchTotals({}), /^TypeError: .*segments must be .* found undefined$/],
  ["one prompt for a list", () => o.promptSource("abc", 1), /^TypeError: .*list must be .* found "abc"$/],
];

for (const [what, act, message] of refused) {
  test(`refused: ${what}`, () => assert.throws(act, message));
}

test("log-probs are missed by name before anything is compared with them", () => {
  assert.throws(() => o.grpo(withoutLogProbs), /grpo: logProbs must be/);
});

test("Dr. GRPO's preset says that it lacks maxLength", () => {
  assert.throws(() => grpo(batch, presets.drGrpo.objective), /^TypeError: .*"dr_grpo" needs maxLength, found none$/);
  assert.equal(grpo(batch, { ...presets.drGrpo.objective, maxLength: 4 }).loss, 0);
});

test("a clip range without a lower bound, as DeepSeek-R1's, is not refused", () => {
  assert.equal(grpo(batch, { epsilonLow: 2, beta: 0 }).loss, 0);
});

const trainer: Any = {
  policy: new BigramPolicy(2),
  prompts: promptSource([{ tokens: Int32Array.of(0) }], 1),
  reward: () => 1,
  seed: 1,
  stepsPerIteration: 1,
  promptsPerStep: 1,
  samplesPerPrompt: 2,
  sampling: { maxNewTokens: 1 },
  objective: { beta: 0 },
  learningRate: 0.1,
};
const wrong: [Any, RegExp][] = [
  [{ learningRate: Number.NaN }, /^RangeError: Cannot make a GrpoTrainer: learningRate must be .* found NaN$/],
  [{ learningRate: -1 }, /^RangeError: .*learningRate must be 0 or more and finite, found -1$/],
  [{ learningRate: "0.1" }, /^TypeError: .*learningRate must be a number, found "0.1"$/],
  [{ seed: undefined }, /^TypeError: .*seed must be a number, found undefined$/],
  [{ seed: Number.NaN }, /^RangeError: .*seed must be an integer .* found NaN$/],
  [{ combine: "zz" }, /^TypeError: .*combine must be one of "sum", "gdpo", found "zz"$/],
  [{ sampling: {} }, /^TypeError: .*sampling.maxNewTokens must be a number, found undefined$/],
  [{ sampling: undefined }, /^TypeError: .*sampling must be an object, found undefined$/],
  [{ rewardTimeout: Number.NaN }, /^RangeError: .*rewardTimeout must be above 0, found NaN$/],
  [{ rewardTimeout: -5 }, /^RangeError: .*rewardTimeout must be above 0, found -5$/],
  [{ policy: undefined }, /^TypeError: .*policy must be an object with sample, .* found undefined$/],
  [{ reward: undefined }, /^TypeError: .*reward must be a function or an array of functions, found undefined$/],
  [{ reward: [] }, /^TypeError: .*reward must be .* found an empty array$/],
  [{ prompts: undefined }, /^TypeError: .*prompts must be an object with at, found undefined$/],
  [{ prompts: [] }, /^TypeError: .*prompts must be a prompt source, found an array of 0; promptSource/],
  [{ objective: { beta: 0, epsilon: 1 } }, /^TypeError: .*unknown option "epsilon" in objective.*"epsilonLow"$/],
  [{ advantages: { scale: "std" } }, /^TypeError: .*scale must be one of .* found "std"$/],
  [{ rewardWeights: [1, 2] }, /^RangeError: .*expected 1 rewardWeights, one for each reward function, found 2$/],
];

test("a trainer refuses in its constructor what would fail, or worse not fail, later", () => {
  new GrpoTrainer(trainer);
  for (const [more, message] of wrong) assert.throws(() => new GrpoTrainer({ ...trainer, ...more }), message);
  assert.throws(() => new (GrpoTrainer as Any)(), /^TypeError: .*options must be an object, found undefined$/);
});

test("a schedule that yields no rate ends the run", async () => {
  const run = new GrpoTrainer({ ...trainer, learningRate: () => Number.NaN }).run();
  await assert.rejects(async () => await run.next(), /learningRate\(0\) must be 0 or more and finite, found NaN$/);
});

test("what a reward function may not return is named in the group's failure", async () => {
  for (const [found, shown] of [
    ["1", '"1"'],
    [true, "true"],
    [undefined, "undefined"],
    [{}, "an object"],
  ]) {
    const exploration = await new GrpoTrainer({ ...trainer, reward: () => found, maxRefills: 0 }).explore(0);
    assert.equal(
      exploration.failures[0].reason,
      `reward function 0, sample 0: expected a number, null, or an object of stepRewards and stepEnds, found ${shown}`,
    );
  }
});

test("a time limit longer than timers can count does not end at once", async () => {
  const answer = () => new Promise((resolve) => setTimeout(resolve, 20, "done"));
  assert.equal(await withDeadline(answer, 2 ** 31), "done");
});

test("what would silently teach nothing is refused", () => {
  const logProbs = Float32Array.of(-1, -2);
  const batch = {
    ...{ logProbs, oldLogProbs: logProbs, advantages: Float32Array.of(1, -1) },
    ...{ mask: Uint8Array.of(1, 1), segments: Int32Array.of(0, 1, 2) },
  };
  const entropies = Float32Array.of(1, Number.NaN);
  assert.throws(() => grpo({ ...batch, entropies }, { beta: 0, topEntropy: 0.5 }), /needs finite entropies/);
  assert.throws(
    () => batchTotals({ ...batch, entropies: Float32Array.of(1) }, { topEntropy: 0.5 }),
    /expected 2 entries in entropies, .* found 1/,
  );
  assert.throws(() => batchTotals(batch, { maskTruncated: true }), /needs 2 entries in truncated, .* found none/);
  assert.throws(
    () =>
      grpo(
        { ...batch, samplerLogProbs: Float32Array.of(-1, Number.NaN) },
        { beta: 0, samplerCorrection: { level: "token", mode: "mask" } },
      ),
    /samplerLogProbs\[1\] must be finite, found NaN/,
  );
  assert.throws(() => weighRewards([[1, 0]], [Number.NaN]), /weights\[0\] must be finite, found NaN/);
});

test("groups may have any numbers, hashes of their prompts say", () => {
  const rewards = [1, 0, 1, 1, 0.5];
  assert.deepEqual(
    groupAdvantages(rewards, { groups: [2 ** 31 - 1, 2 ** 31 - 1, 7, 7, 2 ** 31 - 1] }),
    groupAdvantages(rewards, { groups: [0, 0, 1, 1, 0] }),
  );
});
