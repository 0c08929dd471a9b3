/** Reads tiktoken's files of ranks. */
import { byteCharacters, tokenOf } from "../bpe/byte_characters.ts";
import { PairTable } from "../bpe/pair_table.ts";
import { type PatternName, patterns } from "../split/patterns.ts";
import { preTokenizerOf } from "../split/pre_tokenizer.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { preTokenizerJson, specialToken } from "./to_json.ts";

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
 * tiktoken merges the two neighbours whose bytes together have the lowest rank; so every way to cut a token into two
 * tokens is a merge with the token's rank.
 *
 * @throws {RangeError} If a line cannot be read, or a byte has no rank.
 */
export function readTiktoken(text: string, { pattern, specialTokens = {} }: TiktokenOptions): Vocabulary {
  const ids = new Map<string, number>();
  let largest = 0;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const found = /^([A-Za-z0-9+/]+=*)\s+(\d{1,9})$/.exec(line);
    if (!found)
      throw new RangeError(
        `Cannot read ranks: line ${i + 1} must be a token in base64 and its rank, found ${JSON.stringify(line.slice(0, 40))}`,
      );
    const bytes = Uint8Array.from(atob(found[1]), (c) => c.charCodeAt(0));
    const id = Number(found[2]);
    ids.set(tokenOf(bytes), id);
    largest = Math.max(largest, id);
  }
  const lacking = byteCharacters.findIndex((character) => !ids.has(character));
  if (lacking >= 0) throw new RangeError(`Cannot read ranks: every byte must have one, found none for byte ${lacking}`);

  const pairs = new PairTable(
    Int32Array.from({ length: largest + 1 }, (_, id) => id),
    3 * ids.size,
  );
  for (const [token, id] of ids) {
    for (let i = 1; i < token.length; i++) {
      const left = ids.get(token.slice(0, i));
      if (left === undefined) continue;
      const right = ids.get(token.slice(i));
      if (right !== undefined) pairs.set(left, right, id);
    }
  }
  const sources = pattern in patterns ? patterns[pattern as PatternName] : [pattern];
  return {
    ids,
    pairs,
    ignoreMerges: true,
    added: Object.entries(specialTokens).map(([content, id]) => specialToken(content, id)),
    forms: [],
    preTokenizer: preTokenizerOf(sources, "fancy-regex"),
    frame: { before: [], after: [] },
    json: { normalizer: null, pre_tokenizer: preTokenizerJson(sources), post_processor: null },
  };
}
