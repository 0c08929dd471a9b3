/**
 * What each character is to a word splitter, in a table that fills as it is asked.
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

/** An entry is a class, shifted by so many bits, and the character in lower case: one look for both. */
export const KIND_SHIFT = 21;
/** The part of an entry that is the character. */
export const POINT_MASK: number = 2 ** KIND_SHIFT - 1;

const UNKNOWN = 255;
const word = /^[\p{L}\p{M}\p{N}]$/u;
const ideograph = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const space = /^[\s\p{C}\p{Z}]$/u;

const table = new Uint32Array(2 ** 16).fill(UNKNOWN << KIND_SHIFT);
for (let point = 0; point < 128; point++) learn(point);

/** The class of a code point. */
function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (ideograph.test(character)) return IDEOGRAPH;
  if (word.test(character)) return WORD;
  return space.test(character) ? SPACE : SYMBOL;
}

function learn(point: number): number {
  const small = String.fromCharCode(point).toLowerCase();
  table[point] = (classify(point) << KIND_SHIFT) | (small.length === 1 ? small.charCodeAt(0) : point);
  return table[point];
}

/** The entry of a character up to U+FFFF. Lower case is taken where that is one UTF-16 unit. */
export function lookUp(point: number): number {
  const known = table[point];
  return known >>> KIND_SHIFT === UNKNOWN ? learn(point) : known;
}

/** The entry of any character; those beyond U+FFFF are rare, and stay in the case that they have. */
export function lookUpPoint(point: number): number {
  return point < 2 ** 16 ? lookUp(point) : (classify(point) << KIND_SHIFT) | point;
}
