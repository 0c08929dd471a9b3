/**
 * Models of transformers.js.
 *
 * @module
 */

import { cutAt, type Prompt, type Sampler } from "./sampler.ts";

/** A text-generation pipeline of `@huggingface/transformers` or `@xenova/transformers`, as far as it is used here. */
export type TextGeneration = (
  prompt: never,
  options: {
    max_new_tokens: number;
    do_sample: boolean;
    temperature: number;
    top_p: number;
    top_k: number;
    return_full_text: boolean;
  },
) => Promise<unknown>;

/**
 * A {@link Sampler} from a text-generation pipeline: one call for each answer. Pipelines take no seed, so sampled answers
 * cannot be had again.
 *
 * @throws {TypeError} from the sampler: the pipeline gave something else than generated text.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const parrot = async (prompt: string) => [{ generated_text: `${prompt}!` }];
 * const sample = pipelineSampler(parrot);
 * const options = { samples: 1, temperature: 0, topP: 1, maxNewTokens: 8, stop: [], seeds: [0] };
 * assert.deepEqual(await sample(["1 + 1 ="], options), [["!"]]);
 * ```
 */
export function pipelineSampler(generate: TextGeneration): Sampler {
  return async (prompts, { samples, temperature, topP, maxNewTokens, stop, signal }) => {
    const answers: string[][] = [];
    for (const prompt of prompts) {
      const texts: string[] = [];
      while (texts.length < samples) {
        signal?.throwIfAborted();
        const output = await generate(prompt as never, {
          max_new_tokens: maxNewTokens,
          do_sample: temperature > 0,
          temperature: temperature || 1,
          top_p: topP,
          top_k: 0,
          return_full_text: false,
        });
        texts.push(cutAt(generatedText(output, prompt), stop));
      }
      answers.push(texts);
    }
    return answers;
  };
}

/** The new text: the last message of a chat, or what follows the prompt where the pipeline repeats it. */
function generatedText(output: unknown, prompt: Prompt): string {
  const first = (Array.isArray(output) ? output[0] : output) as { generated_text?: unknown } | undefined;
  let text = first?.generated_text;
  if (Array.isArray(text)) text = (text.at(-1) as { content?: unknown } | undefined)?.content;
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot read the pipeline's output: expected generated_text, found ${JSON.stringify(output)?.slice(0, 200)}`,
    );
  }
  return typeof prompt === "string" && text.startsWith(prompt) ? text.slice(prompt.length) : text;
}
