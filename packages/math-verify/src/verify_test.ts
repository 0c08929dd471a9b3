import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { normalize } from "./normalize.ts";
import * as further from "./testing/further_cases.ts";
import * as first from "./testing/held_out_cases.ts";
import * as reviewed from "./testing/reviewed_cases.ts";
import { compare, verify } from "./verify.ts";

const oracle = fileURLToPath(new URL("../../../../shared/oracles/math-verify.dev.json", import.meta.url));
const skip = existsSync(oracle) ? false : "the oracle is not here (../shared/oracles/math-verify.dev.json)";

test("agrees with Math-Verify's own test cases, all negatives among them", { skip }, () => {
  const { cases } = JSON.parse(readFileSync(oracle, "utf8"));
  const wrong = cases.filter((entry: { gold: string; prediction: string; expected: boolean; options?: object }) => {
    const equal = verify(entry.gold, entry.prediction, entry.options);
    assert.ok(entry.expected || !equal, `${entry.gold} and ${entry.prediction} are not equal`);
    return equal !== entry.expected;
  });
  // The one left says that 1 - 1/e and 1 + 1/e are equal.
  assert.deepEqual(
    wrong.map(({ gold }: { gold: string }) => gold),
    ["$1 - \\frac{1}{\\mathrm{e}}$"],
  );
});

for (const { equal, different } of [first, further, reviewed]) {
  for (const [group, pairs] of Object.entries(equal))
    test(`${group}: what says the same is equal`, () => {
      for (const [gold, prediction] of pairs)
        assert.equal(compare(gold, prediction).verdict, "equal", `${gold} | ${prediction}`);
    });
  for (const [group, pairs] of Object.entries(different))
    test(`${group}: what says something else is not`, () => {
      for (const [gold, prediction] of pairs)
        assert.notEqual(compare(gold, prediction).verdict, "equal", `${gold} | ${prediction}`);
    });
}

test("names the deepest layer that was needed", () => {
  const layers: [string, string, string][] = [
    ["\\tfrac12", "\\frac{1}{2}", "string"],
    ["\\text{even}", "Even", "text"],
    ["0.5", "1/2", "number"],
    ["(0.5, x)", "(0.5, x, y)", "structure"],
    ["\\{1,2\\}", "2, 1", "structure"],
    ["2^{2^{20}}+x", "x+2^{2^{20}}", "symbolic"],
    ["(x+1)^2", "x^2+2x+1", "sampling"],
    ["7", "", "extraction"],
  ];
  for (const [gold, prediction, layer] of layers)
    assert.equal(compare(gold, prediction).layer, layer, `${gold} | ${prediction}`);
});

test("a gold interval accepts a predicted inequality only when told so; the other way always", () => {
  assert.ok(verify("1 < x < 2", "(1,2)"));
  assert.ok(!verify("(1,2)", "1 < x < 2"));
  assert.ok(verify("(1,2)", "1 < x < 2", { allowSetRelation: true }));
  assert.ok(verify("(1,2)", "1 < x < 2", { allow_set_relation_comp: true }));
  assert.ok(!verify("(1,2)", "1 < x \\le 2", { allowSetRelation: true }));
});

test("precision is the number of decimal places that must agree", () => {
  assert.ok(verify("\\frac{1}{3}", "0.33", { precision: 2 }));
  assert.ok(!verify("\\frac{1}{3}", "0.33", { precision: 3 }));
  assert.ok(!verify("\\frac{1}{3}", "\\frac{33}{100}", { precision: 2 }), "only decimals may be rounded");
  assert.ok(!verify("0.001", "0.004", { precision: 2 }), "what is nearly nothing is not all the same");
});

test("without strictness names of variables do not matter, and lists are tuples", () => {
  assert.ok(verify("f(x)+1", "f(y)+1", { strict: false }));
  const sums = ["\\sum_{k=1}^{n} k^2", "\\sum_{i=1}^{m} i^2"] as const;
  assert.ok(verify(...sums, { strict: false }) && !verify(...sums));
  assert.ok(!verify("f(x)+x", "f(y)+x", { strict: false }));
  assert.ok(!verify("f(x)", "f(y)"));
  assert.ok(verify("1 < x < 2", "1 < y < 2", { strict: false }));
  assert.ok(!verify("1 < x < 2", "1 < y < 2", { strict: true }));
  assert.ok(verify("(1,2)", "1,2", { strict: false }));
  assert.ok(!verify("(1,2)", "2,1", { strict: false }));
  assert.ok(!verify("(1,2)", "1,2"));
});

test("wrong options and arguments are named", () => {
  assert.throws(() => verify("1", "1", { precision: 1.5 }), /precision must be an integer from 0 to 15, found 1.5/);
  assert.throws(() => verify("1", "1", { timeLimitMs: 0 }), /timeLimitMs must be positive, found 0/);
  assert.throws(() => verify("1", "1", { precision: "2" as unknown as number }), /found "2"/);
  assert.throws(
    () => compare("1", "1", null as unknown as object),
    /^TypeError.*options must be an object, found null/,
  );
  assert.throws(() => normalize(undefined as unknown as string), /^TypeError.*latex must be a string, found undefined/);
  assert.throws(() => verify(1 as unknown as string, "1"), /gold must be a string, found 1/);
});
