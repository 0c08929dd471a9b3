/**
 * Pages of files: WARC and WET, JSONL, Parquet; gzip is undone.
 *
 * @platform node
 * @module
 */

import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip, type ZlibOptions } from "node:zlib";
import { parseJsonl } from "@gradus/sft-packing";
import { asStrings, type Page, type RawPage, rawPageOf } from "../archive/page.ts";
import { readWarc } from "../archive/warc.ts";
import { checkText, shown } from "../check.ts";

/** How far a reader is. */
export interface ReadPosition {
  /** Bytes of the file that were read, compressed as they lie there. */
  bytes: number;
  /** Records without a page: redirects, images, failed requests. */
  skipped: number;
}

/**
 * The pages of a file, one at a time: `.warc`, `.wet`, `.jsonl`, each also with `.gz`, and `.parquet`. Rows of the last
 * two have a `url` and `text` or `html`.
 *
 * @param position Is kept up to date, for progress.
 * @throws {RangeError} The name ends otherwise.
 * @throws {SyntaxError} The file is not what its name says, or ends too early; the message names it.
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = `${await mkdtemp(`${tmpdir()}/gradus-`)}/pages.jsonl`;
 * await writeFile(path, '{"url":"http://a.org/","text":"hello"}\n');
 * for await (const { url, text } of readPages(path)) console.log(url, text);
 * ```
 */
export async function* readPages(path: string, position?: ReadPosition): AsyncGenerator<Page> {
  for await (const page of readRawPages(path, position)) yield asStrings(page);
}

/** The same with bytes where the file has UTF-8; they are overwritten when the next page is asked for. */
export async function* readRawPages(path: string, position?: ReadPosition): AsyncGenerator<RawPage> {
  checkText("read pages", "path", path);
  const kind = /\.(warc|wet|jsonl|parquet)(\.gz)?$/.exec(path);
  if (!kind) {
    throw new RangeError(`Cannot read pages of ${path}: expected .warc, .wet, .jsonl (each also with .gz) or .parquet`);
  }
  const state = position ?? { bytes: 0, skipped: 0 };
  try {
    if (kind[1] === "parquet") yield* readRowsOf(path, state);
    else if (kind[1] === "jsonl") {
      let line = 0;
      for await (const row of parseJsonl(bytesOf(path, kind[2] !== undefined, state)))
        yield checkPage(row, `row ${++line}`);
    } else {
      for await (const record of readWarc(bytesOf(path, kind[2] !== undefined, state))) {
        const page = rawPageOf(record);
        if (page) yield page;
        else state.skipped++;
      }
    }
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof SyntaxError || (error as { code?: string }).code?.startsWith("Z_"))
      throw new SyntaxError(`Cannot read ${path}: ${message}`, { cause: error });
    throw error;
  }
}

/** The bytes of a file, gzip with any number of members undone. */
async function* bytesOf(path: string, gzip: boolean, state: ReadPosition): AsyncGenerator<Uint8Array> {
  const file: ReadStream = createReadStream(path, { highWaterMark: 2 ** 18 });
  file.on("data", (chunk) => {
    state.bytes += chunk.length;
  });
  if (!gzip) {
    yield* file;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 2 ** 18, readableHighWaterMark: 2 ** 20 } as ZlibOptions);
  file.on("error", (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } finally {
    file.destroy();
  }
}

async function* readRowsOf(path: string, state: ReadPosition): AsyncGenerator<Page> {
  const [{ asyncBufferFromFile }, { readRows }, { COMPRESSORS: compressors }] = await Promise.all([
    import("hyparquet"),
    import("@gradus/sft-packing/parquet"),
    import("./compression.ts"),
  ]);
  const { size } = await stat(path);
  let row = 0;
  for await (const page of readRows(await asyncBufferFromFile(path), { compressors }))
    yield checkPage(page, `row ${row++}`);
  state.bytes += size;
}

function checkPage(row: unknown, name: string): Page {
  const { url, text, html } = (row ?? {}) as Record<string, unknown>;
  const isText = typeof text === "string" || typeof html === "string";
  if (typeof url !== "string" || !isText)
    throw new SyntaxError(`${name} must have a url and text or html, found ${shown(row)}`);
  return row as Page;
}
