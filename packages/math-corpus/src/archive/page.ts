/**
 * Pages out of WARC records.
 *
 * @module
 */

import { parseHeaders, type WarcRecord } from "./warc.ts";

/** A page as it comes in: its text, or HTML that has one. */
export interface Page {
  readonly url: string;
  readonly text?: string;
  readonly html?: string;
}

/** A page whose text or HTML may be bytes still, in UTF-8. Bytes are overwritten when the next record is read. */
export interface RawPage {
  readonly url: string;
  readonly text?: string | Uint8Array;
  readonly html?: string | Uint8Array;
}

/**
 * The page in a record: of a WET file's `conversion`, its text; of a `response` with status 200, its HTML or plain text.
 * Undefined for everything else: redirects, images, what is compressed within the record.
 *
 * @example
 * ```ts
 * const content = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>π");
 * const headers = new Map([["warc-target-uri", "http://a.org/"]]);
 * pageOf({ type: "response", headers, content }); // { url: "http://a.org/", html: "<p>π" }
 * ```
 */
export function pageOf(record: WarcRecord): Page | undefined {
  const page = rawPageOf(record);
  return page && asStrings(page);
}

/** The same with bytes where the record has UTF-8, which saves a string of every page. */
export function rawPageOf({ type, headers, content }: WarcRecord): RawPage | undefined {
  const url = headers.get("warc-target-uri")?.replace(/^<|>$/g, "");
  if (!url || content.length === 0) return undefined;
  if (type === "conversion") return { url, text: withoutMark(content) };
  if (type !== "response") return undefined;
  const split = endOfHead(content);
  if (split < 0) return undefined;
  const head = utf8.decode(content.subarray(0, split));
  if (!/^HTTP\/\S+ 200\b/.test(head)) return undefined;
  const http = parseHeaders(head);
  if (/gzip|deflate|br|zstd|compress/i.test(http.get("content-encoding") ?? "")) return undefined;
  const kind = http.get("content-type") ?? "text/html";
  if (!/^\s*(text\/(html|plain)|application\/xhtml\+xml)/i.test(kind)) return undefined;
  const raw = content.subarray(split);
  const body = /chunked/i.test(http.get("transfer-encoding") ?? "") ? dechunk(raw) : raw;
  const text = decode(body, charsetOf(kind, body));
  return /^\s*text\/plain/i.test(kind) ? { url, text } : { url, html: text };
}

/** A page as strings. */
export function asStrings({ url, text, html }: RawPage): Page {
  return html === undefined ? { url, text: asString(text ?? "") } : { url, html: asString(html) };
}

/** A text as a string, be it one or UTF-8. */
export function asString(text: string | Uint8Array): string {
  return typeof text === "string" ? text : utf8.decode(text);
}

const utf8 = new TextDecoder();
const decoders = new Map<string, TextDecoder>([["utf-8", utf8]]);

/** The character set that the header names, or the page's first 1024 bytes; UTF-8 without either. */
function charsetOf(contentType: string, body: Uint8Array): string {
  const named = /charset\s*=\s*["']?([\w-]+)/i.exec(contentType);
  if (named) return named[1].toLowerCase();
  const start = latin1(body.subarray(0, 1024));
  return (/<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1] ?? "utf-8").toLowerCase();
}

/** Bytes of another character set as a string; UTF-8, and what nobody knows, as they are. */
function decode(bytes: Uint8Array, charset: string): string | Uint8Array {
  let decoder = decoders.get(charset);
  if (!decoder) {
    try {
      decoder = new TextDecoder(charset);
    } catch {
      decoder = utf8;
    }
    decoders.set(charset, decoder.encoding === "utf-8" ? utf8 : decoder);
  }
  return decoders.get(charset) === utf8 ? withoutMark(bytes) : decoder.decode(bytes);
}

/** UTF-8 without a byte order mark. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

/** Undoes HTTP's chunked encoding; what is no such encoding stays as it is. */
function dechunk(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  let length = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return bytes;
    const size = Number.parseInt(latin1(bytes.subarray(at, Math.min(end, at + 20))), 16);
    if (!(size >= 0)) return bytes;
    if (size === 0) break;
    parts.push(bytes.subarray(end + 1, end + 1 + size));
    length += parts[parts.length - 1].length;
    at = end + 1 + size + 2;
  }
  const whole = new Uint8Array(length);
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}
