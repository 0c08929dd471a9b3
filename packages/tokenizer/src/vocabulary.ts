/** All that a tokenizer knows; read from a file or trained. */
import type { BpeModel } from "./bpe/encoder.ts";
import type { PreTokenizer } from "./split/pre_tokenizer.ts";
import type { AddedToken } from "./text/added_tokens.ts";
import type { Form } from "./text/normalizer.ts";
import type { Frame } from "./text/post_processor.ts";

/** The parts of a tokenizer. */
export interface Vocabulary extends BpeModel {
  added: AddedToken[];
  forms: Form[];
  preTokenizer: PreTokenizer;
  frame: Frame;
  /** What `toJSON` writes besides the model and the added tokens. */
  json: { normalizer: unknown; pre_tokenizer: unknown; post_processor: unknown };
}

/** One without normalizer and post-processor, whose words are those of the patterns `sources`. */
export function plainVocabulary(
  model: Pick<Vocabulary, keyof BpeModel | "preTokenizer">,
  sources: readonly string[],
  specialTokens: Iterable<readonly [content: string, id: number]>,
): Vocabulary {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    ...model,
    added: Array.from(specialTokens, ([content, id]) => ({ id, content, ...flags })),
    forms: [],
    frame: { before: [], after: [] },
    json: {
      normalizer: null,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          ...sources.map((Regex) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false })),
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: null,
    },
  };
}
