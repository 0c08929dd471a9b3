/**
 * What rejection sampling must not do twice: its samples and its verdicts, one record each, appended as they come.
 *
 * @module
 */

/** One completion to be sampled. */
export interface SampleSlot {
  /** Which sample of its problem: 0 … samplesPerProblem − 1. */
  readonly sample: number;
  /** From 0 to 2³² − 1; a function of the run's seed, the problem's id and `sample` alone. */
  readonly seed: number;
  readonly temperature: number;
}

/** A completion, as sampled. */
export interface SampleRecord extends SampleSlot {
  readonly kind: "sample";
  readonly problemId: string;
  readonly completion: string;
}

/** What the verifier said of it. */
export interface VerdictRecord {
  readonly kind: "verdict";
  readonly problemId: string;
  readonly sample: number;
  readonly correct: boolean;
}

/** A line of a journal. */
export type JournalRecord = SampleRecord | VerdictRecord;

/**
 * Where samples and verdicts are kept. `openJournal` of `@gradus/sft-packing/node` keeps them in a file; one for a
 * browser can keep them in IndexedDB.
 */
export interface SampleJournal {
  /** Everything appended so far, in order. Called once, at the beginning of a run. */
  read(): Iterable<JournalRecord> | AsyncIterable<JournalRecord>;
  /** Resolves when the records are safe. A run ends with the exception if it throws. Never called while it works. */
  append(records: readonly JournalRecord[]): Promise<void> | void;
}

/** A journal that ends with its process. */
export interface MemoryJournal extends SampleJournal {
  read(): Iterable<JournalRecord>;
}

/**
 * A journal in memory, to go on in the same process after an abort.
 *
 * @example
 * ```ts
 * const journal = memoryJournal();
 * journal.append([{ kind: "verdict", problemId: "a", sample: 0, correct: true }]);
 * [...journal.read()].length; // 1
 * ```
 */
export function memoryJournal(): MemoryJournal {
  const records: JournalRecord[] = [];
  return { read: () => records.slice(), append: (added) => void records.push(...added) };
}

/**
 * Checks that a value, read from a file, is a record.
 *
 * @throws {SyntaxError} It is not: `…: not a record of a sample journal: …`.
 */
export function checkRecord(value: unknown, place: string): JournalRecord {
  const record = (value ?? {}) as Record<string, unknown>;
  const { kind, problemId, sample, seed, temperature, completion, correct } = record;
  const named = typeof problemId === "string" && Number.isInteger(sample);
  const isSample =
    kind === "sample" && typeof completion === "string" && typeof seed === "number" && typeof temperature === "number";
  if (!named || !(isSample || (kind === "verdict" && typeof correct === "boolean"))) {
    throw new SyntaxError(`${place}: not a record of a sample journal: ${JSON.stringify(value)?.slice(0, 80)}`);
  }
  return value as JournalRecord;
}

/** What a journal knows of one sample. */
export interface KnownSample {
  readonly record: SampleRecord;
  correct?: boolean;
}

/** A journal by problem and sample. */
export type KnownSamples = Map<string, Map<number, KnownSample>>;

/** Reads a journal. Of a sample that is there twice the first counts; verdicts belong to it. */
export async function readKnown(journal: SampleJournal | undefined): Promise<KnownSamples> {
  const known: KnownSamples = new Map();
  if (!journal) return known;
  for await (const record of journal.read()) {
    let samples = known.get(record.problemId);
    if (!samples) {
      samples = new Map();
      known.set(record.problemId, samples);
    }
    const sample = samples.get(record.sample);
    if (record.kind === "sample") {
      if (!sample) samples.set(record.sample, { record });
    } else if (sample) {
      sample.correct = record.correct;
    }
  }
  return known;
}
