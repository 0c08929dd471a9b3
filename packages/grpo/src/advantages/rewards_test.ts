import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { real } from "../testing/batches.ts";
import { groupAdvantages } from "./group_advantages.ts";
import { gdpoAdvantages, klRewards, softOverlong, weighRewards } from "./rewards.ts";

test("weighted rewards leave out what does not apply", () => {
  const sums = weighRewards(
    [
      [1, null, NaN, null],
      [2, 3, 5, NaN],
    ],
    [1, 10],
  );
  assert.deepEqual([...sums], [21, 30, 50, NaN]);
  assert.deepEqual([...weighRewards([[1, 2]])], [1, 2]);
});

test("GDPO gives every reward the same say, whatever its size", () => {
  const real01 = fc.constantFrom(0, 0.25, 0.5, 1);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(real01, real01), { minLength: 8, maxLength: 8 }),
      fc.constantFrom(2, 1024),
      (pairs, factor) => {
        const [a, b] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
        const options = { groupSize: 4, epsilon: 0 };
        const plain = gdpoAdvantages([a, b], options);
        const scaled = gdpoAdvantages([a, b.map((reward) => factor * reward - 3)], options);
        for (const [i, advantage] of plain.entries()) assert.ok(Math.abs(advantage - scaled[i]) < 1e-5);
      },
    ),
  );
});

test("GDPO by hand: normalised in the group, weighed, normalised over the batch", () => {
  // Groups {1, 0} and {1, 1} of the first reward: ±0.7071, 0, 0. The second: 0, 0, ±0.7071.
  const advantages = gdpoAdvantages(
    [
      [1, 0, 1, 1],
      [5, 5, 9, 1],
    ],
    { groupSize: 2, weights: [1, 2], epsilon: 0 },
  );
  const sums = [Math.SQRT1_2, -Math.SQRT1_2, 2 * Math.SQRT1_2, -2 * Math.SQRT1_2];
  const std = Math.sqrt(sums.reduce((total, x) => total + x * x, 0) / 3);
  for (const [i, sum] of sums.entries()) assert.ok(Math.abs(advantages[i] - sum / std) < 1e-6);
});

test("with one reward GDPO is group normalisation, normalised again over the batch", () => {
  fc.assert(
    fc.property(fc.array(real(-3, 3), { minLength: 6, maxLength: 6 }), (rewards) => {
      const once = groupAdvantages(rewards, { groupSize: 3 });
      const twice = groupAdvantages(once, { groupSize: 6 });
      const gdpo = gdpoAdvantages([rewards], { groupSize: 3 });
      for (const [i, advantage] of gdpo.entries()) assert.ok(Math.abs(advantage - twice[i]) < 1e-5);
    }),
  );
});

test("the soft overlong punishment begins at the cache and is −1 at the limit", () => {
  const at = (length: number) => softOverlong(length, { maxLength: 20480, cache: 4096 }); // DAPO's numbers
  assert.deepEqual([0, 16384, 18432, 20480, 30000].map(at), [0, 0, -0.5, -1, -1]);
  assert.throws(
    () => softOverlong(1, { maxLength: 2, cache: 0 }),
    /RangeError: .*cache must be from 1 to maxLength, 2/,
  );
});

test("the price of the KL stands at every trained token", () => {
  const batch = {
    oldLogProbs: Float32Array.of(-1, -2, NaN),
    refLogProbs: Float32Array.of(-1.5, -2, NaN),
    mask: Uint8Array.of(1, 1, 0),
    segments: Int32Array.of(0, 3),
  };
  assert.deepEqual([...klRewards(batch, { beta: 2 })], [-1, -0, 0]);
  const k3 = klRewards(batch, { beta: 1, kl: "k3" });
  assert.ok(Math.abs(k3[0] + Math.exp(-0.5) + 0.5 - 1) < 1e-7);
});

test("errors name the argument, what was expected and what was found", () => {
  assert.throws(() => weighRewards([[1], [1, 2]]), /RangeError: .*expected 1 entries in column 1.* 2/);
  assert.throws(() => weighRewards([[1]], [1, 2]), /RangeError: .*expected 1 weights, found 2/);
});
