/** Writes Hugging Face's `tokenizer.json` and `tokenizer_config.json`. */
import { show } from "../check.ts";
import type { Vocabulary } from "../vocabulary.ts";

/**
 * The content of a `tokenizer.json` that Hugging Face's Rust library, `@huggingface/tokenizers` and
 * `@xenova/transformers` load.
 */
export function writeTokenizerJson(vocabulary: Vocabulary): Record<string, unknown> {
  const { ids, pairs, added, ignoreMerges, json } = vocabulary;
  const tokens: string[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  const merges = [...pairs.entries()].sort((a, b) => a[2] - b[2] || tokens[a[0]].length - tokens[b[0]].length);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...json,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: ignoreMerges,
      vocab: Object.fromEntries([...ids, ...addedInVocab(vocabulary)].sort((a, b) => a[1] - b[1])),
      // As text: @xenova/transformers reads no other form.
      merges: merges.map(([left, right]) => `${tokens[left]} ${tokens[right]}`),
    },
  };
}

/**
 * The added tokens, if there is a gap in the ids: Rust numbers added tokens that the model does not have on from its
 * size, whatever their ids are in the file.
 */
function addedInVocab({ ids, added }: Vocabulary): [string, number][] {
  let next = ids.size;
  const gap = added.toSorted((a, b) => a.id - b.id).some(({ content, id }) => !ids.has(content) && id !== next++);
  return gap ? added.map(({ content, id }) => [content, id]) : [];
}

/** The ways to name the special tokens that a `tokenizer_config.json` knows. */
export interface ConfigOptions {
  /** The model's longest sequence, if there is one to tell. */
  maxPositions?: number;
  /** The text of the token that begins a sequence. */
  bosToken?: string;
  /** The text of the token that ends a sequence. */
  eosToken?: string;
  /** The text of the token that fills a batch; default `eosToken`. */
  padToken?: string;
  /** A chat template in Jinja. */
  chatTemplate?: string;
}

/** The content of a `tokenizer_config.json`. */
export function writeTokenizerConfig({ added }: Vocabulary, options: ConfigOptions): Record<string, unknown> {
  const { maxPositions, bosToken, eosToken, padToken = eosToken, chatTemplate } = options;
  const known = (name: string, token?: string): string | null => {
    if (token !== undefined && !added.some(({ content }) => content === token))
      throw new RangeError(`Cannot write tokenizer_config.json: ${name} must be an added token, found ${show(token)}`);
    return token ?? null;
  };
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: known("bosToken", bosToken),
    eos_token: known("eosToken", eosToken),
    pad_token: known("padToken", padToken),
    clean_up_tokenization_spaces: false,
    model_max_length: maxPositions ?? 1e30,
    added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
  };
}
