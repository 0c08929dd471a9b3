/**
 * Asking a trained policy.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadPolicy } from "@gradus/transformer";
import { normalizeQuestion, ProblemTokens } from "../problems/tokens.ts";
import { extractAnswer } from "../verify.ts";
import { stageLabels, stages } from "./configuration.ts";
import type { RunDirectory } from "./run_directory.ts";

/** What came back: the reasoning, and the answer if there is one. */
export interface Answer {
  readonly question: string;
  readonly solution: string;
  readonly answer?: string;
  /** Label of the stage whose checkpoint answered. */
  readonly stage: string;
}

/**
 * Answers greedily with the newest checkpoint of a run.
 *
 * @throws {RangeError} When the question is empty, or too long for the model to read.
 */
export async function ask(
  directory: RunDirectory,
  question: string,
  { device, threads, maxNewTokens = 224 }: { device: "cpu" | "webgpu"; threads?: number; maxNewTokens?: number },
): Promise<Answer> {
  const stage = [...stages].reverse().find((candidate) => existsSync(directory.checkpoint(candidate)));
  if (!stage) throw new Error(`Cannot ask: there is no checkpoint in ${directory.path}; train one with "npm start"`);
  const normalized = normalizeQuestion(question);
  if (normalized === "") throw new RangeError("Cannot ask: the question is empty");
  const checkpoint = directory.checkpoint(stage);
  const codec = ProblemTokens.fromJSON(await readFile(join(checkpoint, "tokenizer.json"), "utf8"));
  const prompt = codec.encodePrompt(normalized);
  const policy = await loadPolicy(checkpoint, { device, threads });
  try {
    const { maxPositions } = policy.config;
    if (prompt.length >= maxPositions)
      throw new RangeError(
        `Cannot ask: the question has ${prompt.length - 1} tokens, the model reads at most ${maxPositions - 2}`,
      );
    const [{ tokens }] = await policy.sample([prompt], { maxNewTokens, temperature: 0, seed: 0 });
    const solution = codec.decode(tokens);
    return { question: normalized, solution, answer: extractAnswer(solution), stage: stageLabels[stage] };
  } finally {
    await policy.dispose();
  }
}
