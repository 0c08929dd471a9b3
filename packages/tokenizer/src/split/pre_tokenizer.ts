/**
 * How a text is cut into the words that are encoded each by itself: `pre_tokenizer` of a `tokenizer.json`.
 *
 * Usually one scanner over the bytes. Otherwise splits one after the other, and a scanner within their pieces.
 */
import { tokenOf } from "../bpe/byte_characters.ts";
import { type JsonObject, type Part, unsupported } from "../files/part.ts";
import { findScanner, patterns } from "./patterns.ts";
import type { Scanner } from "./scanner.ts";
import { behaviors, escapeText, type Split, splitBy } from "./split.ts";
import { type Dialect, translatePattern } from "./translate.ts";

/** How to cut a text into words. */
export interface PreTokenizer {
  /** Applied one after the other, each to the pieces of the one before. */
  splits: Split[];
  /** Whether each piece then gets a space in front unless it has one. */
  prefixSpace: boolean;
  /** Cuts the bytes of each piece into words. */
  scan: Scanner;
  /** Applied to the words in byte characters, as those after `ByteLevel` are; then `scan` has cut already. */
  byteSplits: Split[];
}

const wholePiece: Scanner = (_bytes, _i, end) => end;

/** Words by one pattern alone. */
export function preTokenizerOf(sources: readonly string[], dialect: Dialect = "oniguruma"): PreTokenizer {
  const scan = findScanner(sources);
  const splits = scan ? [] : sources.map((source) => splitBy(translatePattern(source, dialect), "Isolated"));
  return { splits, prefixSpace: false, scan: scan ?? wholePiece, byteSplits: [] };
}

const supported = "Sequence, Split, Digits, Punctuation and one ByteLevel";

/**
 * Reads the components of `pre_tokenizer`.
 *
 * @throws {RangeError} If one is not supported, or there is no `ByteLevel`.
 */
export function readPreTokenizer(parts: readonly Part[]): PreTokenizer {
  const isLevel = ({ value }: Part): boolean => value.type === "ByteLevel";
  const level = parts.findIndex(isLevel);
  if (level < 0 || level !== parts.findLastIndex(isLevel))
    throw unsupported("pre_tokenizer", "without exactly one ByteLevel", supported);
  const useRegex = parts[level].flag("use_regex", true);
  const prefixSpace = parts[level].flag("add_prefix_space", true);
  const before = parts.slice(0, level);
  const byteSplits = parts.slice(level + 1).map(readSplit);

  // One scanner for all that comes before, or after the splits.
  const whole = findScanner(before.map(isolatingSource));
  if (whole && !useRegex && !prefixSpace) return { splits: [], prefixSpace, scan: whole, byteSplits };
  return {
    splits: before.map(readSplit),
    prefixSpace,
    scan: useRegex ? findScanner(patterns.gpt2)! : wholePiece,
    byteSplits,
  };
}

/** The pattern, if the component only isolates what it matches. (A pattern that matches everything leaves no more to remove.) */
function isolatingSource(part: Part): string | undefined {
  const { type, pattern, behavior } = part.value;
  const source = (pattern as JsonObject | undefined)?.Regex;
  if (type !== "Split" || typeof source !== "string") return undefined;
  const invert = part.flag("invert");
  const isolates = behavior === (invert ? "Removed" : "Isolated");
  return isolates && !(invert && patterns.deepseek3.includes(source)) ? source : undefined;
}

function readSplit(part: Part): Split {
  const type = part.oneOf("type", ["Split", "Digits", "Punctuation"], part.path, supported);
  if (type === "Split") {
    const pattern = part.part("pattern");
    const regex =
      typeof pattern.value.Regex === "string"
        ? translatePattern(pattern.value.Regex)
        : new RegExp(escapeText(pattern.read("String", "string")), "gu");
    return splitBy(regex, part.oneOf("behavior", behaviors), part.flag("invert"));
  }
  if (type === "Digits")
    return splitBy(translatePattern("\\p{N}"), part.flag("individual_digits") ? "Isolated" : "Contiguous");
  return splitBy(
    translatePattern("[!-/:-@\\[-`{-~\\p{P}]"),
    part.value.behavior ? part.oneOf("behavior", behaviors) : "Isolated",
  );
}

/** A piece of a text, and where it was. */
export interface Piece {
  text: string;
  start: number;
}

/** The pieces of a text after all splits but `byteSplits`. */
export function cut(text: string, splits: readonly Split[]): Piece[] {
  // Rust never sees a lone surrogate: it becomes U+FFFD, as in the encoding to UTF-8.
  let pieces: Piece[] = [{ text: splits.length ? text.replace(/[\ud800-\udfff]/gu, "\ufffd") : text, start: 0 }];
  for (const split of splits) {
    pieces = pieces.flatMap(({ text, start }) =>
      split(text).map(([from, to]) => ({ text: text.slice(from, to), start: start + from })),
    );
  }
  return pieces;
}

/** Calls back with where each word of `bytes[0 … end)`, a piece, begins and ends. */
export function forEachWord(
  bytes: Uint8Array,
  end: number,
  { scan, byteSplits }: PreTokenizer,
  visit: (start: number, end: number) => void,
): void {
  for (let i = 0; i < end; ) {
    const next = scan(bytes, i, end);
    if (byteSplits.length === 0) visit(i, next);
    else
      for (const { text, start } of cut(tokenOf(bytes, i, next), byteSplits)) visit(i + start, i + start + text.length);
    i = next;
  }
}
