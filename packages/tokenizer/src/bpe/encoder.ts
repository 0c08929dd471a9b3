/** From the bytes of a text to ids: words by a scanner, ids by the cache or else by merging. */
import type { Scanner } from "../split/scanner.ts";
import { byteCharacters, tokenOf } from "./byte_characters.ts";
import type { IdList } from "./id_list.ts";
import { mergeShort, mergeWord, SHORT, shortRanks } from "./merge.ts";
import type { PairTable } from "./pair_table.ts";
import { LONGEST_WORD, type PaddedBytes, WordCache } from "./word_cache.ts";

/** What encoding needs of a vocabulary. */
export interface BpeModel {
  /** Ids by tokens, in byte characters; without added tokens that are not in the model. */
  ids: ReadonlyMap<string, number>;
  pairs: PairTable;
  /** Whether a word that is in the vocabulary is never taken apart (Llama 3, tiktoken). */
  ignoreMerges: boolean;
}

/** Encodes bytes; keeps a cache of words. */
export class Encoder {
  readonly #model: BpeModel;
  #cache: WordCache | undefined;

  /** The id of each byte; -1 for one that the vocabulary lacks: it is dropped, as in Rust. */
  readonly #byteIds: Int32Array;
  /** Bytes of the longest token. */
  readonly #longest: number;
  /** The ranks of pairs of bytes. */
  readonly #byteRanks: Int32Array;

  constructor(model: BpeModel) {
    const { ids, pairs } = model;
    this.#model = model;
    const byteIds = Int32Array.from(byteCharacters, (character) => ids.get(character) ?? -1);
    this.#byteIds = byteIds;
    this.#longest = [...ids.keys()].reduce((longest, { length }) => Math.max(longest, length), 0);
    this.#byteRanks = Int32Array.from({ length: 1 << 16 }, (_, i) => pairs.rank(byteIds[i >> 8], byteIds[i & 0xff]));
  }

  /** Appends the ids of the text `bytes[0 … end)`, valid UTF-8, in the words of `scan`. */
  encode(text: PaddedBytes, end: number, scan: Scanner, out: IdList): void {
    out.reserve(end);
    this.#cache ??= new WordCache();
    const cache = this.#cache;
    const { bytes } = text;
    let i = 0;
    while (i < end) {
      const next = scan(bytes, i, end);
      const length = next - i;
      if (length > LONGEST_WORD) this.encodeWord(bytes, i, next, out);
      else if (!cache.read(text, i, length, out)) {
        const from = out.length;
        this.encodeWord(bytes, i, next, out);
        cache.write(bytes, i, length, out.ids, from, out.length);
      }
      i = next;
    }
  }

  /** Appends the ids of one word, without the cache. */
  encodeWord(bytes: Uint8Array, start: number, end: number, out: IdList): void {
    const { ids, ignoreMerges, pairs } = this.#model;
    const byteIds = this.#byteIds;
    if (ignoreMerges && end - start <= this.#longest) {
      const id = ids.get(tokenOf(bytes, start, end));
      if (id !== undefined) {
        out.push(id);
        return;
      }
    }
    const length = end - start;
    out.reserve(length);
    const from = out.length;
    const list = out.ids;
    let to = from;
    for (let i = start; i < end; i++) {
      const id = byteIds[bytes[i]];
      if (id >= 0) list[to++] = id;
    }
    if (length > SHORT || to < from + length) {
      out.length = mergeWord(list, from, to, pairs);
      return;
    }
    // Ranks of pairs of bytes have a table of their own.
    for (let i = 1; i < length; i++)
      shortRanks[i - 1] = this.#byteRanks[(bytes[start + i - 1] << 8) | bytes[start + i]];
    out.length = mergeShort(list, from, to, pairs, shortRanks);
  }
}
