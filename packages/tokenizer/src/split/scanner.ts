/**
 * Scanners: the splitting patterns that models in use have, written by hand. A regular expression costs ten times as
 * much, and the runtime's Unicode tables are not Rust's. Each is compared with its pattern in `scanner_test.ts`.
 */
import { CASELESS, LETTER, LOWER, MARK, NUMBER, OTHER, peek, runOf, SPACE, SYMBOL, UPPER } from "../unicode/classes.ts";

/** The end of the word that begins at byte `i` of valid UTF-8, `i < end`. */
export type Scanner = (bytes: Uint8Array, i: number, end: number) => number;

/** What is no letter, number or white space. */
const REST = SYMBOL | MARK | OTHER;
const APOSTROPHE = 0x27;
const SPACE_BYTE = 0x20;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SLASH = 0x2f;

/** Whether the byte is a line feed or a carriage return. */
export function isNewline(byte: number): boolean {
  return byte === LINE_FEED || byte === RETURN;
}

/** The end of `'s|'t|'re|'ve|'m|'ll|'d` at `i`, or -1. `(?i:…)` also takes ſ, which folds to s. */
export function contraction(bytes: Uint8Array, i: number, end: number, ignoreCase: boolean): number {
  if (bytes[i] !== APOSTROPHE || i + 1 >= end) return -1;
  const fold = ignoreCase ? 0x20 : 0;
  const a = bytes[i + 1];
  const b = i + 2 < end ? bytes[i + 2] : 0;
  switch (a | fold) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return i + 2;
    case 0x72: // re
    case 0x76: // ve
      return (b | fold) === 0x65 ? i + 3 : -1;
    case 0x6c: // ll
      return (b | fold) === 0x6c ? i + 3 : -1;
  }
  return ignoreCase && a === 0xc5 && b === 0xbf ? i + 3 : -1;
}

/** `\s+(?!\S)|\s+` at white space; with `newlines`, `\s*[\r\n]+` before them. `stop` ends the text where it is true. */
export function whitespace(
  bytes: Uint8Array,
  i: number,
  end: number,
  newlines: boolean,
  stop?: (bytes: Uint8Array, i: number) => boolean,
): number {
  let last = i;
  let next = i;
  let afterNewline = -1;
  while (next < end) {
    const c = peek(bytes, next);
    if (!(c & SPACE)) break;
    last = next;
    next += c >> 8;
    if (isNewline(bytes[last])) afterNewline = next;
  }
  if (newlines && afterNewline >= 0) return afterNewline;
  if (next === end || last === i || stop?.(bytes, next)) return next;
  return last;
}

/** At most `limit` numbers. */
function numbers(bytes: Uint8Array, i: number, end: number, limit: number): number {
  for (let count = 0; count < limit && i < end; count++) {
    const c = peek(bytes, i);
    if (!(c & NUMBER)) break;
    i += c >> 8;
  }
  return i;
}

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
export const scanGpt2: Scanner = (bytes, i, end) => {
  const b = bytes[i];
  if (b === APOSTROPHE) {
    const short = contraction(bytes, i, end, false);
    if (short >= 0) return short;
  }
  const start = b === SPACE_BYTE && i + 1 < end ? i + 1 : i;
  const c = peek(bytes, start);
  if (c & SPACE) return whitespace(bytes, i, end, false);
  const mask = c & LETTER ? LETTER : c & NUMBER ? NUMBER : REST;
  return runOf(bytes, start + (c >> 8), end, mask);
};

/**
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
 * with `digits` for the 3.
 */
export function cl100kScanner(digits: number): Scanner {
  return (bytes, i, end) => {
    const b = bytes[i];
    const c = peek(bytes, i);
    const after = i + (c >> 8);
    if (c & LETTER) return runOf(bytes, after, end, LETTER);
    if (c & NUMBER) return numbers(bytes, after, end, digits - 1);
    if (b === APOSTROPHE) {
      const short = contraction(bytes, i, end, true);
      if (short >= 0) return short;
    }
    if (after < end && !isNewline(b)) {
      const next = peek(bytes, after);
      if (next & LETTER) return runOf(bytes, after + (next >> 8), end, LETTER);
    }
    return symbolsOrSpace(bytes, i, end, false);
  };
}

/** ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`; with `slashes`, `[\r\n/]*`. */
function symbolsOrSpace(bytes: Uint8Array, i: number, end: number, slashes: boolean): number {
  const start = bytes[i] === SPACE_BYTE && i + 1 < end ? i + 1 : i;
  if (peek(bytes, start) & REST) {
    let next = runOf(bytes, start, end, REST);
    while (next < end && (isNewline(bytes[next]) || (slashes && bytes[next] === SLASH))) next++;
    return next;
  }
  return whitespace(bytes, i, end, true);
}

/** o200k's words end where a capital begins; see the pattern in `patterns.ts`. */
export const scanO200k: Scanner = (bytes, i, end) => {
  const c = peek(bytes, i);
  const after = i + (c >> 8);
  if (c & NUMBER) return numbers(bytes, after, end, 2);
  const prefixed = !(c & LETTER) && !isNewline(bytes[i]);
  let next = prefixed ? capitalised(bytes, after, end) : -1;
  if (next < 0) next = capitalised(bytes, i, end);
  if (next < 0) next = capitals(bytes, prefixed ? after : i, end);
  if (next < 0) return symbolsOrSpace(bytes, i, end, true);
  const short = next < end ? contraction(bytes, next, end, true) : -1;
  return short >= 0 ? short : next;
};

/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` at `i`, or -1. */
function capitalised(bytes: Uint8Array, i: number, end: number): number {
  // Where no lower-case letter follows, the first class gives back letters until one belongs to both.
  let lastCaseless = -1;
  while (i < end) {
    const c = peek(bytes, i);
    if (c & LOWER) return runOf(bytes, i, end, LOWER | CASELESS | MARK);
    if (!(c & (LETTER | MARK))) break;
    i += c >> 8;
    if (c & (CASELESS | MARK)) lastCaseless = i;
  }
  return lastCaseless;
}

/** `[\p{Lu}\p{Lt}]+` at `i`, or -1. */
function capitals(bytes: Uint8Array, i: number, end: number): number {
  const next = runOf(bytes, i, end, UPPER);
  return next > i ? next : -1;
}

/** `[一-龥぀-ゟ゠-ヿ]`: U+4E00–9FA5 and U+3040–30FF. */
function isHanOrKana(bytes: Uint8Array, i: number): boolean {
  const b = bytes[i];
  if (b < 0xe3 || b > 0xe9) return false;
  const character = (b << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
  return (character >= 0xe4b880 && character <= 0xe9bea5) || (character >= 0xe38180 && character <= 0xe383bf);
}

/** Numbers, Han and kana have been split off before the last pattern of DeepSeek's: it sees the text end there. */
const isDeepSeekStop = (bytes: Uint8Array, i: number): boolean =>
  isHanOrKana(bytes, i) || (peek(bytes, i) & NUMBER) !== 0;

/** `runOf`, as long as Han and kana follow Han and kana, others others. */
function runWithin(bytes: Uint8Array, i: number, end: number, mask: number, han: boolean): number {
  while (i < end) {
    const c = peek(bytes, i);
    if (!(c & mask) || isHanOrKana(bytes, i) !== han) break;
    i += c >> 8;
  }
  return i;
}

const isAsciiLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

/**
 * DeepSeek-V3's three splits, one after the other, in one; see the patterns in `patterns.ts`. The last cuts the pieces of
 * the two before: for it the text ends where Han and kana, or numbers, begin or end.
 */
export const scanDeepSeek3: Scanner = (bytes, i, end) => {
  const b = bytes[i];
  const c = peek(bytes, i);
  let after = i + (c >> 8);
  if (c & NUMBER) return numbers(bytes, after, end, 2);
  const han = isHanOrKana(bytes, i);
  if (c & (LETTER | MARK)) return runWithin(bytes, after, end, LETTER | MARK, han);
  if (b < 0x80 && c & SYMBOL && after < end && isAsciiLetter(bytes[after])) {
    while (after < end && isAsciiLetter(bytes[after])) after++;
    return after;
  }
  const isWord = (at: number): boolean =>
    at < end && (peek(bytes, at) & (LETTER | MARK)) !== 0 && isHanOrKana(bytes, at) === han;
  if (!(c & SYMBOL) && !isNewline(b) && isWord(after)) return runWithin(bytes, after, end, LETTER | MARK, han);
  const start = b === SPACE_BYTE && after < end && !isHanOrKana(bytes, after) ? after : i;
  if (peek(bytes, start) & SYMBOL) {
    let next = runWithin(bytes, start, end, SYMBOL, han);
    while (!han && next < end && isNewline(bytes[next])) next++;
    return next;
  }
  if (c & SPACE) return whitespace(bytes, i, end, true, isDeepSeekStop);
  // What no alternative matches stays together up to the next that one does.
  while (after < end && peek(bytes, after) & OTHER && isHanOrKana(bytes, after) === han) {
    const next = after + (peek(bytes, after) >> 8);
    if (isWord(next)) break;
    after = next;
  }
  return after;
};
