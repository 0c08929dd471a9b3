/**
 * Where tags end, and what attributes say.
 *
 * @module
 */

import { decodeHTMLAttribute } from "entities";

/** The place after the ">" of a tag, from the end of its name on; ">" in quoted values does not count. */
export function tagEnd(html: string, from: number): number {
  let close = html.indexOf(">", from);
  if (close < 0) return html.length;
  let equals = html.indexOf("=", from);
  while (equals >= 0 && equals < close) {
    let value = equals + 1;
    while (isSpace(html.charCodeAt(value))) value++;
    const quote = html[value];
    if (quote === '"' || quote === "'") {
      const end = html.indexOf(quote, value + 1);
      if (end < 0) return html.length;
      if (end > close) {
        close = html.indexOf(">", end);
        if (close < 0) return html.length;
      }
      value = end + 1;
    }
    equals = html.indexOf("=", value);
  }
  return close + 1;
}

/** Where `</name` stands from `from` on, in either case; the end of the page if nowhere. */
export function findEndTag(html: string, name: string, from: number): number {
  for (let at = html.indexOf("</", from); at >= 0; at = html.indexOf("</", at + 2)) {
    const end = at + 2 + name.length;
    if (html.slice(at + 2, end).toLowerCase() === name && !isLetter(html.charCodeAt(end))) return at;
  }
  return html.length;
}

/** The value of an attribute in the text of a start tag, entities decoded. */
export function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(tag);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? undefined : decodeHTMLAttribute(value);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function isLetter(unit: number): boolean {
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x7a;
}
