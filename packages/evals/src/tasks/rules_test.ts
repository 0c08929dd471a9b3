import assert from "node:assert/strict";
import { test } from "node:test";
import { minervaAnswer, normalizeMinerva } from "./minerva.ts";
import { gsm8kFlexible, gsm8kStrict, rules } from "./rules.ts";
import { harness } from "./testing/harness_values.ts";

test("the answers that lm-evaluation-harness finds in the same texts", () => {
  for (const { text, strict, flexible, minerva } of harness.texts) {
    assert.equal(gsm8kStrict(text) ?? "[invalid]", strict, text);
    assert.equal(gsm8kFlexible(text) ?? "[invalid]", flexible, text);
    assert.equal(minervaAnswer(text) ?? "[invalidanswer]", minerva, text);
  }
});

test("Minerva's normal forms as the harness makes them", () => {
  for (const [answer, form] of harness.forms) assert.equal(normalizeMinerva(answer), form, answer);
});

test("the harness's exact match ignores commas, dollars and what stands before ####", () => {
  for (const [gold, answer, equal] of harness.matches) {
    assert.equal(rules.gsm8kStrict.judge(gold, answer), equal, `${gold} and ${answer}`);
  }
});

test("Minerva's rule compares values where the forms differ", () => {
  const { judge } = rules.minerva;
  assert.ok(judge("\\frac{1}{2}", "x = \\frac12"));
  assert.ok(judge("0.5", "$\\frac{1}{2}$"));
  assert.ok(!judge("0.5", "$\\frac{1}{3}$"));
  assert.ok(!judge("5", "dollars"));
});
