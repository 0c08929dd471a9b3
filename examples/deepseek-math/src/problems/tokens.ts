/**
 * Problems as token ids: the bytes of their UTF-8 text, and an end token. One training sequence is
 * `question ⏎ solution ⟨end⟩`; a prompt is `question ⏎`.
 *
 * @module
 */

import { ByteTokenizer } from "@gradus/transformer";
import { parseExpression, print } from "./expression.ts";

const tokenizer = new ByteTokenizer();

/** Every byte is a token, and there are two special ones. */
export const vocabularySize: number = tokenizer.vocabSize;

/** Ends a solution; no text contains it. */
export const endToken: number = tokenizer.endToken;

/** What a checkpoint carries, so that other programs read and write the same tokens. */
export function tokenizerFiles(maxPositions: number): Record<string, string> {
  const json = (content: unknown) => `${JSON.stringify(content, null, 2)}\n`;
  return {
    "tokenizer.json": json(tokenizer.toJSON()),
    "tokenizer_config.json": json(tokenizer.toConfigJSON({ maxPositions })),
  };
}

/**
 * The token ids of a text.
 *
 * @example
 * ```ts
 * encode("4*7"); // [52, 42, 55]
 * ```
 */
export function encode(text: string): Int32Array {
  return tokenizer.encode(text);
}

/** The text of token ids, up to the first end token. Bytes that are no UTF-8 become `�`. */
export function decode(tokens: ArrayLike<number>): string {
  const ids = Array.from(tokens);
  const end = ids.indexOf(endToken);
  return tokenizer.decode(end < 0 ? ids : ids.slice(0, end));
}

/** The tokens a model is asked to continue: the question and a line break. */
export function encodePrompt(question: string): Int32Array {
  return encode(`${question}\n`);
}

/** The tokens it should continue with: the solution and the end token. */
export function encodeSolution(solution: string): Int32Array {
  return Int32Array.of(...encode(solution), endToken);
}

/**
 * A question as the training text would write it: an expression without spaces and needless parentheses, other text
 * with single spaces.
 *
 * @example
 * ```ts
 * normalizeQuestion(" 17 × (23) "); // "17*23"
 * ```
 */
export function normalizeQuestion(question: string): string {
  const plain = question
    .replaceAll("\0", "")
    .trim()
    .replace(/\s+/g, " ")
    .replace(/\s*=\s*\??$/, "");
  try {
    return print(parseExpression(plain));
  } catch {
    return plain;
  }
}
