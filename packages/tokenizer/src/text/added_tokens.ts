/**
 * Added tokens: texts that are found before anything else and become one id, `<|end|>` say.
 *
 * As in Hugging Face's `AddedVocabulary`: of those that start at the same place the longest; `single_word` wants no word
 * character at either side, `lstrip` and `rstrip` take the white space there with them; tokens with `normalized` are
 * looked for in the normalized text, after the others.
 */
import { escapeText } from "../split/split.ts";
import { isWordCharacter } from "../unicode/sets.ts";
import { type Form, normalize } from "./normalizer.ts";

/** A text with an id of its own, as in `added_tokens` of a `tokenizer.json`. */
export interface AddedToken {
  id: number;
  content: string;
  /** Only between non-word characters. */
  single_word: boolean;
  /** Takes white space before it along. */
  lstrip: boolean;
  /** Takes white space after it along. */
  rstrip: boolean;
  /** Looked for in the normalized text. */
  normalized: boolean;
  /** Whether `decode` can skip it. */
  special: boolean;
}

/** A piece of a text: the id of an added token, or -1. */
export type Found = (id: number, start: number, end: number) => void;

// JavaScript's \s has U+FEFF, Rust's U+0085.
const spaces = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/y;

/** Finds added tokens in texts. */
export class AddedTokens {
  readonly list: readonly AddedToken[];
  readonly #raw: Matcher | undefined;
  readonly #normalized: Matcher | undefined;

  constructor(list: readonly AddedToken[], forms: readonly Form[]) {
    this.list = list;
    const matcher = (tokens: [string, AddedToken][]): Matcher | undefined =>
      tokens.length ? new Matcher(tokens) : undefined;
    this.#raw = matcher(list.filter((token) => !token.normalized).map((token) => [token.content, token]));
    this.#normalized = matcher(
      list.filter((token) => token.normalized).map((token) => [normalize(token.content, forms), token]),
    );
  }

  /**
   * Goes through the text from left to right.
   *
   * @param normalized Whether the text is normalized: then only those with `normalized` are looked for, else the others.
   * @param parseSpecials Whether special tokens count.
   */
  split(text: string, normalized: boolean, parseSpecials: boolean, found: Found): void {
    const matcher = normalized ? this.#normalized : this.#raw;
    if (matcher) matcher.split(text, parseSpecials, found);
    else found(-1, 0, text.length);
  }
}

class Matcher {
  readonly #tokens: Map<string, AddedToken>;
  readonly #pattern: RegExp;
  /** What all begin with: quick to search for. */
  readonly #prefix: string;

  constructor(tokens: [string, AddedToken][]) {
    this.#tokens = new Map(tokens);
    const contents = [...this.#tokens.keys()];
    this.#prefix = contents.reduce((prefix, content) => {
      while (!content.startsWith(prefix)) prefix = prefix.slice(0, -1);
      return prefix;
    });
    // JavaScript takes the first alternative that matches, Rust the longest.
    contents.sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(contents.map(escapeText).join("|"), "g");
  }

  split(text: string, parseSpecials: boolean, found: Found): void {
    const pattern = this.#pattern;
    let done = 0;
    let search = text.indexOf(this.#prefix);
    while (search >= 0) {
      pattern.lastIndex = search;
      const match = pattern.exec(text);
      if (!match) break;
      let start = match.index;
      let end = start + match[0].length;
      search = end;
      const token = this.#tokens.get(match[0])!;
      if (token.special && !parseSpecials) continue;
      if (token.single_word && (isWord(text, start, -1) || isWord(text, end, 1))) continue;
      if (token.lstrip) start = Math.max(done, startOfSpaces(text, start));
      if (token.rstrip) {
        spaces.lastIndex = end;
        end += spaces.exec(text)![0].length;
      }
      if (done < start) found(-1, done, start);
      found(token.id, start, end);
      done = end;
    }
    if (done < text.length) found(-1, done, text.length);
  }
}

/** Whether there is a word character before (-1) or behind (1) a place: `\w` of Rust's `regex`, which has joiners. */
function isWord(text: string, place: number, direction: 1 | -1): boolean {
  const characters = [...(direction > 0 ? text.slice(place, place + 2) : text.slice(Math.max(0, place - 2), place))];
  const codePoint = characters.at(direction > 0 ? 0 : -1)?.codePointAt(0);
  return codePoint !== undefined && (codePoint === 0x200c || codePoint === 0x200d || isWordCharacter(codePoint));
}

function startOfSpaces(text: string, end: number): number {
  while (end > 0) {
    spaces.lastIndex = end - 1;
    if (spaces.exec(text)![0].length === 0) break;
    end--;
  }
  return end;
}
