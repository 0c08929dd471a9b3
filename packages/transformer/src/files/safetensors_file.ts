/**
 * safetensors on disk: streamed out without a second copy in memory, read in one go.
 */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { XxHash32 } from "./checksum.ts";
import { fileError } from "./file_errors.ts";
import {
  checksumDigits,
  decodeSafetensors,
  layoutSafetensors,
  type SafetensorsFile,
  type Tensor,
} from "./safetensors.ts";

/** One read or write call moves at most this much (Node's own limit is 2 GiB − 1). */
const chunk = 2 ** 30;

/**
 * Write a safetensors file so that `path` holds either the old content or the new, whatever happens.
 *
 * The bytes go to a temporary name in the same folder, are flushed to the disk, and take the name `path` in one step.
 * If anything fails, the temporary file is removed and `path` stays as it was. The tensors must not change before the
 * promise settles.
 *
 * @param path Where to write.
 * @param tensors Name → tensor.
 * @param metadata Free text for the header.
 * @throws {Error} If the file cannot be written (no space, no permission, no such folder …), with the system's error as
 *   `cause`.
 * @throws {TypeError|RangeError} As `encodeSafetensors`.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = `${await mkdtemp(`${tmpdir()}/weights-`)}/weights.safetensors`;
 * await writeSafetensors(path, { w: { shape: [2], dtype: "F32", data: Float32Array.of(1, 2) } });
 * deepEqual((await readSafetensors(path)).tensors.w.data, Float32Array.of(1, 2));
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): Promise<void> {
  const temporary = `${path}.tmp-${crypto.randomUUID()}`;
  const layout = layoutSafetensors(tensors, metadata);
  try {
    await writeLayout(temporary, layout);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError(`Cannot write ${path}`, error);
  }
}

/** Write to a name that does not exist yet, without temporary name and renaming; system errors come through as they are. */
export async function writeLayout(
  path: string,
  { header, checksumAt, pieces }: ReturnType<typeof layoutSafetensors>,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    const hash = new XxHash32();
    hash.update(header);
    let at = header.length;
    for (const piece of pieces) {
      for (let start = 0; start < piece.length; start += chunk) {
        const part = piece.subarray(start, start + chunk);
        const writing = writeAll(file, part, at);
        // The disk works while the checksum is computed; a failed write is reported by the `await` below.
        writing.catch(() => {});
        hash.update(part);
        await writing;
        at += part.length;
      }
    }
    header.set(checksumDigits(hash), checksumAt);
    await writeAll(file, header, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Read a safetensors file.
 *
 * @param path The file.
 * @param options `verify`: whether to compare our checksum where there is one; default true.
 * @returns Tensors (views of one buffer) and metadata.
 * @throws {Error} If the file cannot be read, or is malformed or corrupted; the message names the file.
 *
 * @example
 * ```ts
 * import { readSafetensors } from "@gradus/transformer";
 * import { rejects } from "node:assert/strict";
 *
 * await rejects(readSafetensors("missing.safetensors"), /no such file/);
 * ```
 */
export async function readSafetensors(path: string, options: { verify?: boolean } = {}): Promise<SafetensorsFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readAll(path);
  } catch (error) {
    throw fileError(`Cannot read ${path}`, error);
  }
  try {
    return decodeSafetensors(bytes, options);
  } catch (error) {
    const { name, message } = error as Error;
    const located = new Error(message.replace("Cannot decode safetensors", `Cannot read ${path}`), { cause: error });
    located.name = name;
    throw located;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** `readFile` stops at 2 GiB in Node; this does not, and takes as long. */
async function readAll(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await file.read(bytes, done, Math.min(chunk, size - done), done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await file.close();
  }
}
