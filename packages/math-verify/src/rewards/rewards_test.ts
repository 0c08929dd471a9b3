import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  accuracyReward,
  cosineReward,
  formatReward,
  languageConsistencyReward,
  lengthRewards,
  reasoningStepsReward,
  repetitionReward,
  softOverlongReward,
  tagCountReward,
} from "./mod.ts";

const template = (thought: string, answer: string): string =>
  `<think>\n${thought}\n</think>\n<answer>\n${answer}\n</answer>`;

test("accuracy judges the answer and not the reasoning before it", () => {
  assert.equal(accuracyReward(template("It is \\boxed{18}.", "17"), "18"), 0);
  assert.equal(accuracyReward(template("It is \\boxed{17}.", "\\boxed{18}"), "18"), 1);
  assert.equal(accuracyReward("", "18"), 0);
});

test("the format reward agrees with its regular expression", () => {
  const pattern = /^<think>\n[\s\S]*?\n<\/think>\n<answer>\n[\s\S]*?\n<\/answer>$/;
  const piece = fc.constantFrom(
    "<think>\n",
    "\n</think>\n",
    "<answer>\n",
    "\n</answer>",
    "\n",
    "x",
    "</think>",
    "<think>",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      assert.equal(formatReward(pieces.join("")), pattern.test(pieces.join("")) ? 1 : 0);
    }),
    { numRuns: 3000 },
  );
  assert.equal(formatReward(template("a\nb", "c")), 1);
  assert.equal(formatReward(`${template("a", "b")}\n`), 0);
});

test("each tag that occurs exactly once earns a quarter", () => {
  assert.equal(tagCountReward(template("a", "b")), 1);
  assert.equal(tagCountReward(`<think>\n${template("a", "b")}`), 0.75);
  assert.equal(tagCountReward("18"), 0);
});

test("three marks of steps are enough", () => {
  assert.equal(reasoningStepsReward("18"), 0);
  assert.equal(reasoningStepsReward("1. a\n- b"), 2 / 3);
  assert.equal(reasoningStepsReward("First, a. Second, b. Next, c. Finally, d."), 1);
});

test("in a group, the shortest right answer earns ½, the longest -½, and a wrong one never more than 0", () => {
  assert.deepEqual(lengthRewards([10, 20, 30], [true, true, true]), [0.5, 0, -0.5]);
  assert.deepEqual(lengthRewards([10, 20, 30], [false, false, false]), [0, 0, -0.5]);
  assert.deepEqual(lengthRewards([7, 7], [true, false]), [0, 0]);
  assert.deepEqual(lengthRewards([], []), []);
  assert.throws(() => lengthRewards([1], []), RangeError);
});

test("the cosine falls with length for right answers and rises for wrong ones, within its bounds", () => {
  const length = fc.integer({ min: 0, max: 1500 });
  fc.assert(
    fc.property(length, length, (a, b) => {
      const [short, long] = [Math.min(a, b), Math.max(a, b)];
      assert.ok(cosineReward(short, true) >= cosineReward(long, true));
      assert.ok(cosineReward(short, false) <= cosineReward(long, false));
      assert.ok(cosineReward(a, true) >= 0.5 && cosineReward(a, true) <= 1);
      assert.ok(cosineReward(a, false) >= -1 && cosineReward(a, false) <= -0.5);
    }),
  );
  assert.ok(Math.abs(cosineReward(250, true) - (0.75 + 0.25 * Math.SQRT1_2)) < 1e-12);
  assert.throws(() => cosineReward(1, true, { maxLength: 0 }), /maxLength must be positive, found 0/);
  assert.throws(() => cosineReward(-1, true), RangeError);
});

test("the overlong penalty is continuous and never below -1", () => {
  const limits = { maxLength: 20480, cache: 4096 }; // DAPO's
  assert.equal(softOverlongReward(16384, limits), 0);
  assert.equal(softOverlongReward(18432, limits), -0.5);
  assert.equal(softOverlongReward(20480, limits), -1);
  assert.equal(softOverlongReward(99999, limits), -1);
  assert.throws(() => softOverlongReward(1, { maxLength: 10, cache: 0 }), /0 < cache <= maxLength, found 0 and 10/);
});

test("arguments of other kinds are named", () => {
  const wrong = undefined as never;
  assert.throws(() => formatReward(wrong), /^TypeError.*completion must be a string, found undefined/);
  assert.throws(() => tagCountReward(["a"] as never), /^TypeError.*completion must be a string, found an array/);
  assert.throws(() => reasoningStepsReward(wrong), TypeError);
  assert.throws(() => repetitionReward(wrong), TypeError);
  assert.throws(() => languageConsistencyReward(wrong), TypeError);
  assert.throws(() => softOverlongReward(5, wrong), /^TypeError.*limits must be an object, found undefined/);
  assert.throws(
    () => softOverlongReward("5" as never, { maxLength: 9, cache: 1 }),
    /length must be a number, found "5"/,
  );
  assert.throws(() => cosineReward(1, true, null as never), /options must be an object, found null/);
  assert.throws(() => lengthRewards(wrong, []), /lengths must be an array, found undefined/);
  assert.throws(() => accuracyReward(wrong, "5"), /prediction must be a string, found undefined/);
});

test("repetitions cost their share of all n-grams", () => {
  assert.equal(repetitionReward("a a a a a"), -(1 - 1 / 3));
  assert.equal(repetitionReward("a b"), 0);
  assert.equal(repetitionReward("A b a B a", { size: 2, maxPenalty: -2 }), -1);
  assert.throws(() => repetitionReward("a", { size: 0 }), RangeError);
  assert.throws(() => repetitionReward("a", { maxPenalty: 1 }), RangeError);
});

test("language consistency counts words, not formulas", () => {
  assert.equal(languageConsistencyReward("Wir haben $x = \\text{два}$ also два"), 0.75);
  assert.equal(languageConsistencyReward("12 + 3"), 0);
  assert.equal(languageConsistencyReward("да, two", { script: "Cyrillic" }), 0.5);
  assert.throws(() => languageConsistencyReward("a", { script: "Klingon" }), /no script "Klingon"/);
});
