/**
 * A replay buffer's storage in a file.
 *
 * @platform node
 * @module
 */

import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ReplayStorage } from "../replay/storage.ts";

/** A file that is open. */
export interface ReplayFile extends ReplayStorage, AsyncDisposable {
  read(): AsyncIterable<string>;
  append(lines: readonly string[]): Promise<void>;
  replace(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a JSONL file for a replay buffer; makes it and its folder if they are missing. Every `append` is forced to the
 * disk before it resolves, and taken back if it fails. A last line without a line break, as a killed process or a power cut
 * leaves it, is cut off when the file is opened, if it begins as records do: a file of something else is left as it is. `replace` writes a file beside it, forces that to the disk and renames it. One process at a time may
 * have a file open.
 *
 * @throws {Error} The system refuses, or the file ends in something else than a record; the message names the file.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { ReplayBuffer } from "@gradus/reward-model";
 *
 * const storage = await openReplayFile(`${await mkdtemp(`${tmpdir()}/gradus-`)}/replay.jsonl`);
 * const buffer = await ReplayBuffer.open({ storage, capacity: 50_000 });
 * console.log(buffer.size); // 0
 * await storage.close();
 * ```
 */
export async function openReplayFile(path: string): Promise<ReplayFile> {
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(path, "a+");
    await cutHalfLine(file, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await file?.close();
    throw explained(`Cannot open ${path}`, error);
  }
  let current = file;
  const close = () => current.close();
  return {
    async *read() {
      const decoder = new TextDecoder();
      const bytes = new Uint8Array(2 ** 16);
      let rest = "";
      for (let at = 0; ; ) {
        const { bytesRead } = await current.read(bytes, 0, bytes.length, at).catch((error: unknown) => {
          throw explained(`Cannot read ${path}`, error);
        });
        if (bytesRead === 0) return;
        at += bytesRead;
        const lines = (rest + decoder.decode(bytes.subarray(0, bytesRead), { stream: true })).split("\n");
        rest = lines.pop() as string;
        yield* lines;
      }
    },
    async append(lines) {
      let size: number | undefined;
      try {
        ({ size } = await current.stat());
        await current.appendFile(textOf(lines));
        await current.datasync();
      } catch (error) {
        // A full disk may have taken half a line, and the next record would be appended to it.
        if (size !== undefined) await current.truncate(size).catch(() => {});
        throw explained(`Cannot write ${path}`, error);
      }
    },
    async replace(lines) {
      const temporary = `${path}.tmp`;
      try {
        const written = await open(temporary, "w");
        try {
          await written.appendFile(textOf(lines));
          await written.sync();
        } finally {
          await written.close();
        }
        await rename(temporary, path);
        await syncFolder(dirname(path));
        const renamed = await open(path, "a+");
        await current.close();
        current = renamed;
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw explained(`Cannot write ${path}`, error);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

/** Cuts off what follows the last line break. Records are read whole at once, so the last piece is looked at in pieces. */
async function cutHalfLine(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(2 ** 14);
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - bytes.length);
    const { bytesRead } = await file.read(bytes, 0, end - start, start);
    const lineBreak = bytes.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineBreak >= 0) {
      end = start + lineBreak + 1;
      break;
    }
    end = start;
  }
  if (end === size) return;
  await file.read(bytes, 0, 1, end);
  if (bytes[0] !== 0x7b) throw new Error(`Cannot open ${path}: it does not end in a record of a replay buffer`);
  await file.truncate(end);
}

/** Forces a folder's entries to the disk, where the system can: Windows opens no folders, and needs no sync of them. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function explained(doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return Object.assign(new Error(`${doing}: ${error.message}`, { cause: error }), { code: error.code });
}
