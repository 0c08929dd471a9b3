/**
 * What rejection sampling takes and gives.
 *
 * @module
 */

import type { SampleJournal, SampleSlot } from "./journal.ts";

/** What a sampler is asked for: one completion for each slot. */
export interface SampleRequest<Problem> {
  readonly problem: Problem;
  readonly problemId: string;
  readonly slots: readonly SampleSlot[];
  /** Aborted when the answer is no longer waited for: stop working on it. */
  readonly signal: AbortSignal;
}

/**
 * Samples completions, in the order of `slots`. `null` for one that failed: it alone is asked for again. An exception,
 * or another number of completions, fails the whole request.
 */
export type Sampler<Problem> = (
  request: SampleRequest<Problem>,
) => readonly (string | null)[] | Promise<readonly (string | null)[]>;

/** Whether a completion solves its problem. An exception is no verdict: it is asked for again. */
export type Verifier<Problem> = (
  problem: Problem,
  completion: string,
  context: { readonly signal: AbortSignal },
) => boolean | Promise<boolean>;

/** A completion and where it came from. */
export interface SampledExample<Problem> extends SampleSlot {
  readonly problem: Problem;
  readonly problemId: string;
  readonly completion: string;
}

/** How to sample; see {@link rejectionSample}. */
export interface RejectionOptions<Problem> {
  readonly problems: Iterable<Problem> | AsyncIterable<Problem>;
  readonly sample: Sampler<Problem>;
  readonly verify: Verifier<Problem>;
  /** Completions sampled for each problem. Default 8. */
  readonly samplesPerProblem?: number;
  /** Most accepted examples of a problem: those that differ most are taken. Default 4. */
  readonly maxPerProblem?: number;
  /** Wrong completions of a problem that are kept in `rejected`. Default: as many as `maxPerProblem`. */
  readonly maxRejectedPerProblem?: number;
  /** Sampling temperatures, taken in turn. Default 0.7, RFT's. */
  readonly temperature?: number | readonly number[];
  /** Seed of the run, from 0. Default 0. */
  readonly seed?: number;
  /**
   * A problem's name, by which a journal knows it again. Default: its `id`, a string or number; without one, a hash of
   * its JSON, so that a problem that was changed is sampled afresh.
   */
  readonly problemId?: (problem: Problem, index: number) => string;
  /** Completions with the same key count as one. Default {@link reasoningPath}: RFT's list of equations. */
  readonly distinctBy?: (completion: string, problem: Problem) => string;
  /** What is in it is not sampled or verified again, what is done is added to it. Default: nothing is kept. */
  readonly journal?: SampleJournal;
  /** Problems that are worked on at once. Default 1. */
  readonly concurrency?: number;
  /** How often a failing or hanging sampler or verifier is asked again. Default 2. */
  readonly retries?: number;
  /** Milliseconds before the first retry, doubled before each further one. Default 500. */
  readonly retryDelayMs?: number;
  /** Milliseconds that one request to the sampler may take. Default 600,000. */
  readonly sampleTimeoutMs?: number;
  /** Milliseconds that one verification may take. Default 10,000. */
  readonly verifyTimeoutMs?: number;
  /** Called when a problem is done. */
  readonly onProgress?: (progress: RejectionProgress) => void;
  /** Ends the run: the iteration throws its reason. What is in the journal stays. */
  readonly signal?: AbortSignal;
}

/** How far a run is. */
export interface RejectionProgress {
  readonly problemId: string;
  /** Problems done, and all of them where their number is known. */
  readonly done: number;
  readonly total?: number;
  /** Over all problems so far. */
  readonly samples: number;
  readonly accepted: number;
}

/** What became of one problem's samples: `samples = correct + wrong + unjudged`, `correct = accepted + duplicates + surplus`. */
export interface ProblemYield {
  readonly problemId: string;
  readonly samples: number;
  readonly correct: number;
  readonly wrong: number;
  /** No verdict could be had. */
  readonly unjudged: number;
  readonly accepted: number;
  /** Correct, but reasoned as another one. */
  readonly duplicates: number;
  /** Correct and distinct, beyond `maxPerProblem`. */
  readonly surplus: number;
}

/** Something that was given up after the last retry. A later run with the same journal tries it again. */
export interface RejectionFailure {
  readonly problemId: string;
  readonly stage: "sample" | "verify";
  /** The samples that are missing or have no verdict. */
  readonly samples: readonly number[];
  readonly attempts: number;
  readonly message: string;
}

/** What sampling did. */
export interface RejectionReport {
  readonly problems: number;
  /** Sums over the problems, as in {@link ProblemYield}. */
  readonly samples: number;
  readonly correct: number;
  readonly wrong: number;
  readonly unjudged: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly surplus: number;
  /** Samples that came from the journal. */
  readonly resumed: number;
  /** Correct of those judged, from 0 to 1; 0 when none was. */
  readonly yield: number;
  readonly perProblem: readonly ProblemYield[];
  /** Ids of problems with judged samples of which none is correct, and of those of which all are. */
  readonly neverSolved: readonly string[];
  readonly alwaysSolved: readonly string[];
  readonly failures: readonly RejectionFailure[];
}

/** Accepted examples, problem by problem in the order given; can be iterated once. */
export interface RejectionRun<Problem> extends AsyncIterable<SampledExample<Problem>> {
  /** So far; complete once the iteration has ended. */
  readonly report: RejectionReport;
  /** Wrong completions so far, for preference data. */
  readonly rejected: readonly SampledExample<Problem>[];
}
