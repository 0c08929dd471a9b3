/**
 * Rejection sampling: completions that a verifier calls correct become training data.
 *
 * @module
 */

import { identify } from "./identity.ts";
import { type JournalRecord, readKnown } from "./journal.ts";
import { limit } from "./limit.ts";
import { makeRejectionReport } from "./report.ts";
import { type ProblemOutcome, sampleProblem } from "./sample_problem.ts";
import { settle } from "./settings.ts";
import type { ProblemYield, RejectionFailure, RejectionOptions, RejectionRun, SampledExample } from "./types.ts";

/**
 * Samples completions for each problem and gives those that are correct, reason differently and are as different as
 * possible, at most `maxPerProblem` of each problem.
 *
 * Correct completions with the same `distinctBy` key are duplicates, of which the first counts. Where more than
 * `maxPerProblem` are left, the first is taken and then always the one whose words differ most from those taken. The
 * result depends on the seed, the problems and what `sample` and `verify` give, not on `concurrency` or on interruptions.
 *
 * A sampler or verifier that throws, gives nonsense or does not answer in time is asked again `retries` times, then named
 * in `report.failures`, and the run goes on. A verifier that never returns to the event loop cannot be timed out: run
 * such a one in a worker. With a journal, nothing is given out before it is safe there; a run with the same seed goes on
 * from it: completions are not sampled again, verdicts not asked for again, and only what failed is tried again.
 *
 * @throws {RangeError | TypeError} An option is out of range. While iterating: two problems have the same id, the
 * journal is of another seed or temperature, or it cannot be written; the signal's reason when it is aborted.
 *
 * Source: rejection-sampling fine-tuning (RFT), Yuan et al., arXiv 2308.01825; DeepSeek-R1, arXiv 2501.12948, section 2.3.3.
 *
 * @example
 * ```ts
 * const run = rejectionSample({
 *   problems: [{ id: "a", question: "6 * 7", answer: "42" }],
 *   sample: ({ slots }) => slots.map(({ sample }) => (sample % 2 ? "6 * 7 = 42" : "6 * 7 = 36")),
 *   verify: ({ answer }, completion) => completion.endsWith(answer),
 *   samplesPerProblem: 4,
 * });
 * for await (const { completion, seed, temperature } of run) completion; // "6 * 7 = 42", once
 * run.report.duplicates; // 1
 * run.rejected.length; // 2
 * ```
 */
export function rejectionSample<Problem>(options: RejectionOptions<Problem>): RejectionRun<Problem> {
  const settings = settle(options);
  const { problems, journal, concurrency, onProgress } = settings;
  const total = Array.isArray(problems) ? problems.length : undefined;
  const perProblem: ProblemYield[] = [];
  const failures: RejectionFailure[] = [];
  const rejected: SampledExample<Problem>[] = [];
  let [resumed, samples, accepted] = [0, 0, 0];

  function note({ counts, failures: found, rejected: wrong, resumed: before }: ProblemOutcome<Problem>): void {
    perProblem.push(counts);
    failures.push(...found);
    rejected.push(...wrong);
    resumed += before;
    samples += counts.samples;
    accepted += counts.accepted;
    onProgress?.({ problemId: counts.problemId, done: perProblem.length, total, samples, accepted });
  }

  async function* run(): AsyncGenerator<SampledExample<Problem>> {
    const abort = new AbortController();
    const onAbort = () => abort.abort(settings.signal?.reason);
    if (settings.signal?.aborted) onAbort();
    settings.signal?.addEventListener("abort", onAbort, { once: true });
    const { signal } = abort;

    // One record after the other; the first failure fails all that follow, and so ends the run.
    let written: Promise<void> = Promise.resolve();
    const append = (records: readonly JournalRecord[]): Promise<void> => {
      written = written.then(() => journal?.append(records));
      return written;
    };

    // Problems begin in order, end in any, and are given out in order; a slow one holds up those far behind it only.
    const begun: Promise<ProblemOutcome<Problem>>[] = [];
    const mostBegun = 4 * (concurrency - 1) + 1;
    const limited = limit(concurrency);
    try {
      signal.throwIfAborted();
      const known = await readKnown(journal);
      const idOf = identify(settings.problemId);
      let index = 0;
      for await (const problem of problems) {
        signal.throwIfAborted();
        const id = idOf(problem, index++);
        const context = { settings, known: known.get(id), signal, append };
        const outcome = limited(() => sampleProblem(problem, id, context));
        outcome.catch(() => {}); // Told when its turn comes.
        begun.push(outcome);
        if (begun.length >= mostBegun) yield* give(begun.shift()!);
      }
      while (begun.length > 0) yield* give(begun.shift()!);
    } finally {
      settings.signal?.removeEventListener("abort", onAbort);
      abort.abort(new DOMException("The run has ended", "AbortError"));
      // What has been sampled and verified by now is still written.
      await Promise.allSettled([...begun, written]);
    }
  }

  async function* give(outcome: Promise<ProblemOutcome<Problem>>): AsyncGenerator<SampledExample<Problem>> {
    const settled = await outcome;
    note(settled);
    yield* settled.accepted;
  }

  const examples = run();
  return {
    [Symbol.asyncIterator]: () => examples,
    get report() {
      return makeRejectionReport(perProblem, failures, resumed);
    },
    rejected,
  };
}
