/**
 * Files that are whole or not there, and JSONL.
 *
 * @platform node
 * @module
 */

import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { formatJsonl, parseJsonl } from "../jsonl.ts";

/**
 * Writes a file under a temporary name, forces it to the disk and moves it into place: a reader, or a crash, finds the
 * old content or the new. Makes the folder if it is missing.
 *
 * @param write Gets a function that takes the file's bytes or text, in order.
 * @returns What `write` returns.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const folder = await mkdtemp(`${tmpdir()}/gradus-`);
 * await writeWhole(`${folder}/greeting.txt`, (write) => write("hello\n"));
 * ```
 */
export async function writeWhole<T>(
  path: string,
  write: (chunk: (bytes: Uint8Array | string) => Promise<void>) => T | Promise<T>,
): Promise<T> {
  const temporary = `${path}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    let result: T;
    try {
      result = await write((bytes) => file.writeFile(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explain(`Cannot write ${path}`, error);
  }
}

/**
 * Writes rows, one JSON value a line; see `writeWhole`.
 *
 * @returns How many rows were written.
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = `${await mkdtemp(`${tmpdir()}/gradus-`)}/rows.jsonl`;
 * await writeJsonl(path, [{ a: 1 }, { a: 2 }]); // 2
 * for await (const row of readJsonl(path)) row; // { a: 1 }, { a: 2 }
 * ```
 */
export function writeJsonl(path: string, rows: Iterable<unknown> | AsyncIterable<unknown>): Promise<number> {
  return writeWhole(path, async (write) => {
    let count = 0;
    let lines = "";
    for await (const row of rows) {
      lines += formatJsonl(row);
      count++;
      if (lines.length < 2 ** 16) continue;
      await write(lines);
      lines = "";
    }
    if (lines) await write(lines);
    return count;
  });
}

/**
 * Reads the values of a JSONL file, line by line.
 *
 * @throws {SyntaxError} A line is not JSON: `Cannot read line 3 of rows.jsonl: …`.
 */
export async function* readJsonl(path: string): AsyncGenerator<unknown> {
  try {
    yield* parseJsonl(createReadStream(path) as AsyncIterable<Uint8Array>);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new SyntaxError(error.message.replace(/^Cannot read line (\d+)/, `$& of ${path}`), { cause: error });
    }
    throw explain(`Cannot read ${path}`, error);
  }
}

/** Forces a folder's entries to the disk, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // Windows opens no folders, and needs no sync of them.
  } finally {
    await folder?.close();
  }
}

/** Says what was tried, where the system only says what it refused. Other errors stay as they are. */
export function explain(doing: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return typeof code === "string" && error instanceof Error && "syscall" in error
    ? Object.assign(new Error(`${doing}: ${message}`, { cause: error }), { code })
    : error;
}
