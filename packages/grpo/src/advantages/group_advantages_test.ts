import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { groupAdvantages } from "./group_advantages.ts";
import { groupStatistics } from "./grouping.ts";

const oracle = new URL("../../../../../shared/oracles/rl-losses.json", import.meta.url);
const reward = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: -10, max: 10, noNaN: true }));

/** Rewards of groups of different sizes, and each reward's group, in any order. */
const grouped = fc
  .array(fc.record({ reward, group: fc.nat(4) }), { minLength: 1, maxLength: 24 })
  .map((entries) => ({ rewards: entries.map((e) => e.reward), groups: entries.map((e) => e.group) }));

function close(actual: ArrayLike<number>, expected: number[], tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const allowed = tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(Math.abs(actual[i] - expected[i]) <= allowed, `entry ${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

/** The definition, one reward at a time. */
function naive(rewards: number[], groups: number[], scale: string, epsilon: number, baseline: string): number[] {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const std = (values: number[]) =>
    Math.sqrt(values.reduce((sum, r) => sum + (r - mean(values)) ** 2, 0) / (values.length - 1));
  return rewards.map((r, i) => {
    const group = rewards.filter((_, j) => groups[j] === groups[i]);
    if (group.every((other) => other === r)) return 0;
    const others = rewards.filter((_, j) => groups[j] === groups[i] && j !== i);
    const centred = r - mean(baseline === "mean" ? group : others);
    if (scale === "none") return centred;
    return centred / (std(scale === "group" ? group : rewards) + epsilon);
  });
}

test("advantages follow their definition for every scale and baseline", () => {
  fc.assert(
    fc.property(
      grouped,
      fc.constantFrom("group" as const, "batch" as const, "none" as const),
      fc.constantFrom("mean" as const, "leave-one-out" as const),
      ({ rewards, groups }, scale, baseline) => {
        const epsilon = 1e-4;
        const actual = groupAdvantages(rewards, { groups, scale, baseline, epsilon });
        close(actual, naive(rewards, groups, scale, epsilon, baseline));
      },
    ),
  );
});

test("consecutive groups by size are the groups numbered so", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.gen(), (groupSize, count, gen) => {
      const rewards = Array.from({ length: groupSize * count }, () => gen(() => reward));
      const groups = rewards.map((_, i) => Math.floor(i / groupSize));
      assert.deepEqual(groupAdvantages(rewards, { groupSize }), groupAdvantages(rewards, { groups }));
    }),
  );
});

test("a group of one and a group of equal rewards get exactly 0, even without epsilon", () => {
  // The mean of three 0.1 is not 0.1 in floating point.
  const advantages = groupAdvantages([0.1, 0.1, 0.1, 7], { groups: [0, 0, 0, 1], epsilon: 0 });
  assert.deepEqual([...advantages], [0, 0, 0, 0]);
  assert.deepEqual([...groupStatistics([0.1, 0.1, 0.1, 7], { groups: [0, 0, 0, 1] }).zeroVariance], [0, 1]);
});

test("the standard deviation is the sample's", () => {
  assert.deepEqual([...groupStatistics([1, 0, 3], { groupSize: 3 }).stds], [Math.sqrt(7 / 3)]);
});

test("a group number that no reward has is not a zero-variance group", () => {
  assert.deepEqual([...groupStatistics([1, 0], { groups: [2, 2] }).zeroVariance], []);
});

test("a missing reward counts nowhere and gets no advantage", () => {
  fc.assert(
    fc.property(grouped, fc.infiniteStream(fc.boolean()), ({ rewards, groups }, coins) => {
      const missing = rewards.map(() => Boolean(coins.next().value));
      const present = rewards.flatMap((_, i) => (missing[i] ? [] : [i]));
      const expected = new Float32Array(rewards.length);
      const alone = groupAdvantages(
        present.map((i) => rewards[i]),
        { groups: present.map((i) => groups[i]) },
      );
      present.forEach((i, k) => {
        expected[i] = alone[k];
      });
      const actual = groupAdvantages(
        rewards.map((r, i) => (missing[i] ? NaN : r)),
        { groups },
      );
      assert.deepEqual(actual, expected);
    }),
  );
});

test("a group of one may keep its reward, as verl does", () => {
  const advantages = groupAdvantages([0.5, 1, 3], { groups: [0, 1, 1], singleton: "reward", epsilon: 0 });
  close(advantages, [0.5, -Math.SQRT1_2, Math.SQRT1_2]);
});

test("the population's deviation is smaller by √((G − 1)/G)", () => {
  close(groupAdvantages([1, 0], { groupSize: 2, epsilon: 0, correction: 0 }), [1, -1]);
});

test("the oracle's advantages", { skip: !existsSync(oracle) && "shared/oracles is absent" }, () => {
  const { cases } = JSON.parse(readFileSync(oracle, "utf8"));
  const { rewards, expectedAdvantages } = cases.find((entry: { name: string }) => entry.name.startsWith("group adv"));
  close(groupAdvantages(rewards, { groupSize: 4, epsilon: 1e-6 }), expectedAdvantages, 5e-5);
});

test("errors name the argument and what was found", () => {
  assert.throws(
    () => groupAdvantages([1, Infinity], { groupSize: 2 }),
    /RangeError: .*rewards\[1\] must be finite, or NaN if missing, found Infinity/,
  );
  assert.throws(
    () => groupAdvantages([1, 2, 3], { groupSize: 2 }),
    /RangeError: .*groupSize must divide .* 3, found 2/,
  );
  assert.throws(() => groupAdvantages([1], { groups: [0, 0] }), /RangeError: .*expected 1 entries in groups, found 2/);
  assert.throws(() => groupAdvantages([1], { groups: [-1] }), /RangeError: .*groups\[0\] .* found -1/);
  assert.throws(() => groupAdvantages([1], {}), /TypeError: .*exactly one of groupSize and groups/);
  assert.throws(
    () => groupAdvantages([1], { groupSize: 1, scale: "std" as "none" }),
    /TypeError: .*scale must be one of "group", "batch", "none", found "std"/,
  );
  const baseline = "median" as "mean";
  assert.throws(() => groupAdvantages([1], { groupSize: 1, baseline }), /TypeError: .*baseline .* found "median"/);
});
