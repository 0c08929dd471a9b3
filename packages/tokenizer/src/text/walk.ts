/** The way through a text: ids that are added, added tokens within it, and between them what is cut into words. */
import { check } from "../check.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { Finder } from "./added_tokens.ts";
import { normalize } from "./normalizer.ts";

/** Options of `encode` and its relatives. */
export interface EncodeOptions {
  /** Adds what the file's post-processor puts around a text, the token that begins a sequence, say. Default true. */
  addSpecialTokens?: boolean;
  /**
   * Whether the text of a special token becomes its id. Default true, as in Hugging Face's libraries; false for input that
   * must not forge the end of a turn.
   */
  parseSpecials?: boolean;
}

/**
 * A stretch of the text: an id, or -1 for `part.slice(from, to)`, which is to be cut into words. `part` is `original`
 * normalized, and `original` is where `start` says.
 */
export type Stretch = (id: number, part: string, from: number, to: number, original: string, start: number) => void;

/** Calls back with each stretch, from left to right. */
export function walk(
  { forms, frame }: Vocabulary,
  [before, after]: readonly [before: Finder, after: Finder],
  text: string,
  { addSpecialTokens = true, parseSpecials = true }: EncodeOptions,
  found: Stretch,
): void {
  check("encode", "text", text, "a string");
  const add = (ids: readonly number[]): void => {
    if (addSpecialTokens) for (const id of ids) found(id, "", 0, 0, "", 0);
  };
  add(frame.before);
  before(text, parseSpecials, (id, start, end) => {
    if (id >= 0) return found(id, text, start, end, text, 0);
    const original = text.slice(start, end);
    const part = normalize(original, forms);
    after(part, parseSpecials, (inner, from, to) => found(inner, part, from, to, original, start));
  });
  add(frame.after);
}
