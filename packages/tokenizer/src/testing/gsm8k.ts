/** GSM8K, where the data sets lie beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Questions and answers of a part; `undefined` where the data are absent. */
export function readGsm8k(part: "train" | "test"): string[] | undefined {
  const file = fileURLToPath(new URL(`../../../../../shared/data/gsm8k/${part}.jsonl`, import.meta.url));
  if (!existsSync(file)) return undefined;
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const { question, answer } = JSON.parse(line) as { question: string; answer: string };
      return [question, answer];
    });
}

/** Why a test was skipped. */
export const noGsm8k = "GSM8K is not there (shared/data beside the repository)";
