/**
 * A text as hashes of its words, in one pass: everything downstream (classifier, near-duplicates, decontamination)
 * works on these, so a page is walked once.
 *
 * @module
 */

import { classify, classOf, IDEOGRAPH, lowerOf, SPACE, SYMBOL, WORD } from "./characters.ts";

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
    let wordCount = 0;
    let tokenCount = 0;
    let hash = FNV_OFFSET;
    let open = false;
    let symbol = -1;
    for (let at = 0; at < text.length; at++) {
      let unit = text.charCodeAt(at);
      let kind: number;
      const begin = at;
      if ((unit & 0xf800) === 0xd800) {
        const codePoint = text.codePointAt(at) as number;
        kind = classify(codePoint);
        if (codePoint > 0xffff) at++;
        unit = codePoint;
      } else {
        kind = classOf(unit);
        unit = lowerOf(unit);
      }
      if (kind === WORD) {
        if (!open) {
          open = true;
          hash = FNV_OFFSET;
          starts[wordCount] = begin;
        }
        hash = Math.imul(hash ^ unit, FNV_PRIME);
        continue;
      }
      if (open) {
        words[wordCount++] = hash;
        tokens[tokenCount++] = hash;
        open = false;
        symbol = -1;
      }
      if (kind === SPACE) symbol = -1;
      else if (kind === IDEOGRAPH) {
        starts[wordCount] = begin;
        hash = Math.imul(FNV_OFFSET ^ unit, FNV_PRIME);
        words[wordCount++] = hash;
        tokens[tokenCount++] = hash;
        symbol = -1;
      } else if (kind === SYMBOL && symbol !== unit) {
        symbol = unit;
        tokens[tokenCount++] = Math.imul(FNV_OFFSET ^ unit, FNV_PRIME);
      }
    }
    if (open) {
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
