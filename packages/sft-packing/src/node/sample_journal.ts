/**
 * A sample journal in a file: one JSON record a line, appended and forced to the disk before a run goes on.
 *
 * @platform node
 * @module
 */

import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { formatJsonl, parseJsonl } from "../jsonl.ts";
import { checkRecord, type JournalRecord, type SampleJournal } from "../rejection/journal.ts";
import { explain, syncFolder } from "./files.ts";

/** A journal that is open. */
export interface FileJournal extends SampleJournal, AsyncDisposable {
  read(): AsyncIterable<JournalRecord>;
  append(records: readonly JournalRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a sample journal for appending; makes the file and its folder if they are missing. A last line without a line
 * break, as a killed process or a power cut leaves it, is cut off: its record was not safe, and will be made again.
 * One run at a time may have a journal open.
 *
 * @throws {SyntaxError} From `read`: a complete line is not a record.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const journal = await openJournal(`${await mkdtemp(`${tmpdir()}/gradus-`)}/samples.jsonl`);
 * await journal.append([{ kind: "verdict", problemId: "a", sample: 0, correct: true }]);
 * for await (const { problemId } of journal.read()) problemId; // "a"
 * await journal.close();
 * ```
 */
export async function openJournal(path: string): Promise<FileJournal> {
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(path, "a+");
    await cutHalfLine(file);
    await syncFolder(dirname(path));
  } catch (error) {
    await file?.close();
    throw explain(`Cannot open ${path}`, error);
  }
  const journal = file;

  async function* read(): AsyncGenerator<JournalRecord> {
    let line = 0;
    try {
      for await (const value of parseJsonl(createReadStream(path) as AsyncIterable<Uint8Array>)) {
        yield checkRecord(value, `record ${++line}`);
      }
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new SyntaxError(`Cannot read ${path}: ${error.message}`, { cause: error });
      throw explain(`Cannot read ${path}`, error);
    }
  }

  return {
    read,
    async append(records) {
      try {
        await journal.appendFile(records.map(formatJsonl).join(""));
        await journal.datasync();
      } catch (error) {
        throw explain(`Cannot write ${path}`, error);
      }
    },
    close: () => journal.close(),
    [Symbol.asyncDispose]: () => journal.close(),
  };
}

/** Looks back from the end for the last line break, and cuts off what follows it. */
async function cutHalfLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const buffer = new Uint8Array(2 ** 16);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) {
      if (start + at + 1 < size) await file.truncate(start + at + 1);
      return;
    }
    end = start;
  }
  if (size > 0) await file.truncate(0);
}
