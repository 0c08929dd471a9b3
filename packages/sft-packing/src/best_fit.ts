/**
 * Best-fit decreasing by runs: pieces of equal length, and contexts that are filled alike, are handled together.
 *
 * Longest first, each piece goes into the open context with the least room for it. So while pieces of one length ℓ are
 * placed, the context that got one keeps getting them until less than ℓ is free: it has less room than all others that
 * fit. Contexts with equal room queue up, and each in turn gets the same ⌊room / ℓ⌋ pieces. A *run* is contexts with
 * consecutive numbers and equal room; placing ℓ moves whole runs from one queue to another, and splits at most one. So
 * there are at most four runs for each different length, and planning costs as many steps as there are pairs of run and
 * length, however many sequences there are. What grows with the sequences is a counting sort and writing the result.
 *
 * @module
 */

import { FreeSpace } from "./free_space.ts";
import type { Placement } from "./placement.ts";
import { saveContexts } from "./save_contexts.ts";

/**
 * Best-fit decreasing over pieces of 0 to `contextLength` tokens; those of 0 are left out.
 *
 * @param repack Whether loose contexts are packed anew where that saves some.
 * @param full Contexts in front that one piece each fills, for the caller to write: their `order` is left at 0.
 */
export function bestFit(length: Int32Array, contextLength: number, repack: boolean, full = 0): Placement {
  const { first, sorted } = longestFirst(length, contextLength, full);
  const steps = placeRuns(first, contextLength);
  const placement = writeContexts(steps, sorted, contextLength, full);
  return repack ? saveContexts(placement, contextLength, full) : placement;
}

/**
 * Counting sort: lengths are small integers. Stable, so equal lengths keep their order. Pieces of length ℓ are
 * `sorted[full + first[L − ℓ]]` to `sorted[full + first[L − ℓ + 1] − 1]`; those of length 0 are not among them.
 */
function longestFirst(
  length: Int32Array,
  contextLength: number,
  full: number,
): { first: Int32Array; sorted: Int32Array } {
  const first = new Int32Array(contextLength + 2);
  for (let p = 0; p < length.length; p++) first[contextLength - length[p] + 1]++;
  const empty = first[contextLength + 1];
  for (let bucket = 0; bucket <= contextLength; bucket++) first[bucket + 1] += first[bucket];
  const cursor = first.map((position) => full + position);
  const sorted = new Int32Array(full + length.length - empty);
  for (let p = 0; p < length.length; p++) {
    if (length[p] > 0) sorted[cursor[contextLength - length[p]]++] = p;
  }
  return { first, sorted };
}

/** What was placed, step by step: contexts `context` … `context + count − 1` each got `pieces` pieces of `length`. */
interface Steps {
  readonly count: number;
  /** Four numbers a step: context, count, pieces, length. */
  readonly table: Int32Array;
  readonly contexts: number;
}

function placeRuns(first: Int32Array, contextLength: number): Steps {
  let different = 0;
  for (let bucket = 0; bucket < contextLength; bucket++) if (first[bucket + 1] > first[bucket]) different++;
  const open = new FreeSpace(contextLength, 4 * different);
  let table = new Int32Array(16 * different + 4);
  let used = 0;
  let contexts = 0;
  const place = (context: number, count: number, pieces: number, length: number, space: number): void => {
    if (used + 4 > table.length) {
      const larger = new Int32Array(2 * table.length);
      larger.set(table);
      table = larger;
    }
    table[used++] = context;
    table[used++] = count;
    table[used++] = pieces;
    table[used++] = length;
    if (space > 0) open.add(context, count, space);
  };

  for (let length = contextLength; length > 0; length--) {
    const bucket = contextLength - length;
    let left = first[bucket + 1] - first[bucket];
    while (left > 0) {
      let space = open.smallestAtLeast(length);
      const fresh = space < 0;
      if (fresh) space = contextLength;
      const each = Math.min(left, Math.floor(space / length));
      const wanted = Math.floor(left / each);
      let context = contexts;
      let count = wanted;
      if (fresh) {
        contexts += wanted;
      } else {
        count = Math.min(wanted, open.oldestCount(space));
        context = open.take(space, count);
      }
      place(context, count, each, length, space - each * length);
      left -= count * each;
    }
  }
  return { count: used / 4, table, contexts };
}

/**
 * Gathers each context's pieces. Within a step, consecutive contexts get consecutive pieces of the sorted order. The
 * lengths overwrite that order: a fresh array of 10 million numbers costs more than all of the planning (250 ms of page
 * faults where the steps and both passes over them take 100).
 */
function writeContexts({ count, table, contexts }: Steps, sorted: Int32Array, filled: number, full: number): Placement {
  const offsets = new Int32Array(full + contexts + 1);
  for (let c = 0; c <= full; c++) offsets[c] = c;
  for (let step = 0; step < 4 * count; step += 4) {
    const first = full + 1 + table[step];
    const end = first + table[step + 1];
    for (let c = first; c < end; c++) offsets[c] += table[step + 2];
  }
  for (let c = full; c < full + contexts; c++) offsets[c + 1] += offsets[c];
  const cursor = offsets.slice(full);
  const order = new Int32Array(sorted.length);
  let next = full;
  for (let step = 0; step < 4 * count; step += 4) {
    const pieces = table[step + 2];
    const end = table[step] + table[step + 1];
    for (let c = table[step]; c < end; c++) {
      let slot = cursor[c];
      cursor[c] += pieces;
      for (let j = 0; j < pieces; j++) order[slot++] = sorted[next++];
    }
  }
  const length = sorted.fill(filled, 0, full);
  cursor.set(offsets.subarray(full));
  for (let step = 0; step < 4 * count; step += 4) {
    const pieces = table[step + 2];
    const end = table[step] + table[step + 1];
    for (let c = table[step]; c < end; c++) {
      let slot = cursor[c];
      cursor[c] += pieces;
      for (let j = 0; j < pieces; j++) length[slot++] = table[step + 3];
    }
  }
  return { contexts: offsets, order, length };
}
