/**
 * Text that grows: white space collapses, blocks begin lines.
 *
 * @module
 */

/** A text under way. */
export interface Lines {
  text: string;
  /** A space is due before the next character. */
  space: boolean;
  /** A new line is due before the next character. */
  line: boolean;
}

const irregular = /[\t\n\v\f\r\u00a0]| {2}/;
const runs = /[ \t\n\v\f\r\u00a0]+/g;

/** Appends text; runs of white space become one space, or stay as they are if `preformatted`. */
export function appendCollapsed(lines: Lines, text: string, preformatted: boolean): void {
  const flat = preformatted ? text.replaceAll("\r", "") : irregular.test(text) ? text.replace(runs, " ") : text;
  if (preformatted && flat !== "" && flat.trim() !== "") {
    const body = lines.line ? flat.replace(/^\n/, "") : flat;
    lines.text += before(lines) + body.replace(/\s+$/, "");
    lines.space = false;
    lines.line = /\n\s*$/.test(body);
    if (!lines.line) lines.space = /\s$/.test(body);
    return;
  }
  if (flat === "") return;
  if (flat === " " || flat.trim() === "") {
    lines.space = true;
    return;
  }
  const first = flat.charCodeAt(0) === 0x20 ? 1 : 0;
  if (first) lines.space = true;
  const last = flat.charCodeAt(flat.length - 1) === 0x20 ? 1 : 0;
  lines.text += before(lines) + (first || last ? flat.slice(first, flat.length - last) : flat);
  lines.space = last > 0;
  lines.line = false;
}

function before({ text, line, space }: Lines): string {
  if (text === "") return "";
  return line ? "\n" : space ? " " : "";
}
