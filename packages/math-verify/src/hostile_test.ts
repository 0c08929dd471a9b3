import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { compare, extractAnswer, normalize, verify } from "./mod.ts";
import { fuzzed, random } from "./testing/fuzz.ts";

/** Strings to try; a release tries a million (FUZZ=1000000). */
const RUNS = Number(process.env.FUZZ ?? 10_000);

const nested = (open: string, inner: string, close: string, depth = 10_000): string =>
  open.repeat(depth) + inner + close.repeat(depth);

const hostile: Record<string, string> = {
  "a tower of powers": "9^{9^{9^9}}",
  "10,000 nested braces": nested("{", "1", "}"),
  "10,000 open braces": "{".repeat(10_000),
  "10,000 nested fractions": nested("\\frac{1}{", "2", "}"),
  "10,000 nested boxes": nested("\\boxed{", "1", "}"),
  "1 MB of digits": "7".repeat(1e6),
  "1 MB of digits after the point": `0.${"3".repeat(1e6)}`,
  "1 MB of spaces": `1${" ".repeat(1e6)}2`,
  "1 MB of dollars": "$".repeat(1e6),
  "1 MB of backslashes": "\\".repeat(1e6),
  "1 MB of terms": `1${"+1".repeat(5e5)}`,
  "1 MB of items": "1,".repeat(5e5),
  "1 MB of boxes": "\\boxed{1 ".repeat(1e5),
  "1 MB of anchors": "the answer is ".repeat(7e4),
  "factorials of factorials": "(((9!)!)!)!",
  "a sum of sums": "\\sum_{i=1}^{1999} \\sum_{j=1}^{1999} \\sum_{k=1}^{1999} \\sin(ijk)",
  "a chain of 500 inequalities": `x<${"x+1<".repeat(500)}2`,
  "an exponent of 999,999": "1.5e999999",
  "4,000 signs": "\\pm 1".repeat(700),
};

for (const [name, text] of Object.entries(hostile))
  test(`${name}: ends within the time limit`, () => {
    for (const other of ["1", text, `${text} + 1`]) {
      const start = performance.now();
      const { verdict } = compare(text, other, { timeLimitMs: 100 });
      const elapsed = performance.now() - start;
      assert.ok(elapsed < 1000, `took ${elapsed} ms`); // a tenth of it is ours, the rest for a busy machine
      assert.ok(["equal", "different", "undecided"].includes(verdict));
    }
  });

test("what is too much to compare is undecided, and undecided is not equal", () => {
  assert.deepEqual(compare("9^{9^{9^9}}", "9^{9^{9^{10}}}"), { verdict: "undecided", layer: "symbolic" });
  assert.deepEqual(compare("7".repeat(1e6), `${"7".repeat(1e6)}8`), { verdict: "undecided", layer: "limit" });
  assert.ok(!verify("9^{9^{9^9}}", "9^{9^{9^{10}}}"));
  assert.ok(verify("9^{9^{9^9}}", "9^{9^{9^9}}"));
  const slow = hostile["a sum of sums"];
  assert.deepEqual(compare(slow, "1", { timeLimitMs: 20 }), { verdict: "undecided", layer: "limit" });
});

test(`never throws: ${RUNS} strings of fragments`, () => {
  const next = random(1);
  for (let i = 0; i < RUNS; i++) {
    const text = fuzzed(next, i % 50 === 0 ? 80 : 14);
    const other = i % 3 === 0 ? text : fuzzed(next);
    try {
      compare(text, other);
      extractAnswer(text);
      normalize(text);
    } catch (error) {
      assert.fail(`${JSON.stringify([text, other])}: ${error}`);
    }
  }
});

test("never throws: any string", () => {
  const any = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.string());
  fc.assert(
    fc.property(any, any, (text, other) => {
      compare(text, other);
      extractAnswer(text);
    }),
    { numRuns: 2000 },
  );
});

test("normalize is idempotent on what it has written", () => {
  const next = random(2);
  for (let i = 0; i < 3000; i++) {
    const once = normalize(fuzzed(next, 6));
    // A second pass may join what the first has brought together, but it settles.
    const settled = normalize(normalize(normalize(once)));
    assert.equal(normalize(settled), settled, JSON.stringify(once));
  }
});

test("an answer that can be read equals itself, and equality has no direction for values", () => {
  const next = random(3);
  for (let i = 0; i < 3000; i++) {
    const [a, b] = [fuzzed(next, 5), fuzzed(next, 5)];
    if (extractAnswer(a) && normalize(extractAnswer(a)!)) assert.ok(verify(a, a), a);
    const number = `${Math.floor(next() * 50)}/${1 + Math.floor(next() * 9)}`;
    assert.equal(verify(number, b), verify(b, number), `${number} | ${b}`);
  }
});
