/**
 * Sampling from a checkpoint as the recipe of examples/deepseek-math writes it, one question at a time: what else is sampled
 * cannot change an answer.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@gradus/tokenizer";
import { loadPolicy } from "@gradus/transformer";
import type { Sampler } from "./evaluation.ts";

/** A loaded checkpoint. */
export interface Checkpoint {
  readonly sampler: Sampler;
  dispose(): Promise<void>;
}

/** Loads a checkpoint's policy and tokenizer. Questions end with a line break, as in training. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const tokenizer = Tokenizer.fromJSON(await readFile(join(folder, "tokenizer.json"), "utf8"));
  const policy = await loadPolicy(folder, { device: "cpu", threads: 1 });
  const end = policy.config.eosToken;
  return {
    async sampler(question, seed, { temperature, maxNewTokens }) {
      const prompt = Int32Array.from(tokenizer.encode(`${question}\n`));
      const [{ tokens }] = await policy.sample([prompt], { seed, temperature, maxNewTokens });
      return tokenizer.decode([...tokens].filter((token) => token !== end));
    },
    async dispose() {
      await policy.dispose();
    },
  };
}
