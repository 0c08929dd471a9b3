/** Ids together with the parts of the text that they stand for. */
import type { Encoder } from "../bpe/encoder.ts";
import { IdList } from "../bpe/id_list.ts";
import { cut, forEachWord } from "../split/pre_tokenizer.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { AddedTokens } from "./added_tokens.ts";
import type { TokenBytes } from "./decoder.ts";
import { alignNormalized } from "./normalizer.ts";
import { type EncodeOptions, walk } from "./walk.ts";

/** Ids with their places in the text, in UTF-16 code units. */
export interface OffsetEncoding {
  ids: Int32Array;
  /** Where the part of each id begins. */
  starts: Int32Array;
  /** Where it ends. */
  ends: Int32Array;
}

/** From and to in UTF-16, within a part of the text, as a place in the text. */
type Place = (from: number, to: number) => [number, number];

/** Encodes a text, more slowly than `encode` does. */
export function encodeWithOffsets(
  text: string,
  options: EncodeOptions,
  vocabulary: Vocabulary,
  added: AddedTokens,
  encoder: Encoder,
  tokens: TokenBytes,
): OffsetEncoding {
  const ids: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const push = (id: number, [start, end]: [number, number]): void => {
    ids.push(id);
    starts.push(start);
    ends.push(end);
  };
  const { splits, prefixSpace } = vocabulary.preTokenizer;
  const words = (text: string, place: Place): void => {
    for (const piece of cut(text, splits)) {
      const extra = prefixSpace && !piece.text.startsWith(" ") ? 1 : 0;
      const bytes = utf8.encode(extra ? ` ${piece.text}` : piece.text);
      const unitOf = unitsOfBytes(bytes);
      forEachWord(bytes, bytes.length, vocabulary.preTokenizer, (at, end) => {
        const word = new IdList();
        encoder.encodeWord(bytes, at, end, word);
        for (const id of word.take()) {
          const last = at + tokens.length(id);
          const from = piece.start + Math.max(0, unitOf[2 * at] - extra);
          const to = piece.start + Math.max(0, unitOf[2 * last - 1] - extra);
          push(id, from < to ? place(from, to) : emptyAt(place, from, text.length));
          at = last;
        }
      });
    }
  };
  walk(vocabulary, added, text, options, (id, part, from, to, original, start) => {
    const map = part === original ? undefined : alignNormalized(original, vocabulary.forms);
    const place: Place = (from, to) =>
      map ? [start + map.starts[from], start + map.ends[to - 1]] : [start + from, start + to];
    if (id >= 0) push(id, place(from, to));
    else words(part.slice(from, to), (a, b) => place(from + a, from + b));
  });
  return { ids: Int32Array.from(ids), starts: Int32Array.from(starts), ends: Int32Array.from(ends) };
}

const utf8 = /* @__PURE__ */ new TextEncoder();

/** The place of a token that stands for nothing in the text: the space put in front. */
function emptyAt(place: Place, at: number, length: number): [number, number] {
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
