/** Reads tiktoken's files of ranks. */
import { byteCharacters } from "../bpe/byte_characters.ts";
import { mergeWord } from "../bpe/merge.ts";
import { NO_MERGE, PairTable } from "../bpe/pair_table.ts";
import { show } from "../check.ts";
import { type PatternName, sourcesOf } from "../split/patterns.ts";
import { preTokenizerOf } from "../split/pre_tokenizer.ts";
import { plainVocabulary, type Vocabulary } from "../vocabulary.ts";

/** What a `.tiktoken` file does not tell. */
export interface TiktokenOptions {
  /** How the text is cut into words: a name, or a regular expression in fancy-regex's syntax. */
  pattern: PatternName | (string & {});
  /** Ids by texts of special tokens; default none. */
  specialTokens?: Record<string, number>;
}

/**
 * Reads a `.tiktoken` file.
 *
 * tiktoken merges the two neighbours whose bytes together have the lowest rank. What happens within the bytes of a token
 * that comes about does not depend on what is around it, so its last merge is always that of the token encoded by
 * itself: one pair a token is all that encoding needs, where there are seven ways to cut one.
 *
 * @throws {TypeError} If an argument is missing or of the wrong kind.
 * @throws {RangeError} If a line cannot be read, or a byte has no rank.
 */
export function readTiktoken(text: string, options: TiktokenOptions): Vocabulary {
  const { pattern, specialTokens = {} }: Partial<TiktokenOptions> = options ?? {};
  const sources = sourcesOf(pattern as string);
  const ids = new Map<string, number>();
  let largest = 0;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const found = /^([A-Za-z0-9+/]+=*)\s+(\d{1,9})$/.exec(line);
    if (!found)
      throw new RangeError(
        `Cannot read ranks: line ${i + 1} must be a token in base64 and its rank, found ${show(line)}`,
      );
    const id = Number(found[2]);
    ids.set(Array.from(atob(found[1]), (c) => byteCharacters[c.charCodeAt(0)]).join(""), id);
    largest = Math.max(largest, id);
  }
  const lacking = byteCharacters.findIndex((character) => !ids.has(character));
  if (lacking >= 0) throw new RangeError(`Cannot read ranks: every byte must have one, found none for byte ${lacking}`);

  const pairs = new PairTable(
    Int32Array.from({ length: largest + 1 }, (_, id) => id),
    ids.size,
  );
  // Room for the longest token.
  const parts = new Int32Array(text.length);
  for (const [token, id] of [...ids].sort((a, b) => a[1] - b[1])) {
    if (token.length === 1) continue;
    // The last two parts of a token: merges of lower rank lead there, and they are in the table already.
    for (let i = 0; i < token.length; i++) parts[i] = ids.get(token[i])!;
    const pair = mergeWord(parts, 0, token.length, pairs) === 2 ? parts : lastPairByText(token, ids);
    if (pair) pairs.set(pair[0], pair[1], id);
  }
  const preTokenizer = preTokenizerOf(sources, "fancy-regex");
  return plainVocabulary({ ids, pairs, ignoreMerges: true, preTokenizer }, sources, Object.entries(specialTokens));
}

/** The last two parts of a token with any ranks, by the definition; nothing if merging never makes the token. */
function lastPairByText(token: string, ids: ReadonlyMap<string, number>): [number, number] | undefined {
  const parts = [...token];
  while (parts.length > 1) {
    let best = NO_MERGE;
    let at = 0;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ids.get(parts[i] + parts[i + 1]) ?? best;
      if (rank < best) [best, at] = [rank, i];
    }
    if (best === NO_MERGE) return undefined;
    if (parts.length === 2) return [ids.get(parts[0])!, ids.get(parts[1])!];
    parts.splice(at, 2, parts[at] + parts[at + 1]);
  }
  return undefined;
}
