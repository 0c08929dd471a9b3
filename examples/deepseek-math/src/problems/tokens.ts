/**
 * Problems as token ids: the bytes of their UTF-8 text, and 0 at the end. One training sequence is
 * `question ⏎ solution ⓪`; a prompt is `question ⏎`.
 *
 * @module
 */

import { parseExpression, print } from "./expression.ts";

/** Every byte is a token. */
export const vocabularySize: number = 256;

/** Ends a solution; no text contains it. */
export const endToken: number = 0;

/**
 * The token ids of a text.
 *
 * @example
 * ```ts
 * encode("4*7"); // [52, 42, 55]
 * ```
 */
export function encode(text: string): Int32Array {
  return Int32Array.from(new TextEncoder().encode(text));
}

/** The text of token ids, up to the first end token. Bytes that are no UTF-8 become `�`. */
export function decode(tokens: ArrayLike<number>): string {
  const bytes = Uint8Array.from(tokens);
  const end = bytes.indexOf(endToken);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The tokens a model is asked to continue: the question and a line break. */
export function encodePrompt(question: string): Int32Array {
  return encode(`${question}\n`);
}

/** The tokens it should continue with: the solution and the end token. */
export function encodeSolution(solution: string): Int32Array {
  return encode(`${solution}\0`);
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
