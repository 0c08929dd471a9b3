/**
 * Keeps an evaluation's results as they come, so that it can be interrupted.
 *
 * @platform node
 * @module
 */

import { type FileHandle, open } from "node:fs/promises";
import type { ProblemResult } from "../tasks/scores.ts";

/** An open journal. */
export interface EvaluationJournal {
  /** What was there when it was opened. */
  readonly finished: readonly ProblemResult[];
  /** Appends results; they are on the disk when it resolves. */
  append(results: readonly ProblemResult[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a JSON Lines file of results: the first line has the settings, every other one a problem. A last line that a crash
 * cut off is removed.
 *
 * @param settings what must be the same to go on; plain JSON
 * @throws {Error} The file belongs to an evaluation with other settings, or is damaged before its end.
 *
 * @example
 * ```ts ignore
 * const journal = await openEvaluation("gsm8k.jsonl", { model, task: "gsm8k", samples: 8 });
 * await evaluate({ ...options, finished: journal.finished, onResults: (results) => journal.append(results) });
 * await journal.close();
 * ```
 */
export async function openEvaluation(path: string, settings: unknown): Promise<EvaluationJournal> {
  const head = JSON.stringify(settings);
  const file = await open(path, "a+");
  try {
    const text = await file.readFile("utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    const [first, ...lines] = whole.split("\n").slice(0, -1);
    if (first === undefined) await write(file, [settings]);
    else if (first !== head) {
      throw new Error(`Cannot go on with ${path}: it was written with ${first}, and now the settings are ${head}`);
    }
    const finished = lines.map((line, i) => {
      try {
        return JSON.parse(line) as ProblemResult;
      } catch {
        throw new Error(`Cannot go on with ${path}: line ${i + 2} is damaged`);
      }
    });
    return { finished, append: (results) => write(file, results), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function write(file: FileHandle, values: readonly unknown[]): Promise<void> {
  await file.appendFile(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  await file.sync();
}
