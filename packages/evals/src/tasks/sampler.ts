/**
 * What an evaluation needs of a model: texts for prompts.
 *
 * @module
 */

/** One turn of a chat. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A text to go on with, or a chat to answer. */
export type Prompt = string | readonly ChatMessage[];

/** How a {@link Sampler} is to sample. */
export interface SamplerOptions {
  /** Answers for each prompt. */
  readonly samples: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly maxNewTokens: number;
  /** An answer ends before the first of these texts. */
  readonly stop: readonly string[];
  /** One for each prompt, from 0 to 2^31 − 1: the same for a problem whatever else is in the batch. */
  readonly seeds: readonly number[];
  readonly signal?: AbortSignal;
}

/**
 * Answers for a batch of prompts: `samples` texts for each, in order. Any model can be behind it: a policy of
 * `@gradus/transformer`, a pipeline of transformers.js, a server.
 */
export type Sampler = (
  prompts: readonly Prompt[],
  options: SamplerOptions,
) => Promise<readonly (readonly string[])[]> | readonly (readonly string[])[];

/** `text` up to the first of `stop`. */
export function cutAt(text: string, stop: readonly string[]): string {
  let end = text.length;
  for (const word of stop) {
    const at = text.indexOf(word);
    if (at >= 0 && at < end) end = at;
  }
  return text.slice(0, end);
}
