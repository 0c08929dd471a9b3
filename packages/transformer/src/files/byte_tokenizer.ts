/**
 * Bytes as tokens: the tokenizer that needs no training.
 *
 * Ids 0–255 are the bytes of UTF-8, 256 is `<|begin|>`, 257 `<|end|>`, further specials follow. `toJSON` describes it
 * to Hugging Face's libraries as a byte-level BPE without merges; they give the same ids (checked with Hugging Face's
 * Rust `tokenizers` 0.23.2, `@huggingface/transformers` 4.3.1 and `@xenova/transformers` 2.17.2).
 */

/** Options of `ByteTokenizer`. */
export interface ByteTokenizerOptions {
  /** Texts of further special tokens, ids from 258 on; default none. */
  specials?: string[];
}

/**
 * Encodes text as its UTF-8 bytes.
 *
 * @example
 * ```ts
 * import { ByteTokenizer } from "@gradus/transformer";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const tokenizer = new ByteTokenizer();
 * deepEqual(tokenizer.encode("1+1"), Int32Array.of(49, 43, 49));
 * equal(tokenizer.decode([tokenizer.beginToken, 50, tokenizer.endToken]), "2");
 * ```
 */
export class ByteTokenizer {
  /** Texts of the special tokens; the first has id 256. */
  readonly specials: readonly string[];
  /** Number of ids: 258 without further specials. */
  readonly vocabSize: number;
  /** Id of `<|begin|>`. */
  readonly beginToken: number = 256;
  /** Id of `<|end|>`. */
  readonly endToken: number = 257;

  /**
   * @throws {RangeError} If a further special is empty or there already.
   */
  constructor(options: ByteTokenizerOptions = {}) {
    this.specials = ["<|begin|>", "<|end|>", ...(options.specials ?? [])];
    this.vocabSize = 256 + this.specials.length;
    for (const [i, special] of this.specials.entries()) {
      if (typeof special !== "string" || special === "" || this.specials.indexOf(special) !== i) {
        throw new RangeError(
          `Cannot make a byte tokenizer: specials must be different texts, found ${JSON.stringify(special)}`,
        );
      }
    }
  }

  /**
   * The UTF-8 bytes of a text; lone surrogates become U+FFFD.
   *
   * @param text Any text. The texts of special tokens in it are ordinary text unless `parseSpecials` is set, so that
   *   input cannot forge the end of a turn.
   * @param options `parseSpecials`: whether a special token's text becomes its id, as Hugging Face's libraries do;
   *   the leftmost, and of those that start together the earlier in `specials`. Default false.
   * @returns Token ids.
   */
  encode(text: string, options: { parseSpecials?: boolean } = {}): Int32Array {
    const utf8 = new TextEncoder();
    if (!options.parseSpecials) return new Int32Array(utf8.encode(text));
    const pattern = this.specials.map((special) => special.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
    const ids: number[] = [];
    for (const piece of text.split(new RegExp(`(${pattern})`))) {
      const special = this.specials.indexOf(piece);
      if (special >= 0) ids.push(256 + special);
      else for (const byte of utf8.encode(piece)) ids.push(byte);
    }
    return Int32Array.from(ids);
  }

  /**
   * The text of token ids. Special tokens are skipped, malformed UTF-8 becomes U+FFFD.
   *
   * @param ids Token ids.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>): string {
    const bytes = new Uint8Array(ids.length);
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) {
        throw new RangeError(`Cannot decode: ids[${i}] must be a token id below ${this.vocabSize}, found ${id}`);
      }
      if (id < 256) bytes[length++] = id;
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, length));
  }

  /** The content of Hugging Face's `tokenizer.json`, for `JSON.stringify`. */
  toJSON(): Record<string, unknown> {
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
    return {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: this.specials.map((content, i) => ({ id: 256 + i, ...specialToken(content) })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(byteCharacters().map((character, byte) => [character, byte])),
        merges: [],
      },
    };
  }

  /**
   * The content of Hugging Face's `tokenizer_config.json`.
   *
   * @param options `maxPositions`: the model's longest sequence, if there is one to tell.
   */
  toConfigJSON(options: { maxPositions?: number } = {}): Record<string, unknown> {
    return {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: this.specials[0],
      eos_token: this.specials[1],
      pad_token: this.specials[1],
      clean_up_tokenization_spaces: false,
      model_max_length: options.maxPositions ?? 1e30,
      added_tokens_decoder: Object.fromEntries(
        this.specials.map((content, i) => [String(256 + i), specialToken(content)]),
      ),
    };
  }
}

function specialToken(content: string): Record<string, unknown> {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * The visible character that stands for each byte in byte-level vocabularies: the byte's own Latin-1 character if that
 * is printable, else the next of U+0100, U+0101 … (GPT-2's `bytes_to_unicode`).
 */
function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}
