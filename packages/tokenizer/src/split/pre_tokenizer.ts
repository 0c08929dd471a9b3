/**
 * How a text is cut into the words that are encoded each by itself: `pre_tokenizer` of a `tokenizer.json`.
 *
 * Usually one scanner over the bytes. Otherwise splits one after the other, and a scanner within their pieces.
 */
import { tokenOf } from "../bpe/byte_characters.ts";
import { check, type JsonObject, unsupported } from "../files/json.ts";
import { findScanner, patterns } from "./patterns.ts";
import type { Scanner } from "./scanner.ts";
import { behaviors, type Split, type SplitBehavior, splitBy } from "./split.ts";
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
 * Reads `pre_tokenizer`.
 *
 * @throws {RangeError} If it has a component that is not supported, or no `ByteLevel`.
 */
export function readPreTokenizer(json: unknown): PreTokenizer {
  const parts = flatten(json, "pre_tokenizer");
  const level = parts.findIndex(({ part }) => part.type === "ByteLevel");
  if (level < 0 || parts.some(({ part }, i) => part.type === "ByteLevel" && i !== level))
    throw unsupported("pre_tokenizer", "without exactly one ByteLevel", supported);
  const { part: byteLevel, path } = parts[level];
  const useRegex = check(byteLevel.use_regex ?? true, "boolean", `${path}.use_regex`);
  const prefixSpace = check(byteLevel.add_prefix_space ?? true, "boolean", `${path}.add_prefix_space`);
  const before = parts.slice(0, level);
  const byteSplits = parts.slice(level + 1).map(readSplit);

  // One scanner for all that comes before, or after the splits.
  const sources = before.map(({ part }) => isolatingSource(part));
  const whole = sources.every((source) => source !== undefined) ? findScanner(sources) : undefined;
  if (whole && !useRegex && !prefixSpace) return { splits: [], prefixSpace, scan: whole, byteSplits };
  return {
    splits: before.map(readSplit),
    prefixSpace,
    scan: useRegex ? findScanner(patterns.gpt2)! : wholePiece,
    byteSplits,
  };
}

interface PathedPart {
  part: JsonObject;
  path: string;
}

/** The components within sequences, in order. */
function flatten(json: unknown, path: string): PathedPart[] {
  const part = check(json, "object", path);
  if (part.type !== "Sequence") return [{ part, path }];
  return check(part.pretokenizers, "array", `${path}.pretokenizers`).flatMap((each, i) =>
    flatten(each, `${path}.pretokenizers[${i}]`),
  );
}

/** The pattern, if the component only isolates what it matches. (A pattern that matches everything leaves no more to remove.) */
function isolatingSource(part: JsonObject): string | undefined {
  const source = (part.pattern as JsonObject | undefined)?.Regex;
  if (part.type !== "Split" || typeof source !== "string") return undefined;
  const isolates = part.behavior === "Isolated" && !part.invert;
  const removesNothing = part.behavior === "Removed" && part.invert === true && !patterns.deepseek3.includes(source);
  return isolates || removesNothing ? source : undefined;
}

function readSplit({ part, path }: PathedPart): Split {
  switch (part.type) {
    case "Split": {
      const pattern = check(part.pattern, "object", `${path}.pattern`);
      const regex =
        typeof pattern.Regex === "string"
          ? translatePattern(pattern.Regex)
          : new RegExp(
              check(pattern.String, "string", `${path}.pattern.String`).replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&"),
              "gu",
            );
      return splitBy(regex, readBehavior(part, path), check(part.invert ?? false, "boolean", `${path}.invert`));
    }
    case "Digits":
      return splitBy(
        translatePattern("\\p{N}"),
        check(part.individual_digits ?? false, "boolean", `${path}.individual_digits`) ? "Isolated" : "Contiguous",
      );
    case "Punctuation":
      return splitBy(translatePattern("[!-/:-@\\[-`{-~\\p{P}]"), readBehavior({ behavior: "Isolated", ...part }, path));
  }
  throw unsupported(path, String(part.type), supported);
}

function readBehavior(part: JsonObject, path: string): SplitBehavior {
  const behavior = behaviors.find((each) => each === part.behavior);
  if (!behavior) throw unsupported(`${path}.behavior`, String(part.behavior), behaviors.join(", "));
  return behavior;
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
    pieces = pieces.flatMap(({ text, start }) => {
      const spans = split(text);
      const parts: Piece[] = [];
      for (let i = 0; i < spans.length; i += 2)
        parts.push({ text: text.slice(spans[i], spans[i + 1]), start: start + spans[i] });
      return parts;
    });
  }
  return pieces;
}

/** The words of `bytes[start … end)` with `byteSplits` applied to it: start, end, start, end … */
export function cutBytes(bytes: Uint8Array, start: number, end: number, splits: readonly Split[]): number[] {
  return cut(tokenOf(bytes, start, end), splits).flatMap((piece) => [
    start + piece.start,
    start + piece.start + piece.text.length,
  ]);
}
