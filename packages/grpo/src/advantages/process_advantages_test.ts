import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { real } from "../testing/batches.ts";
import { groupAdvantages } from "./group_advantages.ts";
import { processAdvantages } from "./process_advantages.ts";

/** Completions as lists of token groups: each step has one or more tokens and a reward; then tokens after the last step. */
const completion = fc.record({
  steps: fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 3 }), reward: real(-2, 2) }), { maxLength: 4 }),
  rest: fc.integer({ min: 0, max: 2 }),
});

function layOut(completions: { steps: { tokens: number; reward: number }[]; rest: number }[]) {
  const segments = [0];
  const rewards: number[] = [];
  const ends: number[] = [];
  const owners: number[] = [];
  completions.forEach(({ steps, rest }, s) => {
    let t = segments[s];
    for (const step of steps) {
      t += step.tokens;
      rewards.push(step.reward);
      ends.push(t - 1);
      owners.push(s);
    }
    segments.push(t + rest);
  });
  return { segments: Int32Array.from(segments), rewards, ends, owners };
}

test("a token's advantage is the sum of the normalised rewards of the steps that end at it or later", () => {
  fc.assert(
    fc.property(
      fc.array(completion, { minLength: 1, maxLength: 6 }),
      fc.constantFrom("group" as const, "batch" as const, "none" as const),
      (completions, scale) => {
        const groups = completions.map((_, s) => s % 2);
        const { segments, rewards, ends, owners } = layOut(completions);
        const actual = processAdvantages(rewards, ends, { segments, groups, scale });
        const normalised = groupAdvantages(rewards, { groups: owners.map((s) => groups[s]), scale });
        for (let s = 0; s < completions.length; s++) {
          for (let t = segments[s]; t < segments[s + 1]; t++) {
            const later = ends.flatMap((end, j) => (owners[j] === s && end >= t ? [normalised[j]] : []));
            const expected = later.reduce((a, b) => a + b, 0);
            assert.ok(Math.abs(actual[t] - expected) < 1e-5 * Math.max(1, Math.abs(expected)));
          }
        }
      },
    ),
  );
});

test("the rewards of all steps of the group are one population", () => {
  // DeepSeekMath 4.1.3: R = {1, 0, 0.5}, mean 0.5, sample std 0.5; the second completion has one step.
  const segments = Int32Array.of(0, 2, 3);
  const advantages = processAdvantages([1, 0, 0.5], [0, 1, 2], { segments, groupSize: 2, epsilon: 0 });
  assert.deepEqual([...advantages], [0, -1, 0]);
});

test("one step at the last token is outcome supervision", () => {
  const segments = Int32Array.of(0, 2, 5);
  const process = processAdvantages([1, 0], [1, 4], { segments, groupSize: 2 });
  const outcome = groupAdvantages([1, 0], { groupSize: 2 });
  assert.deepEqual([...process], [outcome[0], outcome[0], outcome[1], outcome[1], outcome[1]]);
});

test("steps may come in any order, and those without a judgement count nowhere", () => {
  const segments = Int32Array.of(0, 3, 6);
  const options = { segments, groupSize: 2 };
  const sorted = processAdvantages([1, 0, 2], [0, 2, 5], options);
  assert.deepEqual(processAdvantages([2, 1, 0], [5, 0, 2], options), sorted);
  assert.deepEqual(processAdvantages([2, NaN, 1, 0], [5, 3, 0, 2], options), sorted);
});

test("errors name the argument, what was expected and what was found", () => {
  const options = { segments: Int32Array.of(0, 3), groupSize: 1 };
  assert.throws(() => processAdvantages([1], [3], options), /RangeError: .*stepEnds\[0\] must be a token.* 0 to 2.* 3/);
  assert.throws(() => processAdvantages([1], [0, 1], options), /RangeError: .*as many stepEnds as stepRewards, 1.* 2/);
  const segments = Int32Array.of(0, 1, 2, 3);
  assert.throws(() => processAdvantages([], [], { segments, groupSize: 2 }), /RangeError: .*groupSize must divide/);
});
