/**
 * A text as hashes of its words, in one pass: everything downstream (classifier, near-duplicates, decontamination)
 * works on these, so a page is walked once.
 *
 * @module
 */

import { classify, IDEOGRAPH, lookUp, SPACE, SURROGATE, WORD } from "./characters.ts";

/** The words of a text. The arrays are reused by the next call of the reader that made them. */
export interface Words {
  /** Hashes of the words: runs of letters, marks and digits in lower case; each Chinese or Japanese character is one. */
  readonly words: Int32Array;
  /** Where each word begins in the text, in UTF-16 units. */
  readonly starts: Int32Array;
  /** The words and, between them, the symbols; a symbol that repeats at once counts once. */
  readonly tokens: Int32Array;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * A function that reads texts into hashes: FNV-1a (32 bits) over the UTF-16 units of each word in lower case.
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
export function wordReader(): (text: string) => Words {
  let words = new Int32Array(1024);
  let starts = new Int32Array(1024);
  let tokens = new Int32Array(1024);
  return (text) => {
    // No text has more tokens than units, so the loop needs no checks.
    if (words.length < text.length) {
      const room = Math.max(text.length, 2 * words.length);
      words = new Int32Array(room);
      starts = new Int32Array(room);
      tokens = new Int32Array(room);
    }
    const { length } = text;
    let wordCount = 0;
    let tokenCount = 0;
    let symbol = -1;
    let at = 0;
    while (at < length) {
      const begin = at;
      let entry = lookUp(text.charCodeAt(at++));
      let kind = entry >>> 16;
      let unit = entry & 0xffff;
      if (kind === SURROGATE) {
        unit = text.codePointAt(begin) as number;
        kind = classify(unit);
        if (unit > 0xffff) at++;
      }
      if (kind === SPACE) {
        symbol = -1;
        continue;
      }
      let hash = Math.imul(FNV_OFFSET ^ unit, FNV_PRIME);
      if (kind === WORD) {
        while (at < length) {
          entry = lookUp(text.charCodeAt(at));
          kind = entry >>> 16;
          unit = entry & 0xffff;
          if (kind === SURROGATE) {
            unit = text.codePointAt(at) as number;
            kind = classify(unit);
            if (kind === WORD && unit > 0xffff) at++;
          }
          if (kind !== WORD) break;
          hash = Math.imul(hash ^ unit, FNV_PRIME);
          at++;
        }
      } else if (kind !== IDEOGRAPH) {
        if (symbol !== unit) tokens[tokenCount++] = hash;
        symbol = unit;
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
