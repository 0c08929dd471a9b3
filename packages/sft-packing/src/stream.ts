/**
 * Packing data larger than memory: a window of sequences at a time.
 *
 * @module
 */

import type { PackedBatch, PackOptions } from "./pack.ts";
import { checkLabels, packContext } from "./pack.ts";
import type { PackingPlan, PackingReport } from "./plan.ts";
import { checkOptions, isSplitting, makeReport, planWindow } from "./plan.ts";
import type { TokenSequence } from "./sequence.ts";
import type { Affected } from "./strategies.ts";

/** How to pack a stream. */
export interface PackStreamOptions extends PackOptions {
  /** New sequences that are read before some are packed, at least 1; half as many more may wait. More waste less room; 10,000 of GSM8K's size are about 30 MB. Default 10,000. */
  window?: number;
}

/** Contexts as they become ready; can be iterated once. */
export interface PackedStream extends AsyncIterable<PackedBatch> {
  /** What has been packed so far: complete once the iteration has ended. Sequences are numbered as they came. */
  readonly report: PackingReport;
}

/** A sequence that waits, or what is left of one. */
interface Waiting {
  readonly index: number;
  readonly sequence: TokenSequence;
  /** Whether a part of it has been packed. */
  readonly begun: boolean;
}

/**
 * Packs sequences as they come, `window` at a time.
 *
 * Each window is planned as `planPacking` does. Contexts that are not full yet are not given out: their sequences wait
 * for the next window, as long as they are at most half of it. `"wrapped"` gives the contexts that `pack` gives;
 * `"random-concat"` shuffles inside each window only.
 *
 * @param sequences Any iterable, e.g. a generator that reads a file.
 * @throws {RangeError} While iterating: as `pack` throws, with the sequence's number in the stream.
 *
 * @example
 * ```ts
 * async function* read() {
 *   for (let i = 0; i < 1000; i++) yield { tokens: new Int32Array(1 + (i % 60)).fill(i) };
 * }
 * const packed = packStream(read(), { contextLength: 64, window: 100 });
 * for await (const { tokens } of packed) tokens.length; // at most 64
 * packed.report.sequences; // 1000
 * ```
 */
export function packStream(
  sequences: Iterable<TokenSequence> | AsyncIterable<TokenSequence>,
  options: PackStreamOptions = {},
): PackedStream {
  const { window = 10_000 } = options;
  const settings = checkOptions(options);
  if (!(Number.isInteger(window) && window > 0)) {
    throw new RangeError(`Cannot pack the stream: window must be an integer of at least 1, found ${window}`);
  }
  const { contextLength, strategy, overlong } = settings;
  const affected: Affected = { truncated: [], dropped: [], split: [], empty: [] };
  const counts = { contextLength, sequences: 0, contexts: 0, tokens: 0, lostTokens: 0, affected };
  let waiting: Waiting[] = [];
  let [windows, fresh] = [0, 0];

  function note(plan: PackingPlan): void {
    counts.lostTokens += plan.report.lostTokens;
    for (const kind of ["truncated", "dropped", "split", "empty"] as const) {
      for (const i of plan.report.affected[kind]) if (!waiting[i].begun) affected[kind].push(waiting[i].index);
    }
  }

  function* packWindow(last: boolean): Generator<PackedBatch> {
    const lengths = Int32Array.from(waiting, ({ sequence }) => sequence.tokens.length);
    const plan = planWindow(lengths, settings, windows++);
    note(plan);
    const held = last
      ? new Set<number>()
      : contextsToHold(plan, window, strategy === "wrapped" || strategy === "random-concat");
    const present = waiting.map(({ sequence }) => sequence);
    const kept: Waiting[] = [];
    for (let context = 0; context < plan.report.contexts; context++) {
      if (held.has(context)) {
        for (let p = plan.contexts[context]; p < plan.contexts[context + 1]; p++) kept.push(remainder(plan, p));
        continue;
      }
      const batch = packContext(present, plan, context, options);
      counts.contexts++;
      counts.tokens += batch.tokens.length;
      yield batch;
    }
    waiting = kept;
  }

  /** The piece that waits on: always one that ends where its sequence does, or where it is truncated. */
  function remainder(plan: PackingPlan, piece: number): Waiting {
    const { index, sequence, begun } = waiting[plan.sequence[piece]];
    const [start, end] = [plan.start[piece], plan.start[piece] + plan.length[piece]];
    const labels = sequence.labels?.subarray(start, end);
    return { index, sequence: { tokens: sequence.tokens.subarray(start, end), labels }, begun: begun || start > 0 };
  }

  async function* run(): AsyncGenerator<PackedBatch> {
    for await (const sequence of sequences) {
      const index = counts.sequences++;
      const { length } = sequence.tokens;
      if (length > contextLength && overlong === "error" && !isSplitting(strategy)) {
        throw new RangeError(
          `Cannot pack sequence ${index}: ${length} tokens exceed the context length ${contextLength}`,
        );
      }
      checkLabels(sequence, index);
      waiting.push({ index, sequence, begun: false });
      if (++fresh < window) continue;
      fresh = 0;
      yield* packWindow(false);
    }
    yield* packWindow(true);
  }

  const contexts = run();
  return {
    [Symbol.asyncIterator]: () => contexts,
    get report() {
      return makeReport(counts);
    },
  };
}

/** A context with more room than this part of it waits for shorter sequences. */
const WORTH_WAITING = 1 / 1024;

/** Contexts whose sequences shall be packed again with the next window: the emptiest, up to half a window. */
function contextsToHold({ contexts, length, report }: PackingPlan, window: number, lastOnly: boolean): Set<number> {
  const room = new Float64Array(report.contexts);
  const candidates: number[] = [];
  for (let c = lastOnly ? report.contexts - 1 : 0; c >= 0 && c < report.contexts; c++) {
    room[c] = report.contextLength;
    for (let p = contexts[c]; p < contexts[c + 1]; p++) room[c] -= length[p];
    if (room[c] > (lastOnly ? 0 : report.contextLength * WORTH_WAITING)) candidates.push(c);
  }
  candidates.sort((a, b) => room[b] - room[a]);
  const held = new Set<number>();
  let sequences = 0;
  for (const c of candidates) {
    sequences += contexts[c + 1] - contexts[c];
    if (!lastOnly && sequences > window / 2) break;
    held.add(c);
  }
  return held;
}
