/**
 * The packing strategies: first how sequences are cut into pieces, then how pieces are put into contexts.
 *
 * @module
 */

import { bestFit } from "./best_fit.ts";

/** The sequences that were cut, left out, divided or empty, as they are found. */
export type Affected = Record<"truncated" | "dropped" | "split" | "empty", number[]>;

/** Pieces of sequences: piece p is `length[p]` tokens of sequence `sequence[p]`, from its token `start[p]`. */
export interface Pieces {
  readonly sequence: Int32Array;
  readonly start: Int32Array;
  readonly length: Int32Array;
}

/** Pieces in the order of their contexts. */
export interface PackedPieces extends Pieces {
  /** Context c holds pieces `contexts[c]` to `contexts[c + 1]`: n + 1 entries, the first 0. */
  readonly contexts: Int32Array;
}

/** The numbers of the sequences that have a token. */
export function nonEmpty(lengths: Int32Array): Int32Array {
  let count = 0;
  const indices = new Int32Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i] > 0) indices[count++] = i;
  return indices.subarray(0, count);
}

/** Best-fit decreasing over sequences that each fit a context. */
export function bestFitWhole(lengths: Int32Array, contextLength: number, repack: boolean): PackedPieces {
  const { contexts, order, length } = bestFit(lengths, contextLength, repack);
  return { contexts, sequence: order, start: new Int32Array(order.length), length };
}

/**
 * Best-fit decreasing after cutting every sequence into context-sized pieces and a rest. The former fill a context each,
 * and have the first ones.
 */
export function bestFitSplit(
  lengths: Int32Array,
  contextLength: number,
  repack: boolean,
  affected: Affected,
): PackedPieces {
  let full = 0;
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] > contextLength) affected.split.push(i);
    if (lengths[i] >= contextLength) full += Math.floor(lengths[i] / contextLength);
  }
  if (affected.split.length === 0) return bestFitWhole(lengths, contextLength, repack);
  const rest = new Int32Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) rest[i] = lengths[i] % contextLength;
  const { contexts, order, length } = bestFit(rest, contextLength, repack, full);
  const start = new Int32Array(order.length);
  let p = 0;
  for (let i = 0; i < lengths.length; i++) {
    for (let from = 0; from + contextLength <= lengths[i]; from += contextLength) {
      order[p] = i;
      start[p++] = from;
    }
  }
  for (; p < order.length; p++) start[p] = lengths[order[p]] - length[p];
  return { contexts, sequence: order, start, length };
}

/** Appends to the current context until the next sequence does not fit. */
export function inOrder(lengths: Int32Array, order: Int32Array, contextLength: number): PackedPieces {
  const contexts = new Int32Array(order.length + 1);
  const length = new Int32Array(order.length);
  let [count, used] = [0, 0];
  for (let p = 0; p < order.length; p++) {
    length[p] = lengths[order[p]];
    if (used + length[p] > contextLength) {
      contexts[++count] = p;
      used = 0;
    }
    used += length[p];
  }
  if (order.length > 0) contexts[++count] = order.length;
  return { contexts: contexts.slice(0, count + 1), sequence: order, start: new Int32Array(order.length), length };
}

/** Joins everything and cuts at every multiple of the context length. */
export function wrapped(lengths: Int32Array, contextLength: number, affected: Affected): PackedPieces {
  let tokens = 0;
  for (let i = 0; i < lengths.length; i++) tokens += lengths[i];
  const count = Math.ceil(tokens / contextLength);
  // Each cut makes one piece more.
  const most = lengths.length + count;
  const contexts = new Int32Array(count + 1);
  const [sequence, start, length] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)];
  let [context, pieces, room] = [0, 0, contextLength];
  for (let i = 0; i < lengths.length; i++) {
    for (let from = 0; from < lengths[i]; ) {
      const take = Math.min(room, lengths[i] - from);
      if (take < lengths[i] && from === 0) affected.split.push(i);
      sequence[pieces] = i;
      start[pieces] = from;
      length[pieces++] = take;
      from += take;
      room -= take;
      if (room === 0) {
        contexts[++context] = pieces;
        room = contextLength;
      }
    }
  }
  contexts[count] = pieces;
  return {
    contexts,
    sequence: sequence.subarray(0, pieces),
    start: start.subarray(0, pieces),
    length: length.subarray(0, pieces),
  };
}
