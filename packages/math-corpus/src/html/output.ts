/**
 * Text of a page as it grows, in UTF-8: white space collapses, blocks begin lines.
 *
 * The loops here see every byte of every page. They run on bytes, not on strings: a page of a crawl comes as bytes, three
 * quarters of them are tags, and one "é" makes the decoded string of the whole page twice as long (measured: decoding took
 * more time than all that is done here).
 *
 * @module
 */

import { entity } from "./entity.ts";

/** Nothing, a space or a new line is due before the next character. */
export const NOTHING = 0;
export const SPACE_DUE = 1;
export const LINE_DUE = 2;

/** A text under way. */
export interface Output {
  bytes: Uint8Array;
  length: number;
  due: typeof NOTHING | typeof SPACE_DUE | typeof LINE_DUE;
  /** Length up to the last character that is no white space: preformatted white space at a block's end goes. */
  solid: number;
}

const TEXT = 0;
const WHITE = 1;
const OPEN = 2;
const AMPERSAND = 3;
/** First byte of U+00A0, which counts as white space. */
const MAYBE_NO_BREAK = 4;
const kinds = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]) kinds[byte] = WHITE;
kinds[0x3c] = OPEN;
kinds[0x26] = AMPERSAND;
kinds[0xc2] = MAYBE_NO_BREAK;

/** Copies text up to the next tag; runs of white space become one space. Returns where the tag begins, or the end. */
export function copyText(html: Uint8Array, from: number, output: Output): number {
  const { bytes } = output;
  let { length, due } = output;
  let at = from;
  for (; at < html.length; at++) {
    const byte = html[at];
    const kind = kinds[byte];
    if (kind !== TEXT) {
      if (kind === WHITE) {
        if (due === NOTHING) due = SPACE_DUE;
        continue;
      }
      if (kind === OPEN) {
        if (beginsTag(html[at + 1])) break;
      } else if (kind === AMPERSAND) {
        const { decoded, end } = entity(html, at);
        output.length = length;
        output.due = due;
        appendCollapsed(output, decoded);
        ({ length, due } = output);
        at = end - 1;
        continue;
      } else if (html[at + 1] === 0xa0) {
        if (due === NOTHING) due = SPACE_DUE;
        at++;
        continue;
      }
    }
    if (due !== NOTHING) {
      if (length > 0) bytes[length++] = due === LINE_DUE ? 0x0a : 0x20;
      due = NOTHING;
    }
    bytes[length++] = byte;
  }
  output.length = length;
  output.due = due;
  output.solid = length;
  return at;
}

/** The same within `<pre>`, where white space stays. */
export function copyPreformatted(html: Uint8Array, from: number, output: Output): number {
  let at = from;
  // The standard drops a line break that follows the tag.
  if (output.due === LINE_DUE) {
    if (html[at] === 0x0d) at++;
    if (html[at] === 0x0a) at++;
  }
  for (; at < html.length; at++) {
    const byte = html[at];
    if (byte === 0x0d) continue;
    if (byte === 0x3c && beginsTag(html[at + 1])) break;
    settle(output);
    let solid = kinds[byte] !== WHITE;
    if (byte === 0x26) {
      const { decoded, end } = entity(html, at);
      for (const each of decoded) output.bytes[output.length++] = each;
      solid = !isNoBreak(decoded, 0);
      at = end - 1;
    } else if (isNoBreak(html, at)) {
      output.bytes[output.length++] = byte;
      output.bytes[output.length++] = html[++at];
      solid = false;
    } else output.bytes[output.length++] = byte;
    if (solid) output.solid = output.length;
  }
  return at;
}

/** Appends text that has no markup left; white space collapses. */
export function appendCollapsed(output: Output, text: Uint8Array): void {
  for (let i = 0; i < text.length; i++) {
    const noBreak = isNoBreak(text, i);
    if (noBreak) i++;
    if (noBreak || kinds[text[i]] === WHITE) {
      if (output.due === NOTHING) output.due = SPACE_DUE;
      continue;
    }
    settle(output);
    output.bytes[output.length++] = text[i];
  }
  output.solid = output.length;
}

/** A block begins or ends. */
export function endLine(output: Output): void {
  output.length = output.solid;
  output.due = LINE_DUE;
}

/** Writes what is due. */
function settle(output: Output): void {
  if (output.due === NOTHING) return;
  if (output.length > 0) output.bytes[output.length++] = output.due === LINE_DUE ? 0x0a : 0x20;
  output.due = NOTHING;
}

/** Whether U+00A0 stands there. */
function isNoBreak(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xc2 && bytes[at + 1] === 0xa0;
}

/** Whether a tag, an end tag, a comment or a declaration begins with this byte after "<". */
function beginsTag(byte: number): boolean {
  const letter = byte | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || byte === 0x2f || byte === 0x21 || byte === 0x3f;
}
