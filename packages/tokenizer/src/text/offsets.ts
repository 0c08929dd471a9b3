/** Ids together with the parts of the text that they stand for. */
import type { Encoder } from "../bpe/encoder.ts";
import { IdList } from "../bpe/id_list.ts";
import { cut, cutBytes } from "../split/pre_tokenizer.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { AddedTokens } from "./added_tokens.ts";
import type { TokenBytes } from "./decoder.ts";
import { alignNormalized, normalize } from "./normalizer.ts";

/** Ids with their places in the text, in UTF-16 code units. */
export interface OffsetEncoding {
  ids: Int32Array;
  /** Where the part of each id begins. */
  starts: Int32Array;
  /** Where it ends. */
  ends: Int32Array;
}

/** Encodes one text at a time, more slowly than `encode` does. */
export class OffsetEncoder {
  readonly #ids: IdList = new IdList();
  readonly #starts: IdList = new IdList();
  readonly #ends: IdList = new IdList();
  readonly #vocabulary: Vocabulary;
  readonly #added: AddedTokens;
  readonly #encoder: Encoder;
  readonly #tokens: TokenBytes;

  constructor(vocabulary: Vocabulary, added: AddedTokens, encoder: Encoder, tokens: TokenBytes) {
    this.#vocabulary = vocabulary;
    this.#added = added;
    this.#encoder = encoder;
    this.#tokens = tokens;
  }

  encode(text: string, options: { addSpecialTokens?: boolean; parseSpecials?: boolean }): OffsetEncoding {
    const { addSpecialTokens = true, parseSpecials = true } = options;
    const { forms, frame } = this.#vocabulary;
    if (addSpecialTokens) for (const id of frame.before) this.#push(id, 0, 0);
    this.#added.split(text, false, parseSpecials, (id, start, end) => {
      if (id >= 0) {
        this.#push(id, start, end);
        return;
      }
      const original = text.slice(start, end);
      const part = normalize(original, forms);
      const map = part === original ? identity : alignNormalized(original, forms);
      const place = (from: number, to: number): [number, number] =>
        map === identity ? [start + from, start + to] : [start + map.starts[from], start + map.ends[to - 1]];
      this.#added.split(part, true, parseSpecials, (inner, from, to) => {
        if (inner >= 0) this.#push(inner, ...place(from, to));
        else this.#words(part.slice(from, to), (a, b) => place(from + a, from + b));
      });
    });
    if (addSpecialTokens) for (const id of frame.after) this.#push(id, 0, 0);
    return { ids: this.#ids.take(), starts: this.#starts.take(), ends: this.#ends.take() };
  }

  #push(id: number, start: number, end: number): void {
    this.#ids.push(id);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  #words(text: string, place: (from: number, to: number) => [number, number]): void {
    const { splits, prefixSpace, scan, byteSplits } = this.#vocabulary.preTokenizer;
    for (const piece of cut(text, splits)) {
      const extra = prefixSpace && !piece.text.startsWith(" ") ? 1 : 0;
      const bytes = new TextEncoder().encode(extra ? ` ${piece.text}` : piece.text);
      const unitOf = unitsOfBytes(bytes);
      for (let i = 0; i < bytes.length; ) {
        const next = scan(bytes, i, bytes.length);
        const spans = byteSplits.length ? cutBytes(bytes, i, next, byteSplits) : [i, next];
        for (let j = 0; j < spans.length; j += 2) {
          const word = new IdList();
          this.#encoder.encodeWord(bytes, spans[j], spans[j + 1], word);
          let at = spans[j];
          for (const id of word.take()) {
            const last = at + this.#tokens.length(id);
            const from = Math.max(0, unitOf[2 * at] - extra);
            const to = Math.max(0, unitOf[2 * last - 1] - extra);
            if (from < to) this.#push(id, ...place(piece.start + from, piece.start + to));
            else this.#push(id, ...emptyAt(place, piece.start + from, text.length));
            at = last;
          }
        }
        i = next;
      }
    }
  }
}

const identity = { starts: [], ends: [] };

/** The place of a token that stands for nothing in the text: the space put in front. */
function emptyAt(place: (from: number, to: number) => [number, number], at: number, length: number): [number, number] {
  const start = length === 0 ? 0 : at < length ? place(at, at + 1)[0] : place(at - 1, at)[1];
  return [start, start];
}

/** For each byte the start and the end, in UTF-16, of the character that it belongs to. */
function unitsOfBytes(bytes: Uint8Array): Int32Array {
  const units = new Int32Array(2 * bytes.length + 1);
  let unit = 0;
  for (let i = 0; i < bytes.length; ) {
    const width = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
    const end = unit + (width === 4 ? 2 : 1);
    for (let j = i; j < i + width; j++) {
      units[2 * j] = unit;
      units[2 * j + 1] = end;
    }
    i += width;
    unit = end;
  }
  return units;
}
