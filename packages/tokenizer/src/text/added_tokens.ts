/**
 * Added tokens: texts that are found before anything else and become one id, `<|end|>` say.
 *
 * As in Hugging Face's `AddedVocabulary`: of those that start at the same place the longest; `single_word` wants no word
 * character at either side, `lstrip` and `rstrip` take the white space there with them; tokens with `normalized` are
 * looked for in the normalized text, after the others.
 */
import { escapeText } from "../split/split.ts";
import { wordCharacters } from "../unicode/sets.ts";
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

const space = /\p{White_Space}/uy;

/** Goes through a text from left to right; `parseSpecials` says whether special tokens count. */
export type Finder = (text: string, parseSpecials: boolean, found: Found) => void;

/** What finds the added tokens in a text: before it is normalized, and after. */
export function addedFinders(list: readonly AddedToken[], forms: readonly Form[]): [before: Finder, after: Finder] {
  const finder = (normalized: boolean): Finder =>
    findTokens(
      new Map(
        list
          .filter((token) => token.normalized === normalized)
          .map((token) => [normalize(token.content, normalized ? forms : []), token]),
      ),
    );
  return [finder(false), finder(true)];
}

function findTokens(tokens: ReadonlyMap<string, AddedToken>): Finder {
  if (tokens.size === 0) return (text, _parseSpecials, found) => found(-1, 0, text.length);
  const contents = [...tokens.keys()];
  // What all begin with: quick to search for.
  const common = contents.reduce((prefix, content) => {
    while (!content.startsWith(prefix)) prefix = prefix.slice(0, -1);
    return prefix;
  });
  // JavaScript takes the first alternative that matches, Rust the longest.
  contents.sort((a, b) => b.length - a.length);
  const pattern = new RegExp(contents.map(escapeText).join("|"), "g");
  // `\w` of Rust's `regex`, which has joiners.
  const word = [...tokens.values()].some((token) => token.single_word) && `[\\u200c\\u200d${wordCharacters(true)}]`;
  const afterWord = new RegExp(`(?<=${word})`, "vy");
  const beforeWord = new RegExp(`(?=${word})`, "vy");

  return (text, parseSpecials, found) => {
    let done = 0;
    let search = text.indexOf(common);
    while (search >= 0) {
      pattern.lastIndex = search;
      const match = pattern.exec(text);
      if (!match) break;
      let start = match.index;
      let end = start + match[0].length;
      search = end;
      const token = tokens.get(match[0])!;
      if (token.special && !parseSpecials) continue;
      if (token.single_word && (isAt(afterWord, text, start) || isAt(beforeWord, text, end))) continue;
      if (token.lstrip) {
        // The one before may have taken these spaces.
        start = Math.max(start, done);
        while (start > done && isAt(space, text, start - 1)) start--;
      }
      if (token.rstrip) while (isAt(space, text, end)) end++;
      if (done < start) found(-1, done, start);
      found(token.id, start, end);
      done = end;
    }
    if (done < text.length) found(-1, done, text.length);
  };
}

/** Whether a sticky pattern matches at a place. */
function isAt(pattern: RegExp, text: string, place: number): boolean {
  pattern.lastIndex = place;
  return pattern.test(text);
}
