/**
 * Numbers in prose.
 *
 * @module
 */

import { isUnit, MAGNITUDE } from "../structure/units.ts";

/** A number in prose. */
export interface ProseNumber {
  /** As it is written, with sign, percent and "million", without currency. */
  readonly text: string;
  /** With its currency or unit. */
  readonly quantity: string;
}

const digits = String.raw`(?:\d{1,3}(?:,\d{3})+(?![\d])|\d{1,3}(?: \d{3})+(?![\d])|\d+)`;
const pattern = new RegExp(
  String.raw`(?<![\w.,^])(?:(?<![\w)}\]])[-−+])?[$€£¥₹]?\s?(?:${digits}(?:[.,]\d+)?|\.\d+)(?:\s?\/\s?\d+(?![\d/]))?\s?(?:%|percent\b|\\%|(?:${MAGNITUDE}\b\s?)+)?`,
  "g",
);

/** All numbers in `text` as written, with sign and percent; not those inside of words (`X2`). */
export function findNumbers(text: string): ProseNumber[] {
  return [...text.matchAll(pattern)].map((match) => {
    const whole = match[0].trim();
    const rest = text.slice(match.index + match[0].length, match.index + match[0].length + 24);
    return { text: whole.replace(/^([-−+]?)[$€£¥₹]\s?/, "$1"), quantity: whole + unitAt(rest) };
  });
}

/** The unit or currency at the start of `rest`. "in" is more often a word. */
export function unitAt(rest: string): string {
  const match = /^\s?(?:[€£¥₹]|([a-zA-Z]+))/.exec(rest);
  if (!match) return "";
  const [text, word] = match;
  if (word === undefined) return text;
  return word !== "in" && isUnit(word) ? ` ${word}` : "";
}
