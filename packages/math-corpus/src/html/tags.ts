/**
 * Where tags and elements end, and what attributes say.
 *
 * @module
 */

import { decodeHTMLAttribute } from "entities";

const OPEN = 0x3c;
const CLOSE = 0x3e;
const SLASH = 0x2f;

/** The place after the ">" of a tag, from the end of its name on; ">" in quoted values does not count. */
export function tagEnd(html: Uint8Array, from: number): number {
  let at = from;
  while (at < html.length) {
    const byte = html[at++];
    if (byte === CLOSE) return at;
    if (byte !== 0x3d) continue;
    while (isSpace(html[at])) at++;
    const quote = html[at];
    if (quote !== 0x22 && quote !== 0x27) continue;
    at++;
    while (at < html.length && html[at] !== quote) at++;
    at++;
  }
  return html.length;
}

/** The place after a comment, a declaration or a processing instruction that begins at `open`. */
export function declarationEnd(html: Uint8Array, open: number): number {
  const isComment = html[open + 1] === 0x21 && html[open + 2] === 0x2d && html[open + 3] === 0x2d;
  if (!isComment) {
    const end = html.indexOf(CLOSE, open);
    return end < 0 ? html.length : end + 1;
  }
  // The standard ends "<!-->" and "<!--->" at once: their dashes may be those of the beginning.
  for (let end = html.indexOf(CLOSE, open + 4); end >= 0; end = html.indexOf(CLOSE, end + 1))
    if (html[end - 1] === 0x2d && html[end - 2] === 0x2d) return end + 1;
  return html.length;
}

/** Where `</name` stands from `from` on, in either case; the end of the page if nowhere. */
export function findEndTag(html: Uint8Array, name: string, from: number): number {
  for (let at = html.indexOf(OPEN, from); at >= 0; at = html.indexOf(OPEN, at + 1)) {
    if (html[at + 1] !== SLASH || !isNamed(html, at + 2, name)) continue;
    if (!isLetter(html[at + 2 + name.length])) return at;
  }
  return html.length;
}

/** Where the end tag of an element stands in which others of its name may lie; −1 if it is never closed. */
export function findNestedEnd(html: Uint8Array, name: string, from: number): number {
  let depth = 1;
  for (let at = html.indexOf(OPEN, from); at >= 0; at = html.indexOf(OPEN, at + 1)) {
    const closing = html[at + 1] === SLASH;
    const start = at + (closing ? 2 : 1);
    if (!isNamed(html, start, name)) continue;
    const next = html[start + name.length];
    if (next !== CLOSE && next !== SLASH && !isSpace(next)) continue;
    depth += closing ? -1 : 1;
    if (depth === 0) return at;
  }
  return -1;
}

/** The value of an attribute in the text of a start tag, entities decoded. */
export function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(tag);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? undefined : decodeHTMLAttribute(value);
}

/** Whether a name in lower case stands at `at`, in either case. */
function isNamed(html: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = html[at + i];
    if ((isLetter(byte) ? byte | 0x20 : byte) !== name.charCodeAt(i)) return false;
  }
  return true;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isLetter(byte: number): boolean {
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x7a;
}
