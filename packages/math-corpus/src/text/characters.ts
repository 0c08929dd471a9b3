/**
 * What each UTF-16 unit is to a word splitter, in a table that fills as it is asked.
 *
 * @module
 */

/** White space, and everything that shows nothing. */
export const SPACE = 0;
/** Letters, marks and digits: they join into words. */
export const WORD = 1;
/** Han, kana: scripts without spaces, in which each character is a word. */
export const IDEOGRAPH = 2;
/** Punctuation, operators, pictures: each is a token, none a word. */
export const SYMBOL = 3;
/** Half of a character beyond U+FFFF: ask `classify`. */
export const SURROGATE = 4;

const UNKNOWN = 255;
const word = /^[\p{L}\p{M}\p{N}]$/u;
const ideograph = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const space = /^[\s\p{C}\p{Z}]$/u;

/** For each unit its class, times 2¹⁶, and itself in lower case: one look for both. */
const table = new Uint32Array(2 ** 16).fill(UNKNOWN << 16);
for (let unit = 0; unit < 128; unit++) learn(unit);

/** The class of a code point. */
export function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (ideograph.test(character)) return IDEOGRAPH;
  if (word.test(character)) return WORD;
  return space.test(character) ? SPACE : SYMBOL;
}

function learn(unit: number): number {
  const small = String.fromCharCode(unit).toLowerCase();
  const kind = (unit & 0xf800) === 0xd800 ? SURROGATE : classify(unit);
  table[unit] = (kind << 16) | (small.length === 1 ? small.charCodeAt(0) : unit);
  return table[unit];
}

/** Class of a UTF-16 unit, times 2¹⁶, plus the unit in lower case, where that is one unit. */
export function lookUp(unit: number): number {
  const known = table[unit];
  return known >>> 16 === UNKNOWN ? learn(unit) : known;
}
