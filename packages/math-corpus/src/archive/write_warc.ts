/**
 * WARC records of pages, to make test data and to hand crawls on.
 *
 * @module
 */

import type { Page } from "./page.ts";

/**
 * A page as a WARC record: a `response` of its HTML, or a WET file's `conversion` of its text. Compress each record for
 * itself (one gzip member a record) for a file that others can read from the middle.
 *
 * @example
 * ```ts
 * const record = formatWarc({ url: "http://a.org/", text: "hello" });
 * for await (const { type } of readWarc([record])) type; // "conversion"
 * ```
 */
export function formatWarc({ url, html, text }: Page, date: Date = new Date(0)): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const head = html === undefined ? "" : "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
  const content = encoder.encode(head + (html ?? text ?? ""));
  const type = html === undefined ? "conversion" : "response";
  const mime = html === undefined ? "text/plain" : "application/http; msgtype=response";
  const header = encoder.encode(
    `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Target-URI: ${url}\r\nWARC-Date: ${date.toISOString()}\r\nContent-Type: ${mime}\r\nContent-Length: ${content.length}\r\n\r\n`,
  );
  const record = new Uint8Array(header.length + content.length + 4);
  record.set(header);
  record.set(content, header.length);
  record.set([13, 10, 13, 10], header.length + content.length);
  return record;
}
