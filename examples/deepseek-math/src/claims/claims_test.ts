import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseCommand } from "../cli.ts";
import { defaultConfiguration } from "../configuration/load.ts";
import { RunDirectory } from "../recipe/run_directory.ts";
import { beginTiny, goOn, silentProgress } from "../testing/in_process.ts";
import { inFolder } from "../testing/processes.ts";
import { tinyConfiguration } from "../testing/tiny.ts";
import { type Ability, arms, type ClaimResults, configurationOf, runSeed } from "./arms.ts";
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
const result = (seed: number): ClaimResults => ({
  seed,
  arms: {
    "code, then math": ability(0.5 + seed / 1000),
    "code and math mixed": ability(0.4),
    "math only": ability(0.6),
  },
  recipe: { sft: ability(0.5 + seed / 1000), grpo: ability(0.7), iteration: ability(0.7) },
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

test("the arms read what the recipe mined, and end after SFT; runs with other settings are refused", async () => {
  await inFolder(async (folder) => {
    const [from, out] = [join(folder, "run"), join(folder, "claims")];
    await goOn(await beginTiny(from));
    const options = parseCommand(["claims", "--seeds", "1", "--scale", "0.5", "--threads", "1", "--from", from]);
    assert.ok(options.name === "claims");
    const found = await runSeed({ ...options, out }, 1, silentProgress(), tinyConfiguration);
    assert.deepEqual(Object.keys(found.arms), [...arms]);
    const mixed = new RunDirectory(join(out, "seed-1", "code-and-math-mixed"));
    assert.deepEqual(await mixed.loadStage("corpus"), await new RunDirectory(from).loadStage("corpus"));
    assert.deepEqual(mixed.missing(["checkpoints/sft", "checkpoints/grpo"]), ["checkpoints/grpo"]);
    assert.deepEqual(await runSeed({ ...options, out }, 1, silentProgress(), tinyConfiguration), found);
    await assert.rejects(
      runSeed({ ...options, scale: 1, out }, 1, silentProgress(), tinyConfiguration),
      /^UsageError: Bad --from: the run in .* has other settings than are asked for/,
    );
  });
});

test("an interrupted test of the claims goes on with its own settings only", async () => {
  await inFolder(async (out) => {
    const configuration = tinyConfiguration({ seed: 1, scale: 1 });
    const begun = new RunDirectory(join(out, "seed-1", "recipe"));
    await begun.begin({ request: { seed: 1, scale: 1 }, configuration, startedAt: "2026-12-01T00:00:00Z" });
    const options = parseCommand(["claims", "--scale", "0.5", "--out", out]);
    assert.ok(options.name === "claims");
    await assert.rejects(
      runSeed(options, 1, silentProgress(), tinyConfiguration),
      /^UsageError: Bad --out: the run in .*recipe has other settings than are asked for; .*choose another --out/,
    );
  });
});
