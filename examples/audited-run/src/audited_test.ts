import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromHex } from "@gradus/beacon";
import { trainBpe } from "@gradus/tokenizer";
import { createPolicy } from "@gradus/transformer";
import { register } from "@gradus/zero-knowledge";
import { answerIn } from "./evaluation.ts";
import { commitmentOf, dataRoot, hashOf } from "./preregistration.ts";
import { chosenBy } from "./seeds.ts";
import { auditedEvaluation, readFiles, verifySession } from "./session.ts";
import { verifyFiles } from "./verify.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-audited-"));
after(() => rm(folder, { recursive: true }));
const run = join(folder, "run");
const out = join(folder, "audited");

// A run as the recipe leaves it, with an untrained policy.
const tokenizer = await trainBpe(["12+30", "#### 42"], { vocabSize: 260, specialTokens: ["<|end|>"] });
const size = {
  vocabSize: tokenizer.vocabSize,
  eosToken: 0,
  hiddenSize: 16,
  layers: 1,
  heads: 2,
  keyValueHeads: 2,
  headSize: 8,
};
const rest = {
  intermediateSize: 32,
  ropeTheta: 10_000,
  normEpsilon: 1e-6,
  tieEmbeddings: true,
  qkvBias: false,
  maxPositions: 64,
};
const policy = await createPolicy({ ...size, ...rest }, { seed: 1, threads: 1 });
await policy.save(join(run, "checkpoints", "grpo"), {
  files: { "tokenizer.json": JSON.stringify(tokenizer.toJSON()) },
});
await policy.dispose();
await writeFile(join(run, "run.json"), "{}\n");

const questions = Array.from({ length: 5 }, (_, i) => ({ question: `${i}+${i}`, answer: `${2 * i}` }));
await auditedEvaluation({ run, out, questions, seeds: 2, maxNewTokens: 8 });
const failing = async () => {
  const { files, publicKey, rolloutsHash } = await readFiles(out);
  return (await verifyFiles(files, publicKey, rolloutsHash)).filter(({ holds }) => !holds).map(({ check }) => check);
};
/** Changes a file, runs, and puts it back. */
const withChange = async (name: string, change: (text: string) => string, body: () => Promise<void>) => {
  const text = await readFile(join(out, name), "utf8");
  assert.notEqual(change(text), text);
  await writeFile(join(out, name), change(text));
  await body().finally(() => writeFile(join(out, name), text));
};

const registeredRollouts = "the rollouts were registered before the pulse that chooses among them";

test("an honest evaluation verifies from its files, and its chosen rollouts come out the same", async () => {
  const findings = await verifySession(out, { run, checks: 4 });
  assert.equal(findings.length, 11);
  assert.deepEqual(
    findings.filter(({ holds }) => !holds),
    [],
  );
});

test("a run that is not there, or a folder that is taken, is refused before anything is written", async () => {
  const missing = join(folder, "missing");
  const options = { questions, seeds: 1, maxNewTokens: 4 };
  await assert.rejects(auditedEvaluation({ ...options, run: missing, out: missing }), /ENOENT.*run.json/);
  await assert.rejects(readdir(missing), /ENOENT/);
  const before = await readFile(join(out, "log.json"), "utf8");
  await assert.rejects(
    auditedEvaluation({ ...options, run, out }),
    /Cannot evaluate into .*: there is an evaluation already/,
  );
  assert.equal(await readFile(join(out, "log.json"), "utf8"), before);
});

test("a seed that is left out, or whose result is embellished, is noticed from the files alone", async () => {
  await withChange(
    "rollouts.jsonl",
    (text) => text.split("\n").slice(0, 5).join("\n"),
    async () => {
      assert.ok((await failing()).includes("all seeds and all questions are reported"));
    },
  );
  await withChange(
    "results.json",
    (text) => text.replace(/"mean": [\d.]+/, '"mean": 0.9'),
    async () => {
      assert.deepEqual(await failing(), ["the results are those of the rollouts"]);
    },
  );
  await withChange(
    "rollouts.jsonl",
    (text) => text.replace(/"seed":\d+/, '"seed":1'),
    async () => {
      assert.deepEqual(await failing(), ["every seed follows from the pulse", registeredRollouts]);
    },
  );
  // Places that come to the same number are not the same place.
  await withChange(
    "rollouts.jsonl",
    (text) => text.replace('"run":1,"question":0', '"run":0,"question":5'),
    async () => {
      assert.ok((await failing()).includes("all seeds and all questions are reported"));
    },
  );
});

test("a plan, question or pulse that was changed afterwards is noticed", async () => {
  await withChange(
    "plan.json",
    (text) => text.replace('"maxNewTokens": 8', '"maxNewTokens": 9'),
    async () => {
      assert.deepEqual(await failing(), [
        "the plan was registered before its pulse",
        "every seed follows from the pulse",
      ]);
    },
  );
  await withChange(
    "questions.json",
    (text) => text.replace('"answer": "2"', '"answer": "3"'),
    async () => {
      assert.ok((await failing()).includes("the questions are those of the plan"));
    },
  );
  await withChange(
    "pulses.jsonl",
    (text) => text.split("\n").toSpliced(1, 1).join("\n"),
    async () => {
      assert.deepEqual(await failing(), ["the beacon's chain is whole and signed"]);
    },
  );
});

/** Rollouts that were false before they were registered: the log says what they are. */
const withFalsified = (change: (text: string) => string, body: () => Promise<void>) =>
  withChange("rollouts.jsonl", change, async () => {
    const rollouts = await readFile(join(out, "rollouts.jsonl"), "utf8");
    const [plan, { pulse }] = JSON.parse(await readFile(join(out, "log.json"), "utf8"));
    await withChange("log.json", () => JSON.stringify(register([plan], fromHex(hashOf(rollouts)), pulse)), body);
  });

test("a tampered rollout is found when the pulse chooses it", async () => {
  // Falsified: all of them, each where it does not change the accuracy. One check suffices then.
  const tamper = (text: string) => text.replaceAll(/"completion":"/g, '"completion":"tampered ');
  await withFalsified(tamper, async () => {
    const findings = await verifySession(out, { run, checks: 1 });
    const last = findings.at(-1);
    assert.ok(last && !last.holds);
    assert.match(last.detail, /^of 1, these do not: \d$/);
  });
  // One of ten, all checked.
  await withFalsified(
    (text) => text.replace('"completion":"', '"completion":"tampered '),
    async () => {
      const findings = await verifySession(out, { run, checks: 10 });
      assert.match(findings.at(-1)?.detail ?? "", /^of 10, these do not: 0$/);
    },
  );
});

test("rollouts falsified once the audit's pulse is out, in whatever way it misses, are not those registered", async () => {
  await withChange(
    "rollouts.jsonl",
    (text) => text.replace('"completion":"', '"completion":"tampered '),
    async () => {
      assert.deepEqual(await failing(), [registeredRollouts]);
      const findings = await verifySession(out, { run });
      assert.ok(findings.some(({ holds }) => !holds));
    },
  );
  const late = async () => {
    const rollouts = await readFile(join(out, "rollouts.jsonl"), "utf8");
    const [plan] = JSON.parse(await readFile(join(out, "log.json"), "utf8"));
    return JSON.stringify(register([plan], fromHex(hashOf(rollouts)), 4));
  };
  const log = await late();
  await withChange(
    "log.json",
    () => log,
    async () => {
      assert.deepEqual(await failing(), [registeredRollouts]); // its pulse, 6, has not come
    },
  );
});

test("audits choose different rollouts by different pulses, a cheat with share f passing (1 − f)^q of them", () => {
  let passed = 0;
  for (let pulse = 0; pulse < 2000; pulse++) {
    const chosen = chosenBy(`pulse ${pulse}`, 1000, 10);
    assert.equal(new Set(chosen).size, 10);
    if (chosen.every((rollout) => rollout >= 100)) passed++;
  }
  assert.ok(Math.abs(passed / 2000 - 0.9 ** 10) < 0.05, `${passed}`);
});

test("the commitment depends on every part of the plan; answers are read after their mark", async () => {
  const { files } = await readFiles(out);
  for (const name of Object.keys(files.plan)) {
    const changed = { ...files.plan, [name]: name === "sampling" ? { temperature: 0, maxNewTokens: 8 } : "other" };
    assert.notEqual(commitmentOf(changed), commitmentOf(files.plan), name);
  }
  assert.notEqual(dataRoot(questions), dataRoot(questions.toReversed()));
  assert.deepEqual(["1+1=2\n#### 2", "x\n 7 ", ""].map(answerIn), ["2", "7", ""]);
});
