/**
 * Which sequence goes into which context: decided on lengths alone, so a plan for millions of sequences needs none of
 * their tokens.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { checkKeys, checkList, shown } from "./check.ts";
import type { Affected, PackedPieces } from "./strategies.ts";
import { bestFitSplit, bestFitWhole, inOrder, nonEmpty, wrapped } from "./strategies.ts";

const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"] as const;

/** How sequences are put into contexts; see {@link planPacking}. */
export type PackingStrategy = (typeof strategies)[number];

/** How to pack; see {@link planPacking}. */
export interface PackingOptions {
  /** Most tokens in a context. Default 4096, DeepSeekMath's. */
  contextLength?: number;
  /** Default `"best-fit-decreasing"`. */
  strategy?: PackingStrategy;
  /**
   * What happens to a sequence longer than the context. Default `"error"`. `"best-fit-split"` and `"wrapped"` split it,
   * and ignore this.
   */
  overlong?: "error" | "truncate" | "drop";
  /** Seed of `"random-concat"`; the others ignore it. Default 0. */
  seed?: number;
  /**
   * Whether the best-fit strategies pack their loosest contexts anew where that saves some; the others ignore it.
   * Default true; false gives the bins of TRL and other best-fit packers in every case.
   */
  repack?: boolean;
}

/** What packing did. */
export interface PackingReport {
  readonly contextLength: number;
  /** Sequences given, and contexts made. */
  readonly sequences: number;
  readonly contexts: number;
  /** Tokens in the contexts. */
  readonly tokens: number;
  /** tokens / (contexts · contextLength), from 0 to 1; 1 for no contexts. */
  readonly efficiency: number;
  /** Tokens of truncated and dropped sequences that are in no context. */
  readonly lostTokens: number;
  /** How many sequences were cut, left out, divided over contexts, or had no token; which ones is in `affected`. */
  readonly truncated: number;
  readonly dropped: number;
  readonly split: number;
  readonly empty: number;
  /** The numbers of those sequences, ascending. */
  readonly affected: Readonly<Record<"truncated" | "dropped" | "split" | "empty", Int32Array>>;
}

/** Which piece goes into which context, and what it took. */
export interface PackingPlan extends PackedPieces {
  readonly report: PackingReport;
}

/**
 * Plans contexts for sequences of these lengths.
 *
 * | strategy | what it does | splits |
 * |---|---|---|
 * | `"best-fit-decreasing"` | longest first, each into the fullest context with room for it | no |
 * | `"best-fit-split"` | the same, after cutting overlong sequences into context-sized pieces | overlong ones |
 * | `"random-concat"` | shuffles, then appends until the next does not fit (DeepSeekMath) | no |
 * | `"wrapped"` | joins all in order and cuts every `contextLength` tokens: only the last context has room | anywhere |
 *
 * Best fit takes O(n + L²) time at worst, in practice O(n), and 12 bytes a sequence beside the plan's own: see
 * `best_fit.ts`. Sequences of equal length keep their order, and of contexts
 * with equal room the oldest is filled first, so the plan depends on nothing but the lengths. Where the room that is left
 * over is worth whole contexts, the loosest are packed anew by exact sums (`save_contexts.ts`), unless `repack` is false.
 *
 * @param lengths Tokens of each sequence. Those of length 0 go into no context and are counted as `empty`.
 * @throws {RangeError} A sequence exceeds the context length (and `overlong` is `"error"`), or a length is not an
 * integer from 0 to 2³¹ − 1.
 *
 * @example
 * ```ts
 * const plan = planPacking([3, 2, 1], { contextLength: 4 });
 * plan.contexts; // [0, 2, 3]: two contexts …
 * plan.sequence; // [0, 2, 1]: … the first holds sequences 0 and 2
 * plan.report.efficiency; // 0.75
 * ```
 */
export function planPacking(lengths: ArrayLike<number>, options: PackingOptions = {}): PackingPlan {
  return planWindow(lengths, options, 0);
}

/** As `planPacking`, for one of several windows of the data, of which each has a shuffle of its own. */
export function planWindow(lengths: ArrayLike<number>, options: PackingOptions, window: number): PackingPlan {
  checkList("lengths", lengths);
  const { contextLength, strategy, overlong, seed, repack } = checkOptions(options);
  const { kept, affected, tokens, lostTokens } = fitOrCut(
    lengths,
    contextLength,
    isSplitting(strategy) ? "split" : overlong,
  );
  const pieces =
    strategy === "wrapped"
      ? wrapped(kept, contextLength, affected)
      : strategy === "random-concat"
        ? inOrder(kept, stream(seed, { purpose: "sft-packing", step: window }).shuffle(nonEmpty(kept)), contextLength)
        : strategy === "best-fit-split"
          ? bestFitSplit(kept, contextLength, repack, affected)
          : bestFitWhole(kept, contextLength, repack);
  const contexts = pieces.contexts.length - 1;
  const report = makeReport({ contextLength, sequences: lengths.length, contexts, tokens, lostTokens, affected });
  return { ...pieces, report };
}

/** Whether a strategy may divide a sequence over contexts. */
export function isSplitting(strategy: PackingStrategy): boolean {
  return strategy === "wrapped" || strategy === "best-fit-split";
}

/** The options with their defaults. */
export function checkOptions(options: PackingOptions): Required<PackingOptions> {
  checkKeys(options);
  const {
    contextLength = 4096,
    strategy = "best-fit-decreasing",
    overlong = "error",
    seed = 0,
    repack = true,
  } = options;
  if (!(Number.isInteger(contextLength) && contextLength > 0 && contextLength <= 2 ** 26)) {
    throw new RangeError(
      `Cannot plan packing: contextLength must be an integer from 1 to ${2 ** 26}, found ${shown(contextLength)}`,
    );
  }
  if (!strategies.includes(strategy)) {
    throw new TypeError(
      `Cannot plan packing: strategy must be one of ${strategies.join(", ")}, found ${shown(strategy)}`,
    );
  }
  if (overlong !== "error" && overlong !== "truncate" && overlong !== "drop") {
    throw new TypeError(
      `Cannot plan packing: overlong must be "error", "truncate" or "drop", found ${shown(overlong)}`,
    );
  }
  if (typeof repack !== "boolean") {
    throw new TypeError(`Cannot plan packing: repack must be true or false, found ${shown(repack)}`);
  }
  return { contextLength, strategy, overlong, seed, repack };
}

/** Adds to a report what follows from its numbers. */
export function makeReport(
  counts: Pick<PackingReport, "contextLength" | "sequences" | "contexts" | "tokens" | "lostTokens"> & {
    affected: Affected;
  },
): PackingReport {
  const { contextLength, contexts, tokens, affected } = counts;
  return {
    ...counts,
    efficiency: contexts === 0 ? 1 : tokens / (contexts * contextLength),
    truncated: affected.truncated.length,
    dropped: affected.dropped.length,
    split: affected.split.length,
    empty: affected.empty.length,
    affected: {
      truncated: Int32Array.from(affected.truncated),
      dropped: Int32Array.from(affected.dropped),
      split: Int32Array.from(affected.split),
      empty: Int32Array.from(affected.empty),
    },
  };
}

/** The lengths to place after truncating and dropping. Those given, if they are 32-bit integers and none changes. */
function fitOrCut(
  lengths: ArrayLike<number>,
  contextLength: number,
  overlong: "error" | "truncate" | "drop" | "split",
): { kept: Int32Array; affected: Affected; tokens: number; lostTokens: number } {
  let kept = lengths instanceof Int32Array ? lengths : Int32Array.from(lengths);
  const affected: Affected = { truncated: [], dropped: [], split: [], empty: [] };
  let [tokens, lostTokens] = [0, 0];
  for (let i = 0; i < kept.length; i++) {
    const length = lengths[i];
    // Holds for integers from 0 to 2³¹ − 1 alone, and costs half of what Number.isInteger does.
    if (kept[i] !== length || length < 0) {
      throw new RangeError(
        `Cannot pack sequence ${i}: its length must be an integer from 0 to ${2 ** 31 - 1}, found ${length}`,
      );
    }
    if (length === 0) affected.empty.push(i);
    if (length > contextLength && overlong !== "split") {
      if (overlong === "error") {
        throw new RangeError(`Cannot pack sequence ${i}: ${length} tokens exceed the context length ${contextLength}`);
      }
      if (kept === lengths) kept = kept.slice();
      kept[i] = overlong === "truncate" ? contextLength : 0;
      lostTokens += length - kept[i];
      affected[overlong === "truncate" ? "truncated" : "dropped"].push(i);
    }
    tokens += kept[i];
  }
  return { kept, affected, tokens, lostTokens };
}
