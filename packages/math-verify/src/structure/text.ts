/**
 * Answers that are words, and words that accompany numbers.
 *
 * @module
 */
import { isMathWord } from "../expression/tokens.ts";
import type { Structure } from "./structure.ts";
import { isUnit, magnitudeOf, unitOf } from "./units.ts";

/** A text in small letters without articles, punctuation and commands; single letters keep their case. */
export function plainWords(source: string): string {
  const text = source
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/\\[a-zA-Z]+|[{}]/g, (command) => (command.startsWith("\\") ? ` ${command.slice(1)} ` : " "))
    .replace(/[.,;:!?'"*()[\]]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (/^[a-zA-Z]$/.test(text)) return text;
  const bare = text.toLowerCase().replace(/^(?:the|a|an) (?=\w)/, "");
  return bare
    .replace(/\bo clock\b|\boclock\b/, "")
    .replace(/\b([ap]) m\b/g, "$1m")
    .replace(/(\d) ([ap]m)\b/g, "$1$2")
    .trim();
}

/** A text of words. Lists of letters (`A, D`) are lists. */
export function readText(source: string): Structure & { kind: "text" | "list" } {
  const inner = /^\\text\{([^{}]*)\}$/.exec(source)?.[1] ?? source;
  const letters = inner.split(/\s*(?:,|;|\band\b|&)\s*/).filter(Boolean);
  if (letters.length > 1 && letters.every((letter) => /^\(?[A-Za-z]\)?$/.test(letter)))
    return { kind: "list", items: letters.map((letter) => readText(letter)), source };
  return { kind: "text", source, opaque: false };
}

/** `9 a.m.`, `9:00 am` as `9:00am`. */
export function timeOf(source: string): string | undefined {
  const match = /^(\d{1,2})(?::(\d\d))?\s*(?:\\text\{)?\s*([ap])\.?\s?m\b\.?\s*\}?$/i.exec(source);
  return match ? `${Number(match[1])}:${match[2] ?? "00"}${match[3].toLowerCase()}m` : undefined;
}

/** A quantity and what stands beside it. */
export interface Quantity {
  readonly quantity: string;
  readonly unit: string;
  readonly percent: boolean;
  /** What "million" and its like multiply the quantity by. */
  readonly scale: bigint;
  /** The words, as one of their kind: `apple`. */
  readonly label: string;
}

const afterText = /^(.*[^\\\s])\s*\\text\{([^{}]*)\}\s*((?:\^\{?[23]\}?)?)((?:\\text\{[^{}]*\}|[\s/])*)$/s;
const numberAndWords = /^([+-]?[\d.,/\s]*\d\.?)\s*(\(?[a-z][a-z .'/()-]*(?:\^\{?[23]\}?)?\)?)$/i;

/** The unit of a number of things: apples, points. */
export const OTHER = "other";

/** Splits `12\text{ cm}^2`, `10 apples`, `15 (apples)`, `28%`. */
export function withoutUnit(source: string): Quantity {
  const none: Quantity = { quantity: source, unit: "", percent: false, scale: 1n, label: "" };
  if (source.endsWith("%")) return { ...none, quantity: source.replace(/\s*%+$/, ""), percent: true };
  if (
    source.endsWith("\\degree") &&
    !/[a-z]{3}/.test(source.slice(0, -7).replace(/\\(?:frac|sqrt|cdot|theta|alpha|beta)/g, ""))
  )
    return { ...none, quantity: source.slice(0, -7).trim(), unit: "degree" };
  if (source.includes("\\text{")) {
    const match = afterText.exec(source);
    if (match && !/^\\text\{[^{}]*\}$/.test(match[1])) {
      const { scale, rest } = magnitudeOf(match[2]);
      const unit = `${rest}${match[3]}`;
      const percent = /^\s*percent/i.test(match[2]);
      if (percent) return { ...none, quantity: match[1], percent };
      return { ...none, quantity: match[1], unit: unitOrOther(unit), scale, label: labelOf(unit) };
    }
    const before = /^\\text\{([^{}]*)\}\s*(.*\d.*)$/s.exec(source);
    if (
      before &&
      !/\\text/.test(before[2]) &&
      /^(?:about|approximately|exactly|at least|\W*|rs\.?|usd)$/i.test(before[1].trim())
    )
      return { ...none, quantity: before[2] };
    return none;
  }
  const match = /[a-z]/i.test(source) ? numberAndWords.exec(source) : null;
  if (!match) return none;
  const [, quantity, words] = match;
  const first = /[a-z]+/i.exec(words)![0];
  const spaced = source[quantity.length] === " " || words.startsWith("(");
  if (isMathWord(first) || /^[ap]\.?\s?m\b/i.test(words)) return none;
  const { scale, rest } = magnitudeOf(words);
  if (scale === 1n && !isUnit(first) && !(spaced && first.length > 2)) return none;
  return { ...none, quantity: quantity.trim(), unit: unitOrOther(rest), scale, label: labelOf(rest) };
}

const unitOrOther = (words: string): string => (words.trim() ? unitOf(words) || OTHER : "");

/** `(red) apples` as `red apple`. */
const labelOf = (words: string): string => plainWords(words).replace(/(?<=\w\w)s$/, "");
