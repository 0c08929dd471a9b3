/**
 * One problem: its missing completions are sampled, those without a verdict are verified, and the correct ones sorted
 * into accepted, duplicate and surplus.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { messageOf, pause, withTimeout } from "./attempt.ts";
import { mostDiverse } from "./distinct.ts";
import type { JournalRecord, KnownSample, SampleRecord, SampleSlot, VerdictRecord } from "./journal.ts";
import type { RejectionSettings } from "./settings.ts";
import type { ProblemYield, RejectionFailure, SampledExample } from "./types.ts";

/** What became of one problem. */
export interface ProblemOutcome<Problem> {
  readonly accepted: readonly SampledExample<Problem>[];
  readonly rejected: readonly SampledExample<Problem>[];
  readonly counts: ProblemYield;
  readonly failures: readonly RejectionFailure[];
  /** Samples that were known before. */
  readonly resumed: number;
}

/** What a problem is worked on with. */
export interface ProblemContext<Problem> {
  readonly settings: RejectionSettings<Problem>;
  /** What the journal knows of this problem. */
  readonly known: ReadonlyMap<number, KnownSample> | undefined;
  readonly signal: AbortSignal;
  /** Resolves when the records are safe; if it throws, the run is over. */
  append(records: readonly JournalRecord[]): Promise<void>;
}

/** Does what is still to be done for a problem. */
export async function sampleProblem<Problem>(
  problem: Problem,
  problemId: string,
  context: ProblemContext<Problem>,
): Promise<ProblemOutcome<Problem>> {
  const { settings } = context;
  const failures: RejectionFailure[] = [];
  const slots = slotsOf(problemId, settings);
  const samples = new Map<number, KnownSample>();
  for (const slot of slots) {
    const sample = context.known?.get(slot.sample);
    if (!sample) continue;
    checkKnown(sample.record, slot);
    samples.set(slot.sample, { ...sample });
  }
  const resumed = samples.size;
  const missing = slots.filter(({ sample }) => !samples.has(sample));
  for (const record of await sampleMissing(problem, problemId, missing, context, failures)) {
    samples.set(record.sample, { record });
  }
  const inOrder = [...samples.values()].sort((a, b) => a.record.sample - b.record.sample);
  await verifyMissing(problem, problemId, inOrder, context, failures);
  return { ...sort(problem, problemId, inOrder, settings), failures, resumed };
}

/** The completions that a problem should have. */
function slotsOf<Problem>(problemId: string, settings: RejectionSettings<Problem>): SampleSlot[] {
  const { samplesPerProblem, temperatures, seed } = settings;
  return Array.from({ length: samplesPerProblem }, (_, sample) => ({
    sample,
    seed: stream(seed, { purpose: `rejection-sampling ${problemId}`, sample }).uint32(),
    temperature: temperatures[sample % temperatures.length],
  }));
}

function checkKnown(record: SampleRecord, slot: SampleSlot): void {
  for (const name of ["seed", "temperature"] as const) {
    if (record[name] !== slot[name]) {
      throw new RangeError(
        `Cannot resume: sample ${record.sample} of problem ${record.problemId} should have ${name} ${slot[name]}, found ${record[name]} in the journal`,
      );
    }
  }
}

/** Asks for the missing completions until all are there or the retries are used up. Each answer is recorded at once. */
async function sampleMissing<Problem>(
  problem: Problem,
  problemId: string,
  slots: readonly SampleSlot[],
  { settings, signal, append }: ProblemContext<Problem>,
  failures: RejectionFailure[],
): Promise<SampleRecord[]> {
  const { sample, retries, retryDelayMs, sampleTimeoutMs } = settings;
  const records: SampleRecord[] = [];
  let missing = slots;
  let message = "";
  for (let attempt = 0; missing.length > 0 && attempt <= retries; attempt++) {
    if (attempt > 0) await pause(retryDelayMs * 2 ** (attempt - 1), signal);
    let completions: readonly (string | null)[];
    try {
      completions = checkCompletions(
        await withTimeout((signal) => sample({ problem, problemId, slots: missing, signal }), sampleTimeoutMs, signal),
        missing.length,
      );
    } catch (error) {
      signal.throwIfAborted();
      message = messageOf(error);
      continue;
    }
    message = "The sampler gave null";
    const found: SampleRecord[] = [];
    for (const [i, completion] of completions.entries()) {
      if (completion !== null) found.push({ kind: "sample", problemId, ...missing[i], completion });
    }
    if (found.length > 0) await append(found);
    records.push(...found);
    missing = missing.filter((_, i) => completions[i] === null);
  }
  if (missing.length > 0) {
    const samples = missing.map(({ sample }) => sample);
    failures.push({ problemId, stage: "sample", samples, attempts: retries + 1, message });
  }
  return records;
}

function checkCompletions(completions: unknown, count: number): readonly (string | null)[] {
  if (!Array.isArray(completions) || completions.length !== count) {
    const found = Array.isArray(completions) ? `${completions.length}` : typeof completions;
    throw new TypeError(`The sampler must give an array of ${count} completions, found ${found}`);
  }
  for (const [i, completion] of completions.entries()) {
    if (completion !== null && typeof completion !== "string") {
      throw new TypeError(`The sampler must give strings or null, found ${typeof completion} at ${i}`);
    }
  }
  return completions;
}

/** Verifies what has no verdict. Whatever happens, the verdicts that were reached are recorded. */
async function verifyMissing<Problem>(
  problem: Problem,
  problemId: string,
  samples: KnownSample[],
  context: ProblemContext<Problem>,
  failures: RejectionFailure[],
): Promise<void> {
  const verdicts: VerdictRecord[] = [];
  try {
    for (const known of samples) {
      if (known.correct !== undefined) continue;
      const { sample, completion } = known.record;
      const verdict = await verifyOne(problem, completion, context);
      if (typeof verdict === "boolean") {
        known.correct = verdict;
        verdicts.push({ kind: "verdict", problemId, sample, correct: verdict });
      } else {
        failures.push({ problemId, stage: "verify", samples: [sample], ...verdict });
      }
    }
  } finally {
    if (verdicts.length > 0) await context.append(verdicts);
  }
}

async function verifyOne<Problem>(
  problem: Problem,
  completion: string,
  { settings, signal }: ProblemContext<Problem>,
): Promise<boolean | Pick<RejectionFailure, "attempts" | "message">> {
  const { verify, retries, retryDelayMs, verifyTimeoutMs } = settings;
  let message = "";
  for (let attempt = 0; attempt <= retries; attempt++) {
    if (attempt > 0) await pause(retryDelayMs * 2 ** (attempt - 1), signal);
    try {
      const verdict: unknown = await withTimeout(
        (signal) => verify(problem, completion, { signal }),
        verifyTimeoutMs,
        signal,
      );
      if (typeof verdict === "boolean") return verdict;
      message = `The verifier must give a boolean, found ${typeof verdict}`;
    } catch (error) {
      signal.throwIfAborted();
      message = messageOf(error);
    }
  }
  return { attempts: retries + 1, message };
}

function sort<Problem>(
  problem: Problem,
  problemId: string,
  samples: readonly KnownSample[],
  { maxPerProblem, maxRejectedPerProblem, distinctBy }: RejectionSettings<Problem>,
): Pick<ProblemOutcome<Problem>, "accepted" | "rejected" | "counts"> {
  const example = ({ record }: KnownSample): SampledExample<Problem> => {
    const { sample, seed, temperature, completion } = record;
    return { problem, problemId, sample, seed, temperature, completion };
  };
  const correct = samples.filter((sample) => sample.correct === true);
  const wrong = samples.filter((sample) => sample.correct === false);
  const paths = new Map<string, KnownSample>();
  for (const sample of correct) {
    const path = distinctBy(sample.record.completion, problem);
    if (!paths.has(path)) paths.set(path, sample);
  }
  const distinct = [...paths.values()];
  const chosen = mostDiverse(
    distinct.map(({ record }) => record.completion),
    maxPerProblem,
  );
  return {
    accepted: chosen.map((i) => example(distinct[i])),
    rejected: wrong.slice(0, maxRejectedPerProblem).map(example),
    counts: {
      problemId,
      samples: samples.length,
      correct: correct.length,
      wrong: wrong.length,
      unjudged: samples.length - correct.length - wrong.length,
      accepted: chosen.length,
      duplicates: correct.length - distinct.length,
      surplus: distinct.length - chosen.length,
    },
  };
}
