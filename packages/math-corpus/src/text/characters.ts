/**
 * What each UTF-16 unit is to a word splitter, in tables that fill as they are asked.
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

const UNKNOWN = 255;
const word = /^[\p{L}\p{M}\p{N}]$/u;
const ideograph = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const space = /^[\s\p{C}\p{Z}]$/u;

const classes = new Uint8Array(2 ** 16).fill(UNKNOWN);
const lower = new Uint16Array(2 ** 16);
for (let unit = 0; unit < 128; unit++) learn(unit);

/** The class of a code point. */
export function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (ideograph.test(character)) return IDEOGRAPH;
  if (word.test(character)) return WORD;
  return space.test(character) ? SPACE : SYMBOL;
}

function learn(unit: number): number {
  const character = String.fromCharCode(unit);
  const small = character.toLowerCase();
  lower[unit] = small.length === 1 ? small.charCodeAt(0) : unit;
  classes[unit] = classify(unit);
  return classes[unit];
}

/** The class of a UTF-16 unit that is no surrogate. */
export function classOf(unit: number): number {
  const known = classes[unit];
  return known === UNKNOWN ? learn(unit) : known;
}

/** A UTF-16 unit in lower case, where that is one unit; ask `classOf` for its class first. */
export function lowerOf(unit: number): number {
  return lower[unit];
}
