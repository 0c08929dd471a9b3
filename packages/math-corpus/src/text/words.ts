/**
 * A text as hashes of its words, in one pass: everything downstream (classifier, near-duplicates, decontamination)
 * works on these, so a page is walked once.
 *
 * @module
 */

import { IDEOGRAPH, KIND_SHIFT, lookUp, lookUpPoint, POINT_MASK, SPACE, WORD } from "./characters.ts";

/** The words of a text. The arrays are reused by the next call of the reader that made them. */
export interface Words {
  /** Hashes of the words: runs of letters, marks and digits in lower case; each Chinese or Japanese character is one. */
  readonly words: Int32Array;
  /** Where each word begins in the text, in UTF-16 units of the string that it is or stands for. */
  readonly starts: Int32Array;
  /** The words and, between them, the symbols; a symbol that repeats at once counts once. */
  readonly tokens: Int32Array;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * A function that reads texts, as strings or in UTF-8, into hashes: FNV-1a (32 bits) over the code points of each word in
 * lower case. Pages come as bytes and most of them are dropped, so that no string is made of those.
 *
 * @example
 * ```ts
 * const read = wordReader();
 * const { words, tokens } = read("Let x = x.");
 * words.length; // 3: let, x, x
 * tokens.length; // 5: let, x, =, x, .
 * words[1] === words[2]; // true
 * ```
 */
export function wordReader(): (text: string | Uint8Array) => Words {
  let room = { words: new Int32Array(1024), starts: new Int32Array(1024), tokens: new Int32Array(1024) };
  let encoded = new Uint8Array(1024);
  return (text) => {
    let length: number;
    let bytes: Uint8Array = encoded;
    if (typeof text === "string") {
      if (encoded.length < 3 * text.length) encoded = new Uint8Array(Math.max(3 * text.length, 2 * encoded.length));
      bytes = encoded;
      length = encoder.encodeInto(text, encoded).written;
    } else {
      bytes = text;
      length = text.length;
    }
    // No text has more tokens than bytes, so the loop needs no checks.
    if (room.words.length < length) {
      const most = Math.max(length, 2 * room.words.length);
      room = { words: new Int32Array(most), starts: new Int32Array(most), tokens: new Int32Array(most) };
    }
    const { words, starts, tokens } = room;
    let wordCount = 0;
    let tokenCount = 0;
    let symbol = -1;
    let at = 0;
    /** Bytes before `at`, less the UTF-16 units that they are. */
    let shift = 0;
    while (at < length) {
      const begin = at - shift;
      const byte = bytes[at];
      let entry: number;
      if (byte < 0x80) {
        entry = lookUp(byte);
        at++;
      } else {
        const size = sizeAt(bytes, at, length);
        entry = lookUpPoint(pointAt(bytes, at, size));
        at += size;
        shift += size === 4 ? 2 : size - 1;
      }
      let kind = entry >>> KIND_SHIFT;
      if (kind === SPACE) {
        symbol = -1;
        continue;
      }
      let hash = Math.imul(FNV_OFFSET ^ (entry & POINT_MASK), FNV_PRIME);
      if (kind === WORD) {
        while (at < length) {
          const next = bytes[at];
          if (next < 0x80) {
            entry = lookUp(next);
            if (entry >>> KIND_SHIFT !== WORD) break;
            at++;
          } else {
            const size = sizeAt(bytes, at, length);
            entry = lookUpPoint(pointAt(bytes, at, size));
            if (entry >>> KIND_SHIFT !== WORD) break;
            at += size;
            shift += size === 4 ? 2 : size - 1;
          }
          hash = Math.imul(hash ^ (entry & POINT_MASK), FNV_PRIME);
        }
      } else if (kind !== IDEOGRAPH) {
        kind = entry & POINT_MASK;
        if (symbol !== kind) tokens[tokenCount++] = hash;
        symbol = kind;
        continue;
      }
      symbol = -1;
      starts[wordCount] = begin;
      words[wordCount++] = hash;
      tokens[tokenCount++] = hash;
    }
    return {
      words: words.subarray(0, wordCount),
      starts: starts.subarray(0, wordCount),
      tokens: tokens.subarray(0, tokenCount),
    };
  };
}

const encoder = new TextEncoder();

/** Bytes of the character at `at`: 1 where the bytes are no UTF-8. */
function sizeAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  const size = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (first >= 0xf5 || at + size > end) return 1;
  for (let i = 1; i < size; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 1;
  return size;
}

/** The code point of a character that takes `size` bytes; U+FFFD for one that is none. */
function pointAt(bytes: Uint8Array, at: number, size: number): number {
  const first = bytes[at];
  if (size === 2) return ((first & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
  if (size === 3) return ((first & 0x0f) << 12) | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f);
  if (size === 1) return 0xfffd;
  const upper = ((first & 0x07) << 18) | ((bytes[at + 1] & 0x3f) << 12);
  return Math.min(0x10ffff, upper | ((bytes[at + 2] & 0x3f) << 6) | (bytes[at + 3] & 0x3f));
}

/**
 * The words themselves, as `wordReader` hashes them: for people, and the twin that tests compare with.
 *
 * @example
 * ```ts
 * splitWords("Für x₁: 求解 f(x)"); // ["für", "x₁", "求", "解", "f", "x"]
 * ```
 */
export function splitWords(text: string): string[] {
  const pattern =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}\p{N}])+/gu;
  return (text.match(pattern) ?? []).map((word) => Array.from(word, lowerCharacter).join(""));
}

/** Lower case where that is one unit and the character is one: what the tables know. */
function lowerCharacter(character: string): string {
  const small = character.toLowerCase();
  return character.length === 1 && small.length === 1 ? small : character;
}

/** The hash of one word, as in `Words`. */
export function hashWord(word: string): number {
  let hash = FNV_OFFSET;
  for (const character of word) hash = Math.imul(hash ^ (character.codePointAt(0) as number), FNV_PRIME);
  return hash;
}
