/** `tokenizer.json` files for tests. */
import { byteCharacters } from "../bpe/byte_characters.ts";

/** The part `ByteLevel` of a pre-tokenizer. */
export const byteLevel = (use_regex = false, add_prefix_space = false): Record<string, unknown> => ({
  type: "ByteLevel",
  add_prefix_space,
  trim_offsets: false,
  use_regex,
});

/** The part `Split`. */
export const split = (
  pattern: string | { String: string },
  behavior = "Isolated",
  invert = false,
): Record<string, unknown> => ({
  type: "Split",
  pattern: typeof pattern === "string" ? { Regex: pattern } : pattern,
  behavior,
  invert,
});

/** Several parts, one after the other. */
export const sequence = (...pretokenizers: unknown[]): Record<string, unknown> => ({ type: "Sequence", pretokenizers });

/** A whole file: bytes and a few merges, unless told otherwise. */
export function tokenizerJson(parts: Record<string, unknown> = {}): Record<string, unknown> {
  const merges = [
    "Ġ Ġ",
    "ĠĠ ĠĠ",
    "t h",
    "th e",
    "Ġ the",
    "1 2",
    "h e",
    "l l",
    "a a",
    "aa a",
    "ã ģ",
    "Ċ Ċ",
    "' s",
    "- -",
  ];
  const tokens = [...byteCharacters, ...merges.map((merge) => merge.replace(" ", ""))];
  const { model, ...others } = parts;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel(true),
    post_processor: null,
    decoder: byteLevel(),
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      ...(model as object),
    },
    ...others,
  };
}

/** An added token without wishes, special. */
export const addedToken = (id: number, content: string, wishes: object = {}): Record<string, unknown> => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...wishes,
});
