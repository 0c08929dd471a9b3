import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { majorityAtK } from "./majority_at_k.ts";
import { passAtK } from "./pass_at_k.ts";

/** Every choice of k of the values. */
function choices<T>(values: readonly T[], k: number): T[][] {
  if (k === 0) return [[]];
  return values.flatMap((value, i) => choices(values.slice(i + 1), k - 1).map((rest) => [value, ...rest]));
}

/** The majority vote of these samples: 1 if the right answer wins, a share if it ties. */
function vote(answers: readonly (string | null)[], gold: string): number {
  const counts = new Map<string, number>();
  for (const answer of answers) if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const winners = [...counts.keys()].filter((answer) => counts.get(answer) === most);
  return winners.includes(gold) ? 1 / winners.length : 0;
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const samples = fc
  .array(fc.constantFrom("right", "a", "b", "c", null), { minLength: 1, maxLength: 9 })
  .chain((answers) => fc.tuple(fc.constant(answers), fc.integer({ min: 1, max: answers.length })));

test("pass@k is the share of all choices of k that hold a right sample", () => {
  fc.assert(
    fc.property(samples, ([answers, k]) => {
      const correct = answers.filter((answer) => answer === "right").length;
      const share = mean(choices(answers, k).map((chosen) => Number(chosen.includes("right"))));
      assert.ok(Math.abs(passAtK(correct, answers.length, k) - share) < 1e-12);
    }),
  );
});

test("pass@1 is the share of right samples, and pass@k stays exact where binomials overflow", () => {
  assert.ok(Math.abs(passAtK(3, 10, 1) - 0.3) < 1e-15);
  // One right of n: a choice of k holds it with probability k/n.
  assert.ok(Math.abs(passAtK(1, 100_000, 50_000) - 0.5) < 1e-12);
  assert.equal(passAtK(0, 10, 10), 0);
  assert.equal(passAtK(6, 10, 5), 1);
});

test("maj@k is the mean vote over all choices of k", () => {
  fc.assert(
    fc.property(samples, ([answers, k]) => {
      const expected = mean(choices(answers, k).map((chosen) => vote(chosen, "right")));
      assert.ok(Math.abs(majorityAtK(answers, "right", k) - expected) < 1e-11);
    }),
  );
});

test("maj@1 is the share of right samples, and maj@n the plain vote", () => {
  const answers = ["4", "4", "5", null, "6"];
  assert.ok(Math.abs(majorityAtK(answers, "4", 1) - 0.4) < 1e-12);
  assert.equal(majorityAtK(answers, "4"), 1);
  assert.equal(majorityAtK(["4", "5", "6", "6"], "4"), 0);
  assert.equal(majorityAtK(["4", "5"], "4"), 0.5);
  assert.ok(Math.abs(majorityAtK(["4", "4", "5", null], "4", 2) - 4 / 6) < 1e-12);
  assert.equal(majorityAtK([null, undefined], "4"), 0);
});

test("maj@k of many samples stays a probability where binomials overflow", () => {
  // C(1100, 549) is above 1e308. 660 right against 440 of one rival: most of 549 are right but for a hair.
  const answers = Array.from({ length: 1100 }, (_, i) => (i < 660 ? "right" : "wrong"));
  const share = majorityAtK(answers, "right", 549);
  assert.ok(share > 0.999999 && share <= 1, `${share}`);
  // Both together always win, so the two shares add up to 1.
  assert.ok(Math.abs(share + majorityAtK(answers, "wrong", 549) - 1) < 1e-9);
});

test("errors name the argument, what was expected and what was found", () => {
  assert.throws(() => passAtK(3, 2, 1), /RangeError: .*0 ≤ correct ≤ n, found 3 of 2/);
  assert.throws(() => passAtK(1, 2, 3), /RangeError: .*k must be an integer from 1 to n, 2, found 3/);
  assert.throws(() => majorityAtK(["1"], "1", 2), /RangeError: .*k must be .* 1, found 2/);
  assert.throws(() => majorityAtK<string>([], "1"), /RangeError: .*k must be .* 0, found 0/);
});
