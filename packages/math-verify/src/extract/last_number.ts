/**
 * Numbers in prose.
 *
 * @module
 */

const digits = String.raw`(?:\d{1,3}(?:,\d{3})+(?![\d])|\d{1,3}(?: \d{3})+(?![\d])|\d+)`;
const pattern = new RegExp(
  String.raw`(?<![\w.,^])(?:(?<![\w)}\]])[-−+])?[$€£]?\s?(?:${digits}(?:[.,]\d+)?|\.\d+)(?:\s?\/\s?\d+(?![\d/]))?\s?(?:%|percent\b|\\%)?`,
  "g",
);

/** All numbers in `text` as written, with sign and percent; not those inside of words (`X2`). */
export function findNumbers(text: string): string[] {
  return (text.match(pattern) ?? []).map((number) => number.trim().replace(/^([-−+]?)[$€£]\s?/, "$1"));
}
