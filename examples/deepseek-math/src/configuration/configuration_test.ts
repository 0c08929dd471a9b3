import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inFolder } from "../testing/processes.ts";
import { costOf, costText, requireRunnable } from "./cost.ts";
import { defaultConfiguration } from "./load.ts";
import { ConfigurationError } from "./rules.ts";

const folder = fileURLToPath(new URL("../../configurations/", import.meta.url));
const files = readdirSync(folder).map((name) => join(folder, name));

/** The message that settings are refused with. */
async function refusal(settings: unknown): Promise<string> {
  return await inFolder(async (at) => {
    const path = join(at, "mine.json");
    await writeFile(path, typeof settings === "string" ? settings : JSON.stringify(settings));
    try {
      defaultConfiguration({ seed: 1, config: path });
    } catch (error) {
      assert.ok(error instanceof ConfigurationError, String(error));
      assert.ok(error.message.startsWith(`Cannot use ${path}: `), error.message);
      return error.message.slice(`Cannot use ${path}: `.length);
    }
    throw new Error(`${JSON.stringify(settings)} was accepted`);
  });
}

test("every configuration that is here is valid", () => {
  assert.equal(files.length, 3);
  for (const config of files) assert.equal(defaultConfiguration({ seed: 2, config }).seed, 2);
});

test("a wrong key is an error that suggests the right one", async () => {
  assert.equal(await refusal({ grpo: { setps: 3 } }), "Unknown key grpo.setps, did you mean steps?");
  assert.equal(await refusal({ grop: {} }), "Unknown key grop, did you mean grpo?");
  assert.equal(
    await refusal({ sft: { rejection: { sample: 3 } } }),
    "Unknown key sft.rejection.sample, did you mean samples?",
  );
  assert.match(
    await refusal({ tokenizer: { something: 3 } }),
    /^Unknown key tokenizer\.something; there are passages$/,
  );
});

test("a value of another kind or out of range is named with what was expected", async () => {
  const cases: [unknown, string][] = [
    [{ grpo: { steps: 0 } }, "grpo.steps: expected a whole number of at least 1, found 0"],
    [{ grpo: { samples: 1 } }, "grpo.samples: expected a whole number of at least 2, found 1"],
    [{ grpo: { beta: "no" } }, 'grpo.beta: expected a number of at least 0, found "no"'],
    [{ grpo: 3 }, "grpo: expected an object, found 3"],
    [{ corpus: { mathShare: 2 } }, "corpus.mathShare: expected a number from 0 to 1, found 2"],
    [
      { pretraining: { schedule: "three-stage" } },
      'pretraining.schedule: expected two-stage or one-stage, found "three-stage"',
    ],
    [{ sft: { styles: {} } }, "sft.styles: expected a weight above 0, found {}"],
    [{ sft: { styles: { stesp: 1 } } }, "Unknown key sft.styles.stesp, did you mean steps?"],
    [
      { pretraining: { steps: 5, codeSteps: 6 } },
      "pretraining.codeSteps: expected at most pretraining.steps, 5, found 6",
    ],
    [{ grpo: { reward: "process" } }, "grpo.reward: expected rule or outcome, as rewardModel.kind says, found process"],
    [{ corpus: { inputs: ["x.warc"] } }, "corpus: expected both inputs and seedFiles, or none, found one of them"],
    ["[]", "expected an object"],
  ];
  for (const [settings, message] of cases) {
    const found = await refusal(settings).catch((error: Error) => error.message.replace(/^Cannot use [^:]*: /, ""));
    assert.equal(found.replace(/^Cannot use [^:]*: /, ""), message);
  }
  assert.match(await refusal('{"grpo": '), /^it is not valid JSON/);
});

test("what a file leaves out is the laptop's, weights are taken as a whole", async () => {
  await inFolder(async (at) => {
    const config = join(at, "mine.json");
    await writeFile(config, JSON.stringify({ grpo: { steps: 7 }, levels: { 3: 1 } }));
    const [mine, laptop] = [defaultConfiguration({ seed: 1, config }), defaultConfiguration({ seed: 1 })];
    assert.deepEqual(mine, { ...laptop, grpo: { ...laptop.grpo, steps: 7 }, levels: { 3: 1 } });
  });
});

test("the paper's configuration is costed and not run", () => {
  const paper = defaultConfiguration({ seed: 1, config: join(folder, "paper.json") });
  const pretraining = costOf(paper).find(({ stage }) => stage === "pretraining");
  // 6 · 6.9e9 · 5e11; the paper trains on 500B tokens.
  assert.equal(pretraining?.trained, 5e11);
  assert.ok(Math.abs((pretraining?.flops ?? 0) / 2.07e22 - 1) < 0.02, `${pretraining?.flops}`);
  assert.match(costText(paper), /6,9\d\d,\d{3},\d{3} parameters[\s\S]*Pre-training[\s\S]* h\n[\s\S]*Nothing was run/);
  assert.throws(
    () => requireRunnable(paper, 64e9),
    /^ConfigurationError: Cannot run: the stage \S+ of 6,9\d\d,\d{3},\d{3} parameters needs \d+GB of memory, this machine has 64GB/,
  );
});

test("the laptop's run fits, and twice the steps cost twice the operations", () => {
  requireRunnable(defaultConfiguration({ seed: 1 }), 4e9);
  const of = (scale: number) => costOf(defaultConfiguration({ seed: 1, scale })).find(({ stage }) => stage === "grpo");
  assert.equal(of(2)?.flops, 2 * (of(1)?.flops ?? 0));
});
