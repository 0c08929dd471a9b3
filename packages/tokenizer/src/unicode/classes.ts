/**
 * What kind of character a code point is, as the patterns of byte-level tokenizers ask: one bit for each kind.
 *
 * The classes are Unicode 16's, the version that Hugging Face's Rust library has inside. The runtime's own are the same but
 * for what has been added or changed since Unicode 15, or between 16 and 17: those exceptions are listed, and weigh a
 * sixth of a table of all.
 */
import { runs } from "./exceptions.ts";

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

const native = /([\p{Lu}\p{Lt}])|(\p{Ll})|([\p{Lm}\p{Lo}])|(\p{M})|(\p{N})|([\p{P}\p{S}])|(\p{White_Space})|([\s\S])/u;

/** Start, end and bit of all characters that have not had one class from Unicode 15 to 17. */
export const exceptions: readonly (readonly [start: number, end: number, bit: number])[] =
  /* @__PURE__ */ readRuns(runs);

/** `"9)5/{"` → nine of bit 7, five that are no exceptions, one of bit 6. Numbers have base 36. */
function readRuns(text: string): [number, number, number][] {
  let end = 0;
  return Array.from(text.matchAll(/([0-9a-z]*)([^0-9a-z])/g), ([, length, kind]): [number, number, number] => {
    const start = end;
    end += Number.parseInt(length || "1", 36);
    return [start, end, (1 << "=(, ;.{)".indexOf(kind)) & 0xff];
  }).filter(([, , bit]) => bit);
}

/** The bit of each code point, 0 until somebody asks for it; 1.1 MB. */
const classes: Uint8Array = /* @__PURE__ */ startTable();

function startTable(): Uint8Array {
  const table = new Uint8Array(0x110000);
  for (const [start, end, bit] of exceptions) table.fill(bit, start, end);
  for (let c = 0; c < 0x80; c++) table[c] = nativeClass(c);
  return table;
}

function nativeClass(codePoint: number): number {
  const match = native.exec(String.fromCodePoint(codePoint))!;
  return 1 << (match.lastIndexOf(match[0]) - 1);
}

/** The bit of a code point. */
export function classOf(codePoint: number): number {
  classes[codePoint] ||= nativeClass(codePoint);
  return classes[codePoint];
}

/**
 * The character at `i` of valid UTF-8: its class in the low eight bits, its length in bytes above them.
 */
export function peek(bytes: Uint8Array, i: number): number {
  const b = bytes[i];
  if (b < 0x80) return classes[b] | 0x100;
  if (b < 0xe0) return classOf(((b & 0x1f) << 6) | (bytes[i + 1] & 0x3f)) | 0x200;
  const tail = ((bytes[i + 1] & 0x3f) << 6) | (bytes[i + 2] & 0x3f);
  if (b < 0xf0) return classOf(((b & 0x0f) << 12) | tail) | 0x300;
  return classOf(((b & 0x07) << 18) | (tail << 6) | (bytes[i + 3] & 0x3f)) | 0x400;
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
