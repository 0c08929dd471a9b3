/** The door to training. What is behind it is loaded when somebody trains: most pages only encode. */
import type { PatternName } from "../split/patterns.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** How far training has come. */
export interface TrainingProgress {
  /** First words are counted, then merges are learnt. */
  phase: "counting" | "merging";
  /** UTF-16 code units read, or tokens in the vocabulary. */
  done: number;
  /** Tokens wanted; unknown while counting. */
  total?: number;
  /** Distinct words so far. */
  words: number;
}

/** Options of `trainBpe`. */
export interface TrainOptions {
  /** Tokens in the vocabulary: special tokens, 256 bytes and merges. Fewer come out where the texts have no more pairs. */
  vocabSize: number;
  /** Texts of special tokens; they have the ids from 0 on. Default none. */
  specialTokens?: readonly string[];
  /** How texts are cut into words: a name, or a regular expression in Oniguruma's syntax. Default `qwen2`. */
  pattern?: PatternName | (string & {});
  /** Called some ten times a second. */
  onProgress?: (progress: TrainingProgress) => void;
}

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
