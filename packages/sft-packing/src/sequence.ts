/**
 * A training example before packing, and how to make one from a prompt and its completion.
 *
 * @module
 */

import { checkTokens } from "./check.ts";

/** The label of a token that is not trained. */
export const IGNORE = -100;

/** One training example. */
export interface TokenSequence {
  readonly tokens: Int32Array;
  /**
   * `labels[i]` is `tokens[i]` where token i is to be learnt and −100 where it is not: *not* shifted, as Hugging Face's
   * data collators write them. {@link pack} shifts them. Default: every token is learnt.
   */
  readonly labels?: Int32Array;
}

/**
 * A sequence whose prompt is read but not learnt.
 *
 * @example
 * ```ts
 * promptCompletion([5, 6], [7, 8]); // { tokens: [5, 6, 7, 8], labels: [-100, -100, 7, 8] }
 * ```
 */
export function promptCompletion(prompt: ArrayLike<number>, completion: ArrayLike<number>): TokenSequence {
  checkTokens("prompt", prompt);
  checkTokens("completion", completion);
  const tokens = new Int32Array(prompt.length + completion.length);
  tokens.set(prompt);
  tokens.set(completion, prompt.length);
  return { tokens, labels: tokens.slice().fill(IGNORE, 0, prompt.length) };
}
