/** Ids together with the parts of the text that they stand for. */
import { utf8 } from "../bpe/byte_characters.ts";
import type { Encoder } from "../bpe/encoder.ts";
import { IdList } from "../bpe/id_list.ts";
import { cut, forEachWord } from "../split/pre_tokenizer.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { Finder } from "./added_tokens.ts";
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
  finders: readonly [before: Finder, after: Finder],
  encoder: Encoder,
  tokens: TokenBytes,
): OffsetEncoding {
  const rows: [id: number, start: number, end: number][] = [];
  const { splits, prefixSpace } = vocabulary.preTokenizer;
  const words = (text: string, place: Place): void => {
    for (const piece of cut(text, splits)) {
      const extra = prefixSpace && !piece.text.startsWith(" ") ? 1 : 0;
      const spaced = extra ? ` ${piece.text}` : piece.text;
      const bytes = utf8.encode(spaced);
      const unitOf = unitsOfBytes(spaced);
      forEachWord(bytes, bytes.length, vocabulary.preTokenizer, (at, end) => {
        const word = new IdList();
        encoder.encodeWord(bytes, at, end, word);
        for (const id of word.take()) {
          const last = at + tokens.length(id);
          const from = piece.start + Math.max(0, unitOf[2 * at] - extra);
          const to = piece.start + Math.max(0, unitOf[2 * last - 1] - extra);
          const [start, stop] = place(from, to);
          // The space put in front stands for nothing.
          rows.push([id, start, from < to ? stop : start]);
          at = last;
        }
      });
    }
  };
  walk(vocabulary, finders, text, options, (id, part, from, to, original, start) => {
    const map = part === original ? undefined : alignNormalized(original, vocabulary.forms);
    const place: Place = (from, to) =>
      map ? [start + map.starts[from], start + map.ends[to - 1]] : [start + from, start + to];
    if (id >= 0) rows.push([id, ...place(from, to)]);
    else words(part.slice(from, to), (a, b) => place(from + a, from + b));
  });
  const column = (i: number): Int32Array => Int32Array.from(rows, (row) => row[i]);
  return { ids: column(0), starts: column(1), ends: column(2) };
}

/** For each byte of a text the start and the end, in UTF-16, of the character that it belongs to. */
function unitsOfBytes(text: string): number[] {
  const units: number[] = [];
  let unit = 0;
  for (const c of text) {
    const width = c < "\x80" ? 1 : c < "\u0800" ? 2 : c.length + 2;
    const end = unit + c.length;
    for (let i = 0; i < width; i++) units.push(unit, end);
    unit = end;
  }
  return units;
}
