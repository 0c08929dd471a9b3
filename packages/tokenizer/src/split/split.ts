/**
 * Pre-tokenizers that split a text, as Hugging Face's library defines them. All speak in spans: a flat list of start and
 * end, in UTF-16 code units.
 */

/** What becomes of the matches: pieces by themselves, nothing, or part of a neighbour. */
export type SplitBehavior = "Isolated" | "Removed" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** Splits a text into spans: start, end, start, end … */
export type Split = (text: string) => number[];

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

function combine(parts: Part[], behavior: SplitBehavior): number[] {
  const spans: number[] = [];
  let previous = false;
  switch (behavior) {
    case "Isolated":
      for (const [start, end] of parts) spans.push(start, end);
      break;
    case "Removed":
      for (const [start, end, match] of parts) if (!match) spans.push(start, end);
      break;
    case "Contiguous":
      for (const [start, end, match] of parts) {
        if (match === previous && spans.length) spans[spans.length - 1] = end;
        else spans.push(start, end);
        previous = match;
      }
      break;
    case "MergedWithPrevious":
      for (const [start, end, match] of parts) {
        if (match && !previous && spans.length) spans[spans.length - 1] = end;
        else spans.push(start, end);
        previous = match;
      }
      break;
    case "MergedWithNext":
      // From the end, so that a match joins what has been seen: spans grow to the left.
      for (const [start, end, match] of parts.reverse()) {
        if (match && !previous && spans.length) spans[spans.length - 1] = start;
        else spans.push(end, start);
        previous = match;
      }
      spans.reverse();
  }
  return spans;
}

/** A text as a regular expression that matches it. */
export function escapeText(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}
