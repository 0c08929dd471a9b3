/**
 * The whole order of an audited evaluation, with a beacon of its own: plan → registration → later pulse → seeds → results →
 * registration → later pulse → audit.
 *
 * A beacon that the trainer runs himself proves nothing to anybody: here it stands in for a public one, so that the order and
 * the files can be seen. `source` of its pulses says where their randomness is from.
 *
 * @module
 */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createBeacon, fromHex, mlDsaSigner, operatingSystem, parsePulse, toHex } from "@gradus/beacon";
import { fileStore } from "@gradus/beacon/node";
import { register } from "@gradus/zero-knowledge";
import { sha3_512 } from "@noble/hashes/sha3.js";
import { openCheckpoint } from "./checkpoint.ts";
import { evaluate, resultsOf } from "./evaluation.ts";
import { commitmentOf, dataRoot, hashOf, type Preregistration, type Question } from "./preregistration.ts";
import { rootOf } from "./seeds.ts";
import { type AuditedFiles, audit, auditPulse, DELAY, type Finding, verifyFiles } from "./verify.ts";

/** What is evaluated, and how. */
export interface SessionOptions {
  /** A finished run of the recipe. */
  readonly run: string;
  /** Which of its checkpoints. Default `"grpo"`. */
  readonly stage?: string;
  readonly questions: readonly Question[];
  /** K. */
  readonly seeds: number;
  readonly maxNewTokens: number;
  /** Where the files go. */
  readonly out: string;
}

const PERIOD = 1000;

/**
 * Makes the files of an audited evaluation. The beacon's time is simulated: pulses do not wait.
 *
 * @throws {Error} No such run, or a folder that has an evaluation already; then nothing is written.
 */
export async function auditedEvaluation(options: SessionOptions): Promise<void> {
  const { run, stage = "grpo", questions, seeds, maxNewTokens, out } = options;
  const write = (name: string, value: unknown) => writeFile(join(out, name), `${JSON.stringify(value, null, 1)}\n`);
  const folder = join(run, "checkpoints", stage);
  const configuration = hashOf(await readFile(join(run, "run.json")));
  const weights = hashOf(await readFile(join(folder, "model.safetensors")));
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).includes("pulses.jsonl")) {
    throw new Error(`Cannot evaluate into ${out}: there is an evaluation already, with a beacon of its own`);
  }

  const signer = mlDsaSigner(crypto.getRandomValues(new Uint8Array(32)));
  const beacon = createBeacon({ signer, entropy: operatingSystem(), period: PERIOD });
  const store = await fileStore(join(out, "pulses.jsonl"), signer.publicKey);
  const begin = Math.ceil(Date.now() / PERIOD) * PERIOD;
  const pulse = async (i: number) => {
    const next = await beacon.pulse(begin + i * PERIOD);
    await store.append(next);
    return next;
  };
  await pulse(0);

  const plan: Preregistration = {
    version: 1,
    code: await codeHash(),
    configuration,
    data: dataRoot(questions),
    weights,
    questions: questions.length,
    seeds,
    sampling: { temperature: 1, maxNewTokens },
    metric: "accuracy",
    beacon: toHex(sha3_512(signer.publicKey)),
    targetPulse: 3,
  };
  const planned = register([], fromHex(commitmentOf(plan)), 1);
  await write("beacon.json", { publicKey: toHex(signer.publicKey) });
  await write("plan.json", plan);
  await write("log.json", planned);
  await write("questions.json", questions);

  await pulse(1);
  const target = await pulse(2);
  const checkpoint = await openCheckpoint(folder);
  try {
    const root = rootOf("evaluation", commitmentOf(plan), target.outputValue);
    const rollouts = await evaluate(checkpoint.sampler, root, questions, seeds, plan.sampling);
    const text = rollouts.map((rollout) => `${JSON.stringify(rollout)}\n`).join("");
    await writeFile(join(out, "rollouts.jsonl"), text);
    await write("results.json", resultsOf(rollouts, questions, seeds));
    await write("log.json", register(planned, fromHex(hashOf(text)), target.pulseIndex));
  } finally {
    await checkpoint.dispose();
  }
  for (let i = 0; i < DELAY; i++) await pulse(target.pulseIndex + i); // the last one chooses what is audited
}

/** Hash of this example's sources or of what was built from them: the program that evaluates. */
async function codeHash(): Promise<string> {
  const here = (name: string) => readFile(new URL(name, import.meta.url), "utf8");
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const names = ["evaluation", "seeds", "preregistration", "checkpoint"];
  return hashOf((await Promise.all(names.map((name) => here(`./${name}${extension}`)))).join("\n"));
}

/** Reads the files of an audited evaluation, with the key that lies beside them. */
export async function readFiles(
  out: string,
): Promise<{ files: AuditedFiles; publicKey: Uint8Array; rolloutsHash: string }> {
  const text = (name: string) => readFile(join(out, name), "utf8");
  const json = async (name: string) => JSON.parse(await text(name));
  const lines = async (name: string) => (await text(name)).split("\n").filter((line) => line !== "");
  const rollouts = await lines("rollouts.jsonl");
  return {
    publicKey: fromHex((await json("beacon.json")).publicKey),
    rolloutsHash: hashOf(`${rollouts.join("\n")}\n`),
    files: {
      plan: await json("plan.json"),
      log: await json("log.json"),
      pulses: (await lines("pulses.jsonl")).map(parsePulse),
      questions: await json("questions.json"),
      rollouts: rollouts.map((line) => JSON.parse(line)),
      results: await json("results.json"),
    },
  };
}

/** Options of {@link verifySession}. */
export interface VerifySessionOptions {
  /** The run, if rollouts shall be recomputed. */
  readonly run?: string;
  /** Default `"grpo"`. */
  readonly stage?: string;
  /** Rollouts to recompute. Default 10. */
  readonly checks?: number;
}

/** Verifies an audited evaluation: its files, and a sample of its rollouts where the run is there. */
export async function verifySession(
  out: string,
  { run, stage = "grpo", checks = 10 }: VerifySessionOptions = {},
): Promise<Finding[]> {
  const { files, publicKey, rolloutsHash } = await readFiles(out);
  const findings = await verifyFiles(files, publicKey, rolloutsHash);
  const pulse = auditPulse(files, rolloutsHash);
  if (run === undefined || !pulse) return findings;
  const folder = join(run, "checkpoints", stage);
  const weights = hashOf(await readFile(join(folder, "model.safetensors")));
  findings.push({
    check: "the weights are those of the plan",
    holds: weights === files.plan.weights,
    detail: weights.slice(0, 16),
  });
  const configuration = hashOf(await readFile(join(run, "run.json")));
  findings.push({
    check: "the configuration is that of the plan",
    holds: configuration === files.plan.configuration,
    detail: configuration.slice(0, 16),
  });
  const checkpoint = await openCheckpoint(folder);
  try {
    findings.push(await audit(files, { pulse, checks, rolloutsHash, sampler: checkpoint.sampler }));
  } finally {
    await checkpoint.dispose();
  }
  return findings;
}
