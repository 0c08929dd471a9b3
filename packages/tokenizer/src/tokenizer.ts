/** The tokenizer: text to ids and back. */
import { utf8 } from "./bpe/byte_characters.ts";
import { Encoder } from "./bpe/encoder.ts";
import { IdList } from "./bpe/id_list.ts";
import { PADDING, type PaddedBytes } from "./bpe/word_cache.ts";
import { check } from "./check.ts";
import { readTokenizerJson } from "./files/from_json.ts";
import { readTiktoken, type TiktokenOptions } from "./files/from_tiktoken.ts";
import { type ConfigOptions, writeTokenizerConfig, writeTokenizerJson } from "./files/to_json.ts";
import { cut, forEachWord } from "./split/pre_tokenizer.ts";
import { addedFinders, type Finder } from "./text/added_tokens.ts";
import { type DecodeOptions, type DecodeStream, streamDecoder, TokenBytes } from "./text/decoder.ts";
import { encodeWithOffsets, type OffsetEncoding } from "./text/offsets.ts";
import { type EncodeOptions, walk } from "./text/walk.ts";
import type { Vocabulary } from "./vocabulary.ts";

export type { EncodeOptions };

/** Ids of several texts in one list. */
export interface EncodedBatch {
  /** The ids of all texts, one text after the other. */
  ids: Int32Array;
  /** Where each text begins: text i has `ids[offsets[i]]` up to, without, `ids[offsets[i + 1]]`. One more than texts. */
  offsets: Int32Array;
}

/** Texts up to a third of this are encoded without allocating. */
const SCRATCH = 1 << 18;

/**
 * A byte-level BPE tokenizer.
 *
 * Lone surrogates in a text count as U+FFFD, as in its encoding to UTF-8.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const tokenizer = await trainBpe(["low lower lowest", "slow slower"], { vocabSize: 262 });
 * const ids = tokenizer.encode("lower");
 * deepEqual([...ids].map((id) => tokenizer.idToToken(id)), ["lowe", "r"]);
 * equal(tokenizer.decode(ids), "lower");
 * ```
 */
export class Tokenizer {
  /** Number of ids: the largest and one. */
  readonly vocabSize: number;
  readonly #vocabulary: Vocabulary;
  readonly #finders: readonly [before: Finder, after: Finder];
  readonly #addedIds: Map<string, number>;
  readonly #encoder: Encoder;
  #tokens: (string | undefined)[] | undefined;
  #tokenBytes: TokenBytes | undefined;
  #scratch: PaddedBytes | undefined;
  readonly #out: IdList = new IdList();

  /** Made by `fromJSON`, `fromTiktoken` and `trainBpe`. */
  constructor(vocabulary: Vocabulary) {
    const { added, forms, ids } = vocabulary;
    this.#vocabulary = vocabulary;
    this.#finders = addedFinders(added, forms);
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    this.#encoder = new Encoder(vocabulary);
    this.vocabSize = 1 + [...ids.values(), ...this.#addedIds.values()].reduce((a, b) => Math.max(a, b), -1);
  }

  /**
   * Reads Hugging Face's `tokenizer.json`: a byte-level BPE model as GPT-2, Llama 3, Qwen or DeepSeek have.
   *
   * @param json The file's text or its parsed content.
   * @throws {SyntaxError} If it is not JSON.
   * @throws {TypeError} If a part of it is missing or of the wrong kind.
   * @throws {RangeError} If a part of it is not supported; the message names it, and what is supported.
   */
  static fromJSON(json: string | object): Tokenizer {
    return new Tokenizer(readTokenizerJson(json));
  }

  /**
   * Reads a `.tiktoken` file: lines of a token's bytes in base64 and its rank.
   *
   * @param text The file's text.
   * @param options The splitting pattern and the special tokens, which the file does not tell.
   * @throws {TypeError} If an argument is missing or of the wrong kind.
   * @throws {RangeError} If a line cannot be read, or a byte has no rank.
   */
  static fromTiktoken(text: string, options: TiktokenOptions): Tokenizer {
    return new Tokenizer(readTiktoken(text, options));
  }

  /**
   * The ids of a text.
   *
   * @param text Any text.
   * @param options Which special tokens count.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    this.count(text, options); // They are in #out.
    return this.#out.take();
  }

  /**
   * The ids of several texts.
   *
   * @param texts Any texts.
   * @param options Which special tokens count.
   */
  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): EncodedBatch {
    check("encode", "texts", texts, "an array");
    const offsets = new Int32Array(texts.length + 1);
    this.#out.length = 0;
    for (let i = 0; i < texts.length; i++) {
      this.#append(texts[i], options);
      offsets[i + 1] = this.#out.length;
    }
    return { ids: this.#out.take(), offsets };
  }

  /** The number of ids that `encode` gives. */
  count(text: string, options: EncodeOptions = {}): number {
    this.#out.length = 0;
    this.#append(text, options);
    return this.#out.length;
  }

  /**
   * The ids of a text, and of which part of it each is: `text.slice(starts[i], ends[i])`. Tokens that share a character
   * each have all of it; ids that `addSpecialTokens` adds have nothing.
   */
  encodeWithOffsets(text: string, options: EncodeOptions = {}): OffsetEncoding {
    return encodeWithOffsets(text, options, this.#vocabulary, this.#finders, this.#encoder, this.#bytesOfTokens());
  }

  /**
   * The text of ids. Malformed UTF-8 becomes U+FFFD. `decode(encode(s, { addSpecialTokens: false }))` is `s` for every
   * well-formed `s`, unless the tokenizer normalizes, adds a space in front, strips white space at added tokens, removes
   * parts of the text or lacks bytes.
   *
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#bytesOfTokens().join(ids, options));
  }

  /** Decodes ids as they come, never half a character. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    return streamDecoder(this.#bytesOfTokens(), options);
  }

  /** A token as the vocabulary has it, its bytes as visible characters (`Ġthe`); `undefined` if there is none. */
  idToToken(id: number): string | undefined {
    if (!this.#tokens) {
      this.#tokens = [];
      for (const [token, each] of [...this.#vocabulary.ids, ...this.#addedIds]) this.#tokens[each] = token;
    }
    return this.#tokens[id];
  }

  /** The id of a token as the vocabulary has it; `undefined` if there is none. */
  tokenToId(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.#vocabulary.ids.get(token);
  }

  /**
   * The content of Hugging Face's `tokenizer.json`, for `JSON.stringify`; Rust's `tokenizers`, `@huggingface/tokenizers`
   * and `@xenova/transformers` load it.
   */
  toJSON(): Record<string, unknown> {
    return writeTokenizerJson(this.#vocabulary);
  }

  /**
   * The content of Hugging Face's `tokenizer_config.json`.
   *
   * @throws {RangeError} If a token that it names is not an added token.
   */
  toConfigJSON(options: ConfigOptions = {}): Record<string, unknown> {
    return writeTokenizerConfig(this.#vocabulary, options);
  }

  #bytesOfTokens(): TokenBytes {
    this.#tokenBytes ??= new TokenBytes(this.#vocabulary, this.vocabSize);
    return this.#tokenBytes;
  }

  #append(text: string, options: EncodeOptions): void {
    const { splits } = this.#vocabulary.preTokenizer;
    walk(this.#vocabulary, this.#finders, text, options, (id, part, from, to) => {
      if (id >= 0) this.#out.push(id);
      else for (const piece of cut(part.slice(from, to), splits)) this.#piece(piece.text);
    });
  }

  /** Appends the ids of normalized text without added tokens, in which nothing is left to split but words. */
  #piece(text: string): void {
    const { byteSplits, prefixSpace, scan } = this.#vocabulary.preTokenizer;
    if (prefixSpace && !text.startsWith(" ")) text = ` ${text}`;
    this.#scratch ??= padBytes(SCRATCH);
    const padded = 3 * text.length <= SCRATCH ? this.#scratch : padBytes(3 * text.length);
    const { bytes } = padded;
    const length = utf8.encodeInto(text, bytes).written;
    if (byteSplits.length === 0) {
      this.#encoder.encode(padded, length, scan, this.#out);
      return;
    }
    forEachWord(bytes, length, this.#vocabulary.preTokenizer, (start, end) =>
      this.#encoder.encodeWord(bytes, start, end, this.#out),
    );
  }
}

function padBytes(length: number): PaddedBytes {
  const bytes = new Uint8Array(length + PADDING);
  return { bytes, view: new DataView(bytes.buffer) };
}
