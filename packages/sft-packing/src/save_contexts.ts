/**
 * What best-fit decreasing leaves: once the short pieces are used up, its later contexts end with room for less than any
 * piece, and together that room can be worth whole contexts. They are saved by packing loose contexts anew: of a few
 * hundred, some are taken apart and four pieces are taken out of each of the others, which are then filled again, to the
 * last token if possible, with pieces whose lengths have the right sum.
 *
 * @module
 */

import { LoosePieces } from "./loose_pieces.ts";
import type { Placement } from "./placement.ts";

/** Pieces that are taken out of a context that is filled again: enough for many sums, few enough to be quick. */
const TAKEN_OUT = 4;
/** Contexts that are saved together, and how often that is done: of 10 million sequences, the rest is not worth its time. */
const SAVED_TOGETHER = 4;
const GROUPS = 32;
/** Contexts that are packed anew together at most: where so many have too little room, what is saved is not worth its time. */
const POOL = 1024;
/** Pieces that are on average this many times longer than the average piece fit nowhere else: their contexts stay. */
const LONG = 3;

/** A context as it shall be: the numbers of its pieces and their lengths. */
interface Refilled {
  readonly order: number[];
  readonly length: number[];
}

/**
 * Makes the contexts of a placement fewer where their room is worth one and sums are found; in place. Those that were
 * packed anew come last, the others keep their order.
 *
 * @param full Contexts in front that are full.
 */
export function saveContexts(placement: Placement, contextLength: number, full: number): Placement {
  const { room, free } = roomOf(placement, contextLength, full);
  const most = Math.floor(free / contextLength);
  if (most === 0) return placement;
  const stride = Math.ceil(most / SAVED_TOGETHER);
  const loosest = byRoom(room, full, contextLength);
  const gone: number[] = [];
  const refilled: Refilled[] = [];
  for (let group = 0; group < Math.min(stride, GROUPS); group++) {
    // Contexts with like room are filled alike. A group has some of all kinds: more lengths, more sums.
    const pool: number[] = [];
    let roomOfPool = 0;
    const enough = (SAVED_TOGETHER + 1 / 8) * contextLength;
    for (let i = group; i < loosest.length && pool.length < POOL && roomOfPool < enough; i += stride) {
      pool.push(loosest[i]);
      roomOfPool += room[loosest[i]];
    }
    const found = refill(placement, pool, Math.floor(roomOfPool / contextLength), room);
    if (!found) break;
    gone.push(...pool);
    refilled.push(...found);
  }
  return gone.length > 0 ? rebuilt(placement, gone, refilled) : placement;
}

/** The room of each context that may be packed anew, 0 for the others; and the room of all. */
function roomOf(
  { contexts, length }: Placement,
  contextLength: number,
  full: number,
): { room: Int32Array; free: number } {
  const room = new Int32Array(contexts.length - 1);
  let free = 0;
  for (let c = full; c < room.length; c++) {
    room[c] = contextLength;
    for (let p = contexts[c]; p < contexts[c + 1]; p++) room[c] -= length[p];
    free += room[c];
  }
  if (free < contextLength) return { room, free };
  const pieces = length.length - full;
  const long = (LONG * ((room.length - full) * contextLength - free)) / pieces;
  for (let c = full; c < room.length; c++) {
    if (contextLength - room[c] > long * (contexts[c + 1] - contexts[c])) room[c] = 0;
  }
  return { room, free };
}

/** The contexts that have room, the loosest first; of equally loose ones, the later. */
function byRoom(room: Int32Array, full: number, contextLength: number): Int32Array {
  const first = new Int32Array(contextLength + 2);
  for (let c = full; c < room.length; c++) first[contextLength - room[c] + 1]++;
  for (let bucket = 0; bucket <= contextLength; bucket++) first[bucket + 1] += first[bucket];
  const sorted = new Int32Array(first[contextLength]);
  for (let c = room.length - 1; c >= full; c--) if (room[c] > 0) sorted[first[contextLength - room[c]]++] = c;
  return sorted;
}

/** Takes `saved` contexts of the pool apart so that the others hold everything; `undefined` where that fails. */
function refill(
  { contexts, order, length }: Placement,
  pool: readonly number[],
  saved: number,
  room: Int32Array,
): Refilled[] | undefined {
  if (saved === 0) return undefined;
  const piecesOf = (c: number) => contexts[c + 1] - contexts[c];
  const loose: Refilled = { order: [], length: [] };
  const move = (piece: number, to: Refilled): number => {
    to.order.push(order[piece]);
    to.length.push(length[piece]);
    return length[piece];
  };
  // The most pieces are the shortest: they find a place.
  const sorted = pool.toSorted((a, b) => piecesOf(b) - piecesOf(a) || a - b);
  let spare = 0;
  for (const c of sorted.splice(0, saved)) for (let p = contexts[c]; p < contexts[c + 1]; p++) spare -= move(p, loose);
  const kept = sorted.map((c) => {
    const refilled: Refilled = { order: [], length: [] };
    // Pieces lie from long to short: of the shorter half, evenly spaced ones.
    const half = piecesOf(c) >> 1;
    const step = Math.ceil(half / TAKEN_OUT);
    const from = contexts[c] + half;
    let free = room[c];
    spare += free;
    for (let p = contexts[c]; p < contexts[c + 1]; p++) {
      if (p > from && (p - from) % step === 0) free += move(p, loose);
      else move(p, refilled);
    }
    return { refilled, free };
  });
  const pieces = new LoosePieces(loose.order, loose.length);
  for (const { refilled, free } of kept) {
    const left = pieces.fill(free, spare, (piece, pieceLength) => {
      refilled.order.push(piece);
      refilled.length.push(pieceLength);
    });
    if (left < 0) return undefined;
    spare -= left;
  }
  return pieces.count === 0 ? kept.map(({ refilled }) => refilled) : undefined;
}

/** The placement without the contexts that are gone, then those that were filled again. */
function rebuilt({ contexts, order, length }: Placement, gone: number[], refilled: readonly Refilled[]): Placement {
  gone.sort((a, b) => a - b);
  let context = gone[0];
  let end = contexts[context];
  for (const [g, before] of gone.entries()) {
    const [from, to] = [before + 1, gone[g + 1] ?? contexts.length - 1];
    const shift = contexts[from] - end;
    order.copyWithin(end, contexts[from], contexts[to]);
    length.copyWithin(end, contexts[from], contexts[to]);
    for (let c = from; c < to; c++) {
      end = contexts[c + 1] - shift;
      contexts[++context] = end;
    }
  }
  for (const pieces of refilled) {
    order.set(pieces.order, end);
    length.set(pieces.length, end);
    end += pieces.order.length;
    contexts[++context] = end;
  }
  return { contexts: contexts.subarray(0, context + 1), order, length };
}
