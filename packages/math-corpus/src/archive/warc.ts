/**
 * Records of WARC files (ISO 28500), which crawls are published in; WET files are WARC files of extracted text.
 *
 * @module
 */

import { checkInteger, checkKeys } from "../check.ts";

/** One record. */
export interface WarcRecord {
  /** `WARC-Type`: `response`, `conversion` (of WET files), `request`, `warcinfo` … */
  readonly type: string;
  /** Header fields, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The block, valid until the next record is asked for: copy what shall stay. Empty for records that `types` leaves out and for those longer than `maxBytes`. */
  readonly content: Uint8Array;
}

/** What to read. */
export interface WarcOptions {
  /** Types of records whose content is read, others come without. Default `["response", "conversion"]`. */
  readonly types?: readonly string[];
  /** Longest content that is held in memory; longer ones are skipped. Default 16 MiB. */
  readonly maxBytes?: number;
}

const HEADER_LIMIT = 2 ** 20;
const BLANK = new Uint8Array();
const ascii = new TextDecoder();

/**
 * Reads the records of a WARC file that comes in pieces, not compressed. Holds one record at a time.
 *
 * @throws {SyntaxError} What comes is no WARC file, or ends within a record.
 *
 * @example
 * ```ts
 * const text = "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://a.org/\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n";
 * for await (const { headers, content } of readWarc([new TextEncoder().encode(text)])) {
 *   headers.get("warc-target-uri"); // "http://a.org/"
 *   new TextDecoder().decode(content); // "hello"
 * }
 * ```
 */
export async function* readWarc(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WarcOptions = {},
): AsyncGenerator<WarcRecord> {
  checkKeys("read WARC", options, ["types", "maxBytes"]);
  const { types = ["response", "conversion"], maxBytes = 2 ** 24 } = options;
  checkInteger("read WARC", "maxBytes", maxBytes, 0);
  // One room for what was not read yet: the rest of a chunk moves to its beginning, the next one comes behind it.
  let room: Uint8Array = BLANK;
  let buffer: Uint8Array = BLANK;
  let record = 0;
  /** Headers are being looked for, or this many bytes of content are still to be passed over. */
  let skip = 0;
  for await (const chunk of chunks) {
    const rest = buffer.length;
    if (room.length < rest + chunk.length) {
      room = new Uint8Array(2 * (rest + chunk.length));
      room.set(buffer);
    } else room.copyWithin(0, buffer.byteOffset, buffer.byteOffset + rest);
    room.set(chunk, rest);
    buffer = room.subarray(0, rest + chunk.length);
    let at = 0;
    for (;;) {
      if (skip > 0) {
        const passed = Math.min(skip, buffer.length - at);
        at += passed;
        skip -= passed;
        if (skip > 0) break;
      }
      while (buffer[at] === 13 || buffer[at] === 10) at++;
      const end = endOfHeaders(buffer, at);
      if (end < 0) {
        if (buffer.length - at > HEADER_LIMIT || !looksLikeWarc(buffer, at)) throw notWarc(record, buffer, at);
        break;
      }
      if (!looksLikeWarc(buffer, at)) throw notWarc(record, buffer, at);
      const headers = parseHeaders(ascii.decode(buffer.subarray(at, end)));
      const length = Number(headers.get("content-length") ?? Number.NaN);
      if (!(Number.isSafeInteger(length) && length >= 0)) {
        throw new SyntaxError(
          `Cannot read WARC record ${record}: expected a Content-Length, found ${headers.get("content-length")}`,
        );
      }
      const type = (headers.get("warc-type") ?? "").toLowerCase();
      const wanted = types.includes(type) && length <= maxBytes;
      if (wanted && end + length > buffer.length) break;
      record++;
      if (wanted) {
        yield { type, headers, content: buffer.subarray(end, end + length) };
        at = end + length;
      } else {
        yield { type, headers, content: BLANK };
        at = end;
        skip = length;
      }
    }
    buffer = buffer.subarray(at);
  }
  if (skip > 0 || buffer.some((byte) => byte !== 13 && byte !== 10))
    throw new SyntaxError(`Cannot read WARC record ${record}: the file ends within it`);
}

function looksLikeWarc(buffer: Uint8Array, at: number): boolean {
  const magic = "WARC/";
  for (let i = 0; i < magic.length && at + i < buffer.length; i++)
    if (buffer[at + i] !== magic.charCodeAt(i)) return false;
  return true;
}

function notWarc(record: number, buffer: Uint8Array, at: number): SyntaxError {
  const found = JSON.stringify(ascii.decode(buffer.subarray(at, at + 20)));
  return new SyntaxError(`Cannot read WARC record ${record}: expected it to begin with "WARC/", found ${found}`);
}

/** The place after the empty line, or −1. Lines may end in LF alone. */
function endOfHeaders(buffer: Uint8Array, from: number): number {
  for (let at = buffer.indexOf(10, from); at >= 0; at = buffer.indexOf(10, at + 1)) {
    if (buffer[at + 1] === 10) return at + 2;
    if (buffer[at + 1] === 13 && buffer[at + 2] === 10) return at + 3;
  }
  return -1;
}

/** Fields of a header, after its first line; names in lower case, lines that go on joined. */
export function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  const lines = text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/);
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
