import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { groupAdvantages, groupStatistics } from "./advantages.ts";

const oracle = new URL("../../../../shared/oracles/rl-losses.json", import.meta.url);
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

test("the oracle's advantages", { skip: !existsSync(oracle) && "shared/oracles is absent" }, () => {
  const { cases } = JSON.parse(readFileSync(oracle, "utf8"));
  const { rewards, expectedAdvantages } = cases.find((entry: { name: string }) => entry.name.startsWith("group adv"));
  close(groupAdvantages(rewards, { groupSize: 4, epsilon: 1e-6 }), expectedAdvantages, 5e-5);
});

test("errors name the argument and what was found", () => {
  assert.throws(
    () => groupAdvantages([1, NaN], { groupSize: 2 }),
    /RangeError: .*rewards\[1\] must be finite, found NaN/,
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
    /TypeError: .*scale .* found std/,
  );
  const baseline = "median" as "mean";
  assert.throws(() => groupAdvantages([1], { groupSize: 1, baseline }), /TypeError: .*baseline .* found median/);
});
