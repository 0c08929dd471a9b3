/**
 * Answers that are words, and words that accompany numbers.
 *
 * @module
 */
import { isMathWord } from "../expression/tokens.ts";
import type { Structure } from "./structure.ts";
import { isUnit, unitOf } from "./units.ts";

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
}

const afterText = /^(.*[^\\\s])\s*\\text\{([^{}]*)\}\s*((?:\^\{?[23]\}?)?)((?:\\text\{[^{}]*\}|[\s/])*)$/s;
const numberAndWords = /^([+-]?[\d.,/\s]*\d\.?)\s*(\(?[a-z][a-z .'/()-]*(?:\^\{?[23]\}?)?\)?)$/i;

/** The unit of a number of things: apples, points. */
export const OTHER = "other";

/** Splits `12\text{ cm}^2`, `10 apples`, `15 (apples)`, `28%`. */
export function withoutUnit(source: string): Quantity {
  const none: Quantity = { quantity: source, unit: "", percent: false };
  if (source.endsWith("%")) return { quantity: source.replace(/\s*%+$/, ""), unit: "", percent: true };
  if (
    source.endsWith("\\degree") &&
    !/[a-z]{3}/.test(source.slice(0, -7).replace(/\\(?:frac|sqrt|cdot|theta|alpha|beta)/g, ""))
  )
    return { quantity: source.slice(0, -7).trim(), unit: "degree", percent: false };
  if (source.includes("\\text{")) {
    const match = afterText.exec(source);
    if (match && !/^\\text\{[^{}]*\}$/.test(match[1])) {
      const unit = `${match[2]}${match[3]}`;
      const percent = /^\s*percent/i.test(match[2]);
      return { quantity: match[1], unit: percent ? "" : unitOf(unit) || OTHER, percent };
    }
    const before = /^\\text\{([^{}]*)\}\s*(.*\d.*)$/s.exec(source);
    if (
      before &&
      !/\\text/.test(before[2]) &&
      /^(?:about|approximately|exactly|at least|\W*|rs\.?|usd)$/i.test(before[1].trim())
    )
      return { quantity: before[2], unit: "", percent: false };
    return none;
  }
  const match = /[a-z]/i.test(source) ? numberAndWords.exec(source) : null;
  if (!match) return none;
  const [, quantity, words] = match;
  const first = /[a-z]+/i.exec(words)![0];
  const spaced = source[quantity.length] === " " || words.startsWith("(");
  if (isMathWord(first) || /^[ap]\.?\s?m\b/i.test(words)) return none;
  const unit = isUnit(first) || (spaced && first.length > 2);
  return unit ? { quantity: quantity.trim(), unit: unitOf(words) || OTHER, percent: false } : none;
}
