/** Comparing run folders byte for byte. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stages } from "../recipe/configuration.ts";

/** What must not depend on how often a run was interrupted. Timings are only in the states and the report. */
const files: readonly string[] = [
  "metrics.jsonl",
  "tokenizer.json",
  "corpus/passages.jsonl",
  "corpus/report.json",
  "sft/tool_solutions.jsonl",
  "replay.jsonl",
  "reward-model/model.safetensors",
  "iteration/round-1/reward-model/model.safetensors",
  "iteration/round-2/reference/model.safetensors",
  "rejection/samples.jsonl",
  "rejection/accepted.jsonl",
  "rejection/report.json",
  ...stages.flatMap((stage) => [
    `evaluations/${stage}.json`,
    `evaluations/full/${stage}.json`,
    `checkpoints/${stage}/config.json`,
    `checkpoints/${stage}/model.safetensors`,
    `checkpoints/${stage}/tokenizer.json`,
  ]),
];

/** Fails unless both folders hold the same finished run, bit for bit. */
export async function assertSameRun(actual: string, expected: string): Promise<void> {
  for (const file of files) {
    const [a, b] = await Promise.all([actual, expected].map((folder) => readFile(join(folder, file))));
    assert.ok(a.equals(b), `${file} differs${file.endsWith("l") ? `:\n${a}\nexpected\n${b}` : ""}`);
  }
  assert.ok(existsSync(join(actual, "report.html")), "report.html");
}
