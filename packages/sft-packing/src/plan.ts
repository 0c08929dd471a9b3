/**
 * Which sequence goes into which context: decided on lengths alone, so a plan for millions of sequences needs none of
 * their tokens.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { FreeSpace } from "./free_space.ts";

/** How to pack; see {@link planPacking}. */
export interface PackingOptions {
  /** Most tokens in a context. Default 4096, DeepSeekMath's. */
  contextLength?: number;
  /** Default `"best-fit-decreasing"`. */
  strategy?: "best-fit-decreasing" | "best-fit-split" | "random-concat" | "wrapped";
  /** What happens to a sequence longer than the context, in the strategies that do not split. Default `"error"`. */
  overlong?: "error" | "truncate" | "drop";
  /** Seed of `"random-concat"`; the others ignore it. Default 0. */
  seed?: number;
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

/** Contexts as lists of pieces. Piece p is `length[p]` tokens of sequence `sequence[p]`, from its token `start[p]`. */
export interface PackingPlan {
  /** Context c holds pieces `contexts[c]` to `contexts[c + 1]`: n + 1 entries. */
  readonly contexts: Int32Array;
  readonly sequence: Int32Array;
  readonly start: Int32Array;
  readonly length: Int32Array;
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
 * Best fit takes O(n log L) time and 24 bytes a sequence. Sequences of equal length keep their order, and of contexts
 * with equal room the oldest is filled first, so the plan depends on nothing but the lengths.
 *
 * @param lengths Tokens of each sequence. Those of length 0 go into no context and are counted as `empty`.
 * @throws {RangeError} A sequence exceeds the context length (and `overlong` is `"error"`), or a length is not a
 * non-negative integer.
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
  const { contextLength = 4096, strategy = "best-fit-decreasing", overlong = "error", seed = 0 } = options;
  if (!(Number.isInteger(contextLength) && contextLength > 0 && contextLength <= 2 ** 26)) {
    throw new RangeError(
      `Cannot plan packing: contextLength must be an integer from 1 to ${2 ** 26}, found ${contextLength}`,
    );
  }
  if (overlong !== "error" && overlong !== "truncate" && overlong !== "drop") {
    throw new TypeError(`Cannot plan packing: overlong must be "error", "truncate" or "drop", found ${overlong}`);
  }
  const splits = strategy === "wrapped" || strategy === "best-fit-split";
  const { kept, affected, lostTokens } = fitOrCut(lengths, contextLength, splits ? "split" : overlong);
  const pieces =
    strategy === "wrapped"
      ? wrapped(kept, contextLength, affected)
      : strategy === "random-concat"
        ? inOrder(kept, stream(seed, { purpose: "sft-packing" }).shuffle(nonEmpty(kept)), contextLength)
        : strategy === "best-fit-split"
          ? bestFit(chunks(kept, contextLength, affected), contextLength)
          : strategy === "best-fit-decreasing"
            ? bestFit(whole(kept), contextLength)
            : unknownStrategy(strategy);
  const tokens = pieces.length.reduce((sum, length) => sum + length, 0);
  const contexts = pieces.contexts.length - 1;
  const report: PackingReport = {
    contextLength,
    sequences: lengths.length,
    contexts,
    tokens,
    efficiency: contexts === 0 ? 1 : tokens / (contexts * contextLength),
    lostTokens,
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
  return { ...pieces, report };
}

type Affected = Record<"truncated" | "dropped" | "split" | "empty", number[]>;
type Pieces = Pick<PackingPlan, "sequence" | "start" | "length">;
type PackedPieces = Omit<PackingPlan, "report">;

function unknownStrategy(strategy: never): never {
  throw new TypeError(
    `Cannot plan packing: strategy must be "best-fit-decreasing", "best-fit-split", "random-concat" or "wrapped", found ${strategy}`,
  );
}

/** The lengths to place after truncating and dropping. */
function fitOrCut(
  lengths: ArrayLike<number>,
  contextLength: number,
  overlong: "error" | "truncate" | "drop" | "split",
): { kept: Int32Array; affected: Affected; lostTokens: number } {
  const kept = new Int32Array(lengths.length);
  const affected: Affected = { truncated: [], dropped: [], split: [], empty: [] };
  let lostTokens = 0;
  let total = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i];
    if (!(Number.isInteger(length) && length >= 0)) {
      throw new RangeError(`Cannot pack sequence ${i}: its length must be a non-negative integer, found ${length}`);
    }
    kept[i] = length;
    total += length;
    if (length === 0) affected.empty.push(i);
    if (length <= contextLength || overlong === "split") continue;
    if (overlong === "error") {
      throw new RangeError(`Cannot pack sequence ${i}: ${length} tokens exceed the context length ${contextLength}`);
    }
    kept[i] = overlong === "truncate" ? contextLength : 0;
    lostTokens += length - kept[i];
    affected[overlong === "truncate" ? "truncated" : "dropped"].push(i);
  }
  if (overlong === "split" && total > 2 ** 31 - 1) {
    // Piece offsets are 32-bit; whole sequences have no such limit.
    throw new RangeError(`Cannot split ${total} tokens in one plan: at most ${2 ** 31 - 1}`);
  }
  return { kept, affected, lostTokens };
}

function nonEmpty(lengths: Int32Array): Int32Array {
  let count = 0;
  const indices = new Int32Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i] > 0) indices[count++] = i;
  return indices.slice(0, count);
}

function whole(lengths: Int32Array): Pieces {
  const sequence = nonEmpty(lengths);
  return { sequence, start: new Int32Array(sequence.length), length: sequence.map((i) => lengths[i]) };
}

/** Every sequence as context-sized pieces, the last one shorter. */
function chunks(lengths: Int32Array, contextLength: number, affected: Affected): Pieces {
  const pieces = lengths.reduce((sum, length) => sum + Math.ceil(length / contextLength), 0);
  const [sequence, start, length] = [new Int32Array(pieces), new Int32Array(pieces), new Int32Array(pieces)];
  let p = 0;
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] > contextLength) affected.split.push(i);
    for (let from = 0; from < lengths[i]; from += contextLength, p++) {
      sequence[p] = i;
      start[p] = from;
      length[p] = Math.min(contextLength, lengths[i] - from);
    }
  }
  return { sequence, start, length };
}

/** Appends to the current context until the next sequence does not fit. */
function inOrder(lengths: Int32Array, order: Int32Array, contextLength: number): PackedPieces {
  const contexts = [0];
  let used = 0;
  for (let p = 0; p < order.length; p++) {
    if (used + lengths[order[p]] > contextLength) {
      contexts.push(p);
      used = 0;
    }
    used += lengths[order[p]];
  }
  if (order.length > 0) contexts.push(order.length);
  return {
    contexts: Int32Array.from(contexts),
    sequence: order,
    start: new Int32Array(order.length),
    length: order.map((i) => lengths[i]),
  };
}

/** Joins everything and cuts at every multiple of the context length. */
function wrapped(lengths: Int32Array, contextLength: number, affected: Affected): PackedPieces {
  const contexts = [0];
  const [sequence, start, length]: number[][] = [[], [], []];
  let room = contextLength;
  for (let i = 0; i < lengths.length; i++) {
    for (let from = 0; from < lengths[i]; ) {
      const take = Math.min(room, lengths[i] - from);
      if (take < lengths[i] && from === 0) affected.split.push(i);
      sequence.push(i);
      start.push(from);
      length.push(take);
      from += take;
      room -= take;
      if (room === 0) {
        contexts.push(sequence.length);
        room = contextLength;
      }
    }
  }
  if (room < contextLength) contexts.push(sequence.length);
  return {
    contexts: Int32Array.from(contexts),
    sequence: Int32Array.from(sequence),
    start: Int32Array.from(start),
    length: Int32Array.from(length),
  };
}

/** Best-fit decreasing over pieces that each fit a context. */
function bestFit({ sequence, start, length }: Pieces, contextLength: number): PackedPieces {
  const count = length.length;
  const order = longestFirst(length, contextLength);
  const contextOf = new Int32Array(count);
  const open = new FreeSpace(contextLength, count);
  let contexts = 0;
  for (const p of order) {
    let space = open.smallestAtLeast(length[p]);
    let context: number;
    if (space < 0) {
      context = contexts++;
      space = contextLength;
    } else {
      context = open.take(space);
    }
    contextOf[p] = context;
    if (space > length[p]) open.add(context, space - length[p]);
  }
  // Gather the pieces of each context, in the order in which they were placed.
  const offsets = new Int32Array(contexts + 1);
  for (let p = 0; p < count; p++) offsets[contextOf[p] + 1]++;
  for (let c = 0; c < contexts; c++) offsets[c + 1] += offsets[c];
  const cursor = offsets.slice();
  const result = { sequence: new Int32Array(count), start: new Int32Array(count), length: new Int32Array(count) };
  for (const p of order) {
    const slot = cursor[contextOf[p]]++;
    result.sequence[slot] = sequence[p];
    result.start[slot] = start[p];
    result.length[slot] = length[p];
  }
  return { contexts: offsets, ...result };
}

/** Counting sort: lengths are small integers. Stable, so equal lengths keep their order. */
function longestFirst(length: Int32Array, longest: number): Int32Array {
  const first = new Int32Array(longest + 2);
  for (let p = 0; p < length.length; p++) first[longest - length[p] + 1]++;
  for (let bucket = 0; bucket <= longest; bucket++) first[bucket + 1] += first[bucket];
  const order = new Int32Array(length.length);
  for (let p = 0; p < length.length; p++) order[first[longest - length[p]]++] = p;
  return order;
}
