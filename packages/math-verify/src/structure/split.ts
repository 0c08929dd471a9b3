/**
 * Cuts a normalised answer at separators that stand outside of all brackets.
 *
 * @module
 */

/** A part of a text and the separator before it (empty for the first). */
export interface Part {
  readonly text: string;
  readonly separator: string;
}

const token = /\\begin|\\end|\\langle|\\rangle|\\lfloor|\\lceil|\\rfloor|\\rceil|\\[{}]|\\\\|[([{}\])]/y;
const deeper = new Set(["\\begin", "\\langle", "\\lfloor", "\\lceil", "\\{", "(", "[", "{"]);

/** The parts of `text` between matches of `separator` (a sticky expression) at depth 0. */
export function splitTop(text: string, separator: RegExp): Part[] {
  const parts: Part[] = [];
  let depth = 0;
  let start = 0;
  let before = "";
  for (let i = 0; i < text.length; ) {
    token.lastIndex = i;
    const bracket = token.exec(text)?.[0];
    if (bracket !== undefined) {
      if (deeper.has(bracket)) depth++;
      else if (bracket !== "\\\\") depth--;
      i += bracket.length;
      continue;
    }
    if (depth === 0) {
      separator.lastIndex = i;
      const match = separator.exec(text)?.[0];
      if (match) {
        parts.push({ text: text.slice(start, i).trim(), separator: before });
        before = match.trim();
        i += match.length;
        start = i;
        continue;
      }
    }
    // A command or word is stepped over whole, so that no separator is found inside of it.
    if (text[i] === "\\") i++;
    if (isLetter(text.charCodeAt(i))) while (isLetter(text.charCodeAt(i))) i++;
    else i++;
  }
  parts.push({ text: text.slice(start).trim(), separator: before });
  return parts;
}

const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

/** Whether one pair of brackets encloses all of `text`. */
export function isEnclosed(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; ) {
    token.lastIndex = i;
    const bracket = token.exec(text)?.[0];
    if (bracket === undefined) {
      if (depth === 0) return false;
      i++;
      continue;
    }
    if (deeper.has(bracket)) depth++;
    else if (bracket !== "\\\\") depth--;
    i += bracket.length;
    if (depth === 0 && i < text.length) return false;
    if (depth < 0) return false;
  }
  return depth === 0 && text.length > 1;
}
