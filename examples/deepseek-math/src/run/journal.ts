/**
 * The metrics journal: one JSON object a line, appended while a run goes on and readable at any moment, also after
 * `kill -9`. Every record carries its stage and step, so that a resumed run can cut the journal back to the checkpoint
 * it continues from and end with the file that an uninterrupted run would have written, byte for byte.
 *
 * @module
 */

import { mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./files.ts";

/** A number, text or flag that a record may hold. */
export type JournalValue = string | number | boolean | null;

/** One line of the journal. Further fields are metrics: loss, reward, tokens, … */
export interface JournalRecord {
  readonly stage: string;
  /** Optimiser step within the stage, from 1; 0 for what belongs to the stage's beginning. */
  readonly step: number;
  readonly [metric: string]: JournalValue;
}

/** Where a run stands: the last step of a stage whose effects a checkpoint holds. */
export interface JournalPosition {
  readonly stage: string;
  readonly step: number;
}

/** What a journal file holds. */
export interface JournalContents {
  readonly records: readonly JournalRecord[];
  /** Length in bytes of the lines that `records` come from; what lies behind is a half-written line. */
  readonly validBytes: number;
  /** Where each record ends, in bytes from the start of the file. */
  readonly ends: readonly number[];
}

/**
 * Reads a journal. A last line that is not complete (no line break, as a killed process leaves it) is dropped; a
 * missing file is an empty journal.
 *
 * @throws {SyntaxError} When a complete line is not a record: `…/metrics.jsonl:3: not a journal record`.
 */
export async function readJournal(path: string): Promise<JournalContents> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return new Uint8Array();
    throw error;
  });
  const decoder = new TextDecoder();
  const records: JournalRecord[] = [];
  const ends: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) break;
    records.push(parseRecord(decoder.decode(bytes.subarray(start, end)), `${path}:${records.length + 1}`));
    start = end + 1;
    ends.push(start);
  }
  return { records, ends, validBytes: ends.at(-1) ?? 0 };
}

function parseRecord(line: string, place: string): JournalRecord {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    // Falls through to the error below, which names the place.
  }
  const { stage, step } = (record ?? {}) as Record<string, unknown>;
  if (typeof stage !== "string" || typeof step !== "number") {
    throw new SyntaxError(`${place}: not a journal record: ${line.slice(0, 80)}`);
  }
  return record as JournalRecord;
}

/**
 * Cuts a journal back so that it ends where a checkpoint was made: what comes after the last record of `position`'s
 * stage with a step up to `position.step`, later stages included, is removed, and so is a half-written last line.
 * Without a position everything is removed.
 *
 * @param stages The stages in the order in which they run; it decides what "later" means.
 * @returns The records that remain.
 * @throws {RangeError} When the journal or the position names a stage that is not in `stages`.
 */
export async function truncateJournal(
  path: string,
  stages: readonly string[],
  position?: JournalPosition,
): Promise<readonly JournalRecord[]> {
  const { records, ends } = await readJournal(path);
  const order = (stage: string): number => {
    const index = stages.indexOf(stage);
    if (index < 0)
      throw new RangeError(
        `Cannot resume ${path}: unknown stage ${JSON.stringify(stage)}, expected ${stages.join(", ")}`,
      );
    return index;
  };
  const isKept = ({ stage, step }: JournalPosition): boolean => {
    if (!position) return false;
    const difference = order(stage) - order(position.stage);
    return difference < 0 || (difference === 0 && step <= position.step);
  };
  const firstDropped = records.findIndex((record) => !isKept(record));
  const kept = firstDropped < 0 ? records.length : firstDropped;
  await truncate(path, kept === 0 ? 0 : ends[kept - 1]).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return records.slice(0, kept);
}

/** A journal open for appending. */
export interface Journal {
  /** Writes one record; resolved when the system has it, so that the process may be killed after. */
  append(record: JournalRecord): Promise<void>;
  /** Forces everything written so far to the disk, so that it survives a power cut. Call it with each checkpoint. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal for appending; makes the file and its folder when they are missing. Cut an existing one with
 * {@link truncateJournal} first: appending behind a half-written line would join the two.
 *
 * @throws {TypeError} From `append`, when a metric is not finite: JSON has no NaN and would hide it as `null`.
 * @example
 * ```ts ignore
 * const journal = await openJournal("runs/default/metrics.jsonl");
 * await journal.append({ stage: "sft", step: 1, loss: 2.3 });
 * await journal.close();
 * ```
 */
export async function openJournal(path: string): Promise<Journal> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a");
  return {
    async append(record: JournalRecord): Promise<void> {
      for (const [name, value] of Object.entries(record)) {
        if (typeof value === "number" && !Number.isFinite(value)) {
          throw new TypeError(
            `Cannot record ${record.stage} step ${record.step}: expected a finite ${name}, found ${value}`,
          );
        }
      }
      await file.appendFile(`${JSON.stringify(record)}\n`).catch((error: unknown) => {
        throw fileError(`Cannot write ${path}`, error);
      });
    },
    async flush(): Promise<void> {
      await file.sync().catch((error: unknown) => {
        throw fileError(`Cannot write ${path}`, error);
      });
    },
    close: () => file.close(),
  };
}
