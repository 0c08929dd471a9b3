/**
 * Small files that are whole or not there, and file errors in words.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file of that name is in the way",
  EISDIR: "it is a directory",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a directory",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/**
 * `Cannot write run.json: no space left on the device`, with the system's error as cause.
 *
 * @example
 * ```ts
 * fileError("Cannot write run.json", Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })).message;
 * ```
 */
export function fileError(doing: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new Error(`${doing}: ${reasons[code ?? ""] ?? message}`, { cause });
}

/** Writes a file under a temporary name and moves it into place: a reader, or a kill, finds the old or the new content. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await makeDirectory(dirname(path));
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw (error as NodeJS.ErrnoException).code ? fileError(`Cannot write ${path}`, error) : error;
  }
}

/** Reads JSON. Errors name the file. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw fileError(`Cannot read ${path}`, error);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read ${path}: it is not valid JSON`);
  }
}

/** Makes a directory and those above it. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(`Cannot make the directory ${path}`, await reasonOf(error as NodeJS.ErrnoException, path));
  }
}

/** Node's recursive `mkdir` says "no such file" of a read-only file system: the first missing folder alone tells. */
async function reasonOf(error: NodeJS.ErrnoException, path: string): Promise<unknown> {
  if (error.code !== "ENOENT") return error;
  let first = resolve(path);
  while (!existsSync(dirname(first))) first = dirname(first);
  return await mkdir(first).then(
    () => error,
    (reason: unknown) => reason,
  );
}
