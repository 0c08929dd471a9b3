/** The door to training. What is behind it is loaded when somebody trains: most pages only encode. */
import type { Tokenizer } from "../tokenizer.ts";
import type { TrainOptions } from "./train_options.ts";

/**
 * Trains a byte-level BPE tokenizer, with the merges that Hugging Face's `BpeTrainer` would learn: ids are the special
 * tokens, the 256 bytes in the order of their characters, then the merges.
 *
 * Texts are read once and not kept; memory grows with the number of distinct words. A text is cut by itself: no word
 * reaches from one into the next. Special tokens within the texts are text.
 *
 * @param texts Texts, a stream of lines, say.
 * @param options The size, and how to cut.
 * @throws {TypeError} If an argument is missing or of the wrong kind: one text instead of a list of texts, say.
 * @throws {RangeError} If the size does not fit the special tokens and bytes, or a special token is empty or twice there.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const tokenizer = await trainBpe(["hug pug hug hugs bun"], { vocabSize: 260, specialTokens: ["<|end|>"] });
 * equal(tokenizer.vocabSize, 260);
 * equal(tokenizer.idToToken(257), "ug");
 * equal(tokenizer.idToToken(258), "hug");
 * ```
 */
export async function trainBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainOptions,
): Promise<Tokenizer> {
  const { train } = await import("./train.ts");
  return train(texts, options);
}
