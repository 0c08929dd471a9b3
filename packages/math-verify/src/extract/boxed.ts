/**
 * `\boxed{…}` and `\fbox{…}`, with balanced braces.
 *
 * @module
 */

/** A part of a text: `content` is what counts, `start` and `end` enclose all of it. */
export interface Span {
  readonly content: string;
  readonly start: number;
  readonly end: number;
}

const command = /\\(?:boxed|fbox)(?![a-zA-Z])\s*/g;

/** At most this many boxes are read, the last ones. */
const MAX_BOXES = 64;

/** All boxes in `text` in order; a box that is not closed ends with the line. Boxes inside of boxes are not listed. */
export function findBoxes(text: string): Span[] {
  if (!text.includes("box")) return [];
  const starts = [...text.matchAll(command)].slice(-MAX_BOXES);
  const boxes: Span[] = [];
  for (const match of starts) {
    const start = match.index;
    if (boxes.length && start < boxes[boxes.length - 1].end) continue;
    boxes.push(boxAt(text, start, start + match[0].length));
  }
  return boxes;
}

function boxAt(text: string, start: number, open: number): Span {
  if (text[open] !== "{") {
    const [content] = /^[^\s$]*/.exec(text.slice(open, open + 200))!;
    return { content: content.replace(/[.,;]+$/, ""), start, end: open + content.length };
  }
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return { content: text.slice(open + 1, i), start, end: i + 1 };
  }
  const newline = text.indexOf("\n", open);
  const end = newline < 0 ? text.length : newline;
  return { content: text.slice(open + 1, end).replace(/[\s$]+$/, ""), start, end };
}
