import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aggregate, bestOf, weightedSelfConsistency } from "./aggregate.ts";
import { calibration, pairAccuracy } from "./calibration.ts";
import { selectionAccuracy } from "./selection.ts";

const probability = fc.double({ min: 0, max: 1, noNaN: true });

test("steps aggregate to their minimum, product, last or mean; no steps to 0", () => {
  const found = (["min", "product", "last", "mean"] as const).map((how) => aggregate([0.5, 0.25, 0.75], how));
  assert.deepEqual(found, [0.25, 0.09375, 0.75, 0.5]);
  assert.equal(aggregate([]), 0);
  fc.assert(
    fc.property(fc.array(probability, { minLength: 1 }), (steps) => {
      assert.ok(aggregate(steps, "product") <= aggregate(steps, "min"));
      assert.ok(aggregate(steps, "min") <= aggregate(steps, "mean") + 1e-12);
    }),
  );
});

test("equal scores make the majority vote, and a sure minority can win", () => {
  assert.equal(weightedSelfConsistency(["a", "b", null, "b"], [1, 1, 9, 1]).answer, "b");
  const found = weightedSelfConsistency(["a", "b", "b"], [0.9, 0.2, 0.1]);
  assert.equal(found.answer, "a");
  assert.ok(Math.abs(found.share - 0.75) < 1e-12);
  assert.deepEqual(weightedSelfConsistency([null, undefined], [1, 1]), {
    answer: undefined,
    share: 0,
    weights: new Map(),
  });
  assert.deepEqual(weightedSelfConsistency(["a", "b"], [0, 0]).answer, "a");
  assert.deepEqual([bestOf([1, 3, 3]), bestOf([-2]), bestOf([])], [1, 0, -1]);
});

test("the calibration error is what its definition says, and 0 where probabilities are frequencies", () => {
  assert.ok(Math.abs(calibration([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0]).ece - 0.15) < 1e-12);
  assert.ok(calibration([0.5, 0.5, 1], [1, 0, 1]).ece === 0);
  fc.assert(
    fc.property(fc.array(fc.tuple(probability, fc.constantFrom(0, 1)), { maxLength: 40 }), (list) => {
      const [p, y] = [list.map(([each]) => each), list.map(([, label]) => label)];
      const naive = Array.from({ length: 7 }, (_, b) => {
        const inside = list.filter(([each]) => (b === 6 ? each * 7 >= 6 : each * 7 >= b && each * 7 < b + 1));
        return Math.abs(inside.reduce((sum, [each, label]) => sum + label - each, 0)) / Math.max(1, list.length);
      }).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(calibration(p, y, { bins: 7 }).ece - naive) < 1e-12);
    }),
  );
  assert.deepEqual(calibration([], [], { bins: 1 }), {
    ece: 0,
    brier: 0,
    bins: [{ count: 0, confidence: 0, right: 0 }],
  });
});

test("pairs are counted within problems; without any there is no accuracy, and no NaN", () => {
  assert.deepEqual(pairAccuracy([3, 2, 2, 9], [1, 0, 1, 0], [1, 1, 1, 2]), { accuracy: 0.75, pairs: 2 });
  assert.deepEqual(pairAccuracy([1, 2], [1, 1], [1, 1]), { accuracy: undefined, pairs: 0 });
});

test("ways to choose: a tie is shared, samples without an answer have no vote, and nothing beats any", () => {
  const one = (answers: (string | null | undefined)[], labels: number[], scores: number[]) =>
    selectionAccuracy({ problems: answers.map(() => "p"), answers, labels, scores });
  const tie = one(["a", "b"], [1, 0], [0.1, 0.2]);
  assert.deepEqual(tie, { problems: 1, single: 0.5, majority: 0.5, weighted: 0, best: 0, any: 1 });
  const silent = one([null, undefined, "a"], [0, 0, 1], [0.9, 0.8, 0.1]);
  assert.deepEqual([silent.majority, silent.weighted, silent.best], [1, 1, 0]);
  assert.equal(one([null], [0], [1]).majority, 0);
  assert.deepEqual(one([], [], []), { problems: 0, single: 0, majority: 0, weighted: 0, best: 0, any: 0 });
  const sample = fc.tuple(fc.nat(2), fc.constantFrom("a", "b", "c", null), probability);
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const problems = samples.map(([problem]) => problem);
      const answers = samples.map(([, answer]) => answer);
      const labels = answers.map((answer) => Number(answer === "a"));
      const scores = samples.map(([, , score]) => score);
      const { any, problems: count, ...ways } = selectionAccuracy({ problems, answers, labels, scores });
      for (const each of Object.values(ways)) assert.ok(each <= any + 1e-12);
      assert.equal(selectionAccuracy({ problems, answers, labels, scores: labels }).best, any);
      const majority = [...new Set(problems)].map((problem) => {
        const votes = (each: string) => samples.filter(([p, answer]) => p === problem && answer === each).length;
        const most = Math.max(...["a", "b", "c"].map(votes));
        return votes("a") === most && most > 0 ? 1 / ["a", "b", "c"].filter((each) => votes(each) === most).length : 0;
      });
      assert.equal(count, majority.length);
      assert.ok(Math.abs(ways.majority - majority.reduce((a, b) => a + b, 0) / Math.max(1, count)) < 1e-12);
    }),
  );
});

test("errors name the argument, what was expected and what was found", () => {
  assert.throws(() => aggregate([2]), /RangeError: .*probabilities\[0\] must be from 0 to 1, found 2/);
  assert.throws(() => aggregate([], "max" as "min"), /RangeError: .*how must be one of "min"/);
  assert.throws(
    () => weightedSelfConsistency(["a"], [-1]),
    /RangeError: .*scores\[0\] must be finite, from 0, found -1/,
  );
  assert.throws(() => calibration([0.5], [1], { bins: 0 }), /RangeError: .*bins must be an integer from 1, found 0/);
  assert.throws(() => calibration([0.5], []), /RangeError: .*labels must have 1 entries, found 0/);
  assert.throws(
    () => selectionAccuracy({ problems: [1], answers: ["a"], labels: [], scores: [1] }),
    /RangeError: .*labels must have 1 entries, found 0/,
  );
  assert.throws(() => bestOf([NaN]), /RangeError: .*scores\[0\] must be finite, found NaN/);
});
