/**
 * Reads a benchmark's rows from a file or an address.
 *
 * @platform node
 * @module
 */

import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type Problem, readProblems, type Task } from "../tasks/task.ts";

/** What is read of a file. */
export interface LoadOptions {
  /** Only the first so many rows. Default: all. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/**
 * The problems of a JSON Lines, JSON, TSV (question and answer) or Parquet file, also gzipped, on disk or at an address.
 * Parquet needs `hyparquet` to be installed. Nothing is fetched unless `from` is an address.
 *
 * @throws {Error} The file cannot be read or has another form; the message names it.
 *
 * @example
 * ```ts ignore
 * const problems = await loadProblems(tasks.gsm8k, "https://huggingface.co/datasets/openai/gsm8k/resolve/main/main/test-00000-of-00001.parquet");
 * ```
 */
export async function loadProblems(task: Task, from: string | URL, options: LoadOptions = {}): Promise<Problem[]> {
  const name = String(from);
  let bytes = await readBytes(from, options.signal);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  let rows: unknown[];
  try {
    rows = await parseRows(bytes);
  } catch (error) {
    throw new Error(`Cannot read ${name}: ${(error as Error).message}`, { cause: error });
  }
  if (rows.length === 0) throw new Error(`Cannot read ${name}: there is no problem in it`);
  try {
    return readProblems(task, rows.slice(0, options.limit));
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

async function readBytes(from: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
  const name = String(from);
  if (/^https?:/.test(name)) {
    const response = await fetch(from, { signal });
    if (!response.ok) throw new Error(`Cannot read ${name}: the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }
  try {
    return await readFile(name.startsWith("file:") ? new URL(name) : name, { signal });
  } catch (error) {
    throw new Error(`Cannot read ${name}: ${(error as Error).message}`, { cause: error });
  }
}

async function parseRows(bytes: Uint8Array): Promise<unknown[]> {
  if (new TextDecoder().decode(bytes.subarray(0, 4)) === "PAR1") {
    const { parquetReadObjects } = await import("hyparquet");
    const { buffer, byteOffset, byteLength } = bytes;
    return parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer });
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  if (text.trimStart().startsWith("[")) return JSON.parse(text);
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  return lines
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => {
      if (!line.trimStart().startsWith("{")) {
        const [question, answer, ...rest] = line.split("\t");
        if (answer === undefined || rest.length)
          throw new Error(`line ${number} is neither JSON nor "question<tab>answer"`);
        return { question, answer };
      }
      try {
        return JSON.parse(line);
      } catch (error) {
        throw new Error(`line ${number}: ${(error as Error).message}`);
      }
    });
}
