/**
 * Byte-pair encoding of one word: merge the pair of lowest rank, the leftmost of several, until there is none
 * (Sennrich, Haddow and Birch 2016). Short words by looking at all pairs each time, long ones with a heap in O(n log n),
 * so that a text without spaces cannot stall the caller.
 */
import { NO_MERGE, type PairTable } from "./pair_table.ts";

/** Up to here looking at all pairs is quicker than a heap. */
export const SHORT = 64;

/** Room for the ranks of a short word. */
export const shortRanks: Int32Array = /* @__PURE__ */ new Int32Array(SHORT + 1);

/**
 * Merges `ids[start … end)` in place.
 *
 * @returns Where the merged ids now end.
 */
export function mergeWord(ids: Int32Array, start: number, end: number, pairs: PairTable): number {
  if (end - start > SHORT) return mergeLong(ids, start, end, pairs);
  for (let i = start; i + 1 < end; i++) shortRanks[i - start] = pairs.rank(ids[i], ids[i + 1]);
  return mergeShort(ids, start, end, pairs, shortRanks);
}

/** O(n²), without allocation; `ranks` are those of the pairs. */
export function mergeShort(ids: Int32Array, start: number, end: number, pairs: PairTable, ranks: Int32Array): number {
  const { result } = pairs;
  let last = end - start - 1; // The last of the ids; there are as many pairs.
  while (last > 0) {
    let best = NO_MERGE;
    let at = 0;
    for (let i = 0; i < last; i++) {
      if (ranks[i] < best) {
        best = ranks[i];
        at = i;
      }
    }
    if (best === NO_MERGE) break;
    ids[start + at] = result[best];
    last--;
    for (let i = at + 1; i <= last; i++) ids[start + i] = ids[start + i + 1];
    for (let i = at + 1; i < last; i++) ranks[i] = ranks[i + 1];
    if (at > 0) ranks[at - 1] = pairs.rank(ids[start + at - 1], ids[start + at]);
    if (at < last) ranks[at] = pairs.rank(ids[start + at], ids[start + at + 1]);
  }
  return start + last + 1;
}

/** Position and rank share one float: ranks below 2²², positions below 2³⁰. */
const POSITIONS = 2 ** 30;

/** O(n log n): a heap of merges that may be stale, over a linked list of the ids. */
export function mergeLong(ids: Int32Array, start: number, end: number, pairs: PairTable): number {
  const n = end - start;
  const { result } = pairs;
  const previous = new Int32Array(n);
  const next = new Int32Array(n);
  const ranks = new Int32Array(n);
  const heap = new MergeHeap();
  for (let i = 0; i < n; i++) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  const update = (i: number): void => {
    const right = next[i];
    const rank = right < n ? pairs.rank(ids[start + i], ids[start + right]) : NO_MERGE;
    ranks[i] = rank;
    if (rank !== NO_MERGE) heap.push(rank * POSITIONS + i);
  };
  for (let i = 0; i < n; i++) update(i);
  while (heap.length > 0) {
    const top = heap.pop();
    const rank = Math.floor(top / POSITIONS);
    const i = top - rank * POSITIONS;
    if (ranks[i] !== rank) continue; // Something there has been merged meanwhile.
    const gone = next[i];
    ids[start + i] = result[rank];
    ranks[gone] = NO_MERGE;
    next[i] = next[gone];
    if (next[i] < n) previous[next[i]] = i;
    update(i);
    if (i > 0) update(previous[i]);
  }

  let to = start;
  for (let i = 0; i < n; i = next[i]) ids[to++] = ids[start + i];
  return to;
}

/** A binary heap of numbers, the smallest on top. */
class MergeHeap {
  readonly #items: number[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: number): void {
    const items = this.#items;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (items[parent] <= item) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  pop(): number {
    const items = this.#items;
    const top = items[0];
    const item = items.pop()!;
    const { length } = items;
    if (length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && items[child + 1] < items[child]) child++;
      if (items[child] >= item) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = item;
    return top;
  }
}
