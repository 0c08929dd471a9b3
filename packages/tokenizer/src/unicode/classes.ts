/**
 * What kind of character a code point is, as the patterns of byte-level tokenizers ask: one bit for each kind.
 *
 * The table is Unicode 16's, the version that Hugging Face's Rust library has inside; the runtime's own `\p{L}` would
 * give other ids from one browser to the next.
 */
import { runs } from "./classes_data.ts";

/** Upper-case and title-case letters, Lu and Lt. */
export const UPPER = 1;
/** Lower-case letters, Ll. */
export const LOWER = 2;
/** Letters without case, Lm and Lo. */
export const CASELESS = 4;
/** Letters, L. */
export const LETTER = 7;
/** Combining marks, M. */
export const MARK = 8;
/** Numbers, N: also ², ½ and Ⅷ. */
export const NUMBER = 16;
/** Punctuation and symbols, P and S. */
export const SYMBOL = 32;
/** White space: Unicode's property, so with U+0085 and without U+FEFF. */
export const SPACE = 64;
/** Everything else: controls, formats, unassigned. */
export const OTHER = 128;

/**
 * Stands for each bit in the runs. Letters would do as well, but these characters abound in code: gzip has short codes for
 * them, and the table weighs 0.25 kB less.
 */
const kinds = "=(, ;.{)";

/** The bit of each code point, 1.1 MB. */
export const classes: Uint8Array = /* @__PURE__ */ decodeRuns(runs);

/** `"9)5{"` → nine of bit 7, five of bit 6; a missing number is one. Numbers have base 36. */
function decodeRuns(text: string): Uint8Array {
  const table = new Uint8Array(0x110000);
  let start = 0;
  for (const [, length, kind] of text.matchAll(/([0-9a-z]*)([^0-9a-z])/g)) {
    const end = start + (length ? Number.parseInt(length, 36) : 1);
    table.fill(1 << kinds.indexOf(kind), start, end);
    start = end;
  }
  return table;
}

/**
 * The character at `i` of valid UTF-8: its class in the low eight bits, its length in bytes above them.
 */
export function peek(bytes: Uint8Array, i: number): number {
  const b = bytes[i];
  if (b < 0x80) return classes[b] | 0x100;
  if (b < 0xe0) return classes[((b & 0x1f) << 6) | (bytes[i + 1] & 0x3f)] | 0x200;
  const tail = ((bytes[i + 1] & 0x3f) << 6) | (bytes[i + 2] & 0x3f);
  if (b < 0xf0) return classes[((b & 0x0f) << 12) | tail] | 0x300;
  return classes[((b & 0x07) << 18) | (tail << 6) | (bytes[i + 3] & 0x3f)] | 0x400;
}

/** The end of the characters from `i` on that are of one of the classes in `mask`. */
export function runOf(bytes: Uint8Array, i: number, end: number, mask: number): number {
  while (i < end) {
    const b = bytes[i];
    if (b < 0x80) {
      if (!(classes[b] & mask)) return i;
      i++;
    } else {
      const c = peek(bytes, i);
      if (!(c & mask)) return i;
      i += c >> 8;
    }
  }
  return i;
}
