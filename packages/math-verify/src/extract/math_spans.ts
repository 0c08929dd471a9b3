/**
 * Finds formulas in prose: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`. Dollars that stand for money are left alone: an inline
 * formula ends on its line, its closing dollar is not followed by a digit, and it is no sentence.
 *
 * @module
 */
import type { Span } from "./boxed.ts";

const opening = /\\[([]|\$\$?|\\begin\{((?:equation|align|aligned|gather|multline|displaymath|math)\*?)\}/g;
const sentence = /(?:^|\s)(?!and\b|or\b)[a-z]{2,}\s+(?!and\b|or\b)[a-z]{2,}(?:\s|$)/i;

/** All formulas in `text`, in order. */
export function findMath(text: string): Span[] {
  const spans: Span[] = [];
  if (!/[$\\]/.test(text)) return spans;
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const start = match.index;
    const mark = match[0];
    if (start > 0 && text[start - 1] === "\\") continue;
    const close = match[1] ? `\\end{${match[1]}}` : mark === "\\(" ? "\\)" : mark === "\\[" ? "\\]" : mark;
    const from = start + mark.length;
    const to = closing(text, close, from);
    if (to < 0) continue;
    const content = text.slice(from, to);
    const inline = mark === "$" || mark === "\\(";
    if (inline && content.includes("\n")) continue;
    if (mark === "$" && isMoney(content, text[to + 1])) {
      opening.lastIndex = from;
      continue;
    }
    if (content.trim()) spans.push({ content, start, end: to + close.length });
    opening.lastIndex = to + close.length;
  }
  return spans;
}

function closing(text: string, close: string, from: number): number {
  if (close !== "$") return text.indexOf(close, from);
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "$") return i;
    else if (text[i] === "\n" && i > from + 2000) return -1;
  }
  return -1;
}

function isMoney(content: string, after: string | undefined): boolean {
  if (after !== undefined && after >= "0" && after <= "9") return true;
  return !content.includes("\\text") && sentence.test(content.replace(/\\[a-zA-Z]+/g, "#"));
}

/** Inline formulas that are broken over lines, of which nothing is read. */
export const broken: RegExp = /\$[ \t]*\n[^$\n]{0,200}\n[ \t]*\$(?!\$)|\\\([ \t]*\n[^\n]{0,200}\n[ \t]*\\\)/g;
