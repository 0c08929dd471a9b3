/**
 * What a benchmark is: how its rows are read, what is asked, and how an answer is found and judged.
 *
 * @module
 */

/** One question with its right answer. */
export interface Problem {
  /** Unique within its file: the row's own id, or its number. */
  readonly id: string;
  readonly question: string;
  /** The right answer, as it is compared. */
  readonly gold: string;
  /** A worked solution, if the row has one: few-shot prompts show it. */
  readonly solution?: string;
  /** What results are broken down by: subject, kind or grade, and level. */
  readonly subject?: string;
  readonly level?: string;
}

/** One row of a data file, as JSON or Parquet gave it. */
export type Row = Readonly<Record<string, unknown>>;

/** A benchmark. The data are the user's: a task only knows how to read them. */
export interface Task {
  readonly name: string;
  readonly title: string;
  readonly language: "en" | "zh";
  /** Where the data come from, and their licence as far as it is stated. */
  readonly source: string;
  /** The fields that a row needs, for people and for error messages. */
  readonly fields: string;
  readonly read: (row: Row) => Omit<Problem, "id">;
}

/** A finite number or a text that is not empty, as text: `145.0` as `145`. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "bigint") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** The first of several fields that holds a text or number. */
export function field(row: Row, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = text(row[name]);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * The problems of a file's rows, in order.
 *
 * Ids are the row's `id`, `unique_id`, `ID`, `idx` or `index`, or else its number from 0.
 *
 * @throws {TypeError} A row lacks a field that the task needs; the message has its number and what is there.
 * @throws {RangeError} Two rows have the same id.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tasks } from "@gradus/evals/tasks";
 *
 * const [problem] = readProblems(tasks.gsm8k, [{ question: "What is 2 + 3?", answer: "2 + 3 = 5\n#### 5" }]);
 * assert.equal(problem.gold, "5");
 * ```
 */
export function readProblems(task: Task, rows: Iterable<unknown>): Problem[] {
  const seen = new Set<string>();
  if (typeof Object(rows)[Symbol.iterator] !== "function") {
    throw new TypeError(`Cannot read ${task.name}: rows must be a list of objects, found ${JSON.stringify(rows)}`);
  }
  return Array.from(rows, (row, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new TypeError(`Cannot read row ${index} of ${task.name}: expected an object, found ${JSON.stringify(row)}`);
    }
    const problem = task.read(row as Row);
    if (!problem.question || !problem.gold) {
      throw new TypeError(
        `Cannot read row ${index} of ${task.name}: expected ${task.fields}, found ${Object.keys(row).join(", ") || "no field"}`,
      );
    }
    const id = field(row as Row, "id", "unique_id", "ID", "idx", "index") ?? String(index);
    if (seen.has(id)) throw new RangeError(`Cannot read row ${index} of ${task.name}: its id ${id} was there before`);
    seen.add(id);
    return { id, ...problem };
  });
}
