/**
 * The packing strategies: first how sequences are cut into pieces, then how pieces are put into contexts.
 *
 * @module
 */

import { FreeSpace } from "./free_space.ts";

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
  return indices.slice(0, count);
}

/** Every sequence as one piece. */
export function whole(lengths: Int32Array): Pieces {
  const sequence = nonEmpty(lengths);
  return { sequence, start: new Int32Array(sequence.length), length: sequence.map((i) => lengths[i]) };
}

/** Every sequence as context-sized pieces, the last one shorter. */
export function chunks(lengths: Int32Array, contextLength: number, affected: Affected): Pieces {
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
export function inOrder(lengths: Int32Array, order: Int32Array, contextLength: number): PackedPieces {
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
export function wrapped(lengths: Int32Array, contextLength: number, affected: Affected): PackedPieces {
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
export function bestFit({ sequence, start, length }: Pieces, contextLength: number): PackedPieces {
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
