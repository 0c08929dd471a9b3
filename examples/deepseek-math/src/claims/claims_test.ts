import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "../configuration/load.ts";
import { type Ability, type ArmResults, arms, configurationOf } from "./arms.ts";
import { neighbourFindings, readMethods } from "./neighbours.ts";
import { claimsPage } from "./run.ts";
import { differenceOf, differenceText, findingsOf, verdictOf } from "./verdicts.ts";

test("the arms read the same mathematics, those with code the same code", () => {
  const base = defaultConfiguration({ seed: 1 });
  const [code, mixed, math] = arms.map((arm) => configurationOf(arm, base).pretraining);
  assert.equal(code.steps, mixed.steps);
  assert.equal(code.steps - code.codeSteps, math.steps);
  assert.deepEqual([code.schedule, mixed.schedule, math.codeSteps], ["two-stage", "one-stage", 0]);
  assert.deepEqual(
    [code, mixed, math].map(({ codeShare }) => codeShare),
    [0, 0, 0],
  );
});

test("a difference is paired by seed, and its interval is Student's", () => {
  const { mean, low, high } = differenceOf([0.1, 0.2, 0.3], [0.2, 0.4, 0.6]);
  // 10, 20, 30: 20 ± 4.302653 · 10/√3.
  assert.ok(Math.abs(mean - 20) < 1e-9);
  assert.ok(Math.abs(high - 20 - (4.302653 * 10) / Math.sqrt(3)) < 1e-4 && Math.abs(low + high - 40) < 1e-9);
  assert.equal(verdictOf({ mean, low, high }), "not seen");
  assert.equal(differenceText(differenceOf([0.5], [0.45])), "−5.0 points (one seed)");
});

const ability = (share: number): Ability => ({
  ...{ greedy: share, program: share, toolIntegrated: share, majority: share, pass: 0.9, k: 16 },
});
const result = (seed: number): ArmResults => ({
  seed,
  sft: {
    "code, then math": ability(0.5 + seed / 1000),
    "code and math mixed": ability(0.4),
    "math only": ability(0.6),
  },
  grpo: ability(0.7),
  iteration: ability(0.7),
});

test("claims are seen, not seen, or the opposite; a pass rate that stays is seen to stay", () => {
  const verdicts = findingsOf([1, 2, 3].map(result)).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts, ["the opposite", "the opposite", "seen", "the opposite", "seen", "seen", "not seen"]);
});

test("what the other examples print and keep is read", () => {
  const methods = readMethods(
    "after SFT 41.0%\nRFT        71.2% (73.5, 70.3, 69.8)\nOnline RFT 68.0% (69.8, 65.8, 68.5)\nGRPO+OS    69.3% (71.8, 65.5, 70.8)\nGRPO+PS    67.3% (64.3, 68.5, 69.3)\n",
  );
  assert.deepEqual(Object.keys(methods), ["RFT", "Online RFT", "GRPO+OS", "GRPO+PS"]);
  const findings = neighbourFindings(methods, { frozen: [0.8, 0.7, 0.75], "replay 10%": [0.89, 0.88, 0.87] });
  assert.deepEqual(
    findings.map(({ verdict }) => verdict),
    ["not seen", "not seen", "not seen", "seen"],
  );
  assert.match(findings[3].here, /^frozen 75\.0%, replay 10% 88\.0%: \+13\.0 points/);
  assert.match(claimsPage(findings, { seeds: 3, scale: 1 }), /\| A retrained .* \| seen \|\n$/);
});
