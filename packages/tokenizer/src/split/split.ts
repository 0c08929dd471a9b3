/**
 * Pre-tokenizers that split a text, as Hugging Face's library defines them. All speak in spans: start and end, in
 * UTF-16 code units.
 */

/** What becomes of the matches: pieces by themselves, nothing, or part of a neighbour. */
export type SplitBehavior = "Isolated" | "Removed" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** Splits a text into spans. */
export type Split = (text: string) => (readonly [start: number, end: number, match: boolean])[];

/** All behaviours. */
export const behaviors: readonly SplitBehavior[] = [
  "Isolated",
  "Removed",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/**
 * Splits at the matches of a pattern.
 *
 * @param pattern A global regular expression.
 * @param behavior What becomes of the matches.
 * @param invert Whether what lies between the matches counts as match, and the matches do not.
 */
export function splitBy(pattern: RegExp, behavior: SplitBehavior, invert = false): Split {
  return (text) => {
    const parts: Part[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > end) parts.push([end, match.index, invert]);
      end = match.index + match[0].length;
      if (match[0]) parts.push([match.index, end, !invert]);
    }
    if (end < text.length) parts.push([end, text.length, invert]);
    return combine(parts, behavior);
  };
}

/** Start, end, whether it is a match. */
type Part = [number, number, boolean];

function combine(parts: Part[], behavior: SplitBehavior): Part[] {
  if (behavior === "Removed") return parts.filter(([, , match]) => !match);
  if (behavior === "Isolated") return parts;
  // From the end, so that a match joins what has been seen: spans grow to the left.
  const toNext = behavior === "MergedWithNext";
  const spans: Part[] = [];
  let previous = false;
  for (const part of toNext ? parts.reverse() : parts) {
    const match = part[2];
    const last = spans.at(-1);
    const joins = behavior === "Contiguous" ? match === previous : match && !previous;
    if (!joins || !last) spans.push(part);
    else if (toNext) last[0] = part[0];
    else last[1] = part[1];
    previous = match;
  }
  return toNext ? spans.reverse() : spans;
}

/** A text as a regular expression that matches it. */
export function escapeText(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}
