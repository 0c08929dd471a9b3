/** The queue of pairs to merge, most frequent first, with the words in which each was seen. */
import type { PairCounts } from "./pair_counts.ts";
import { grown } from "./word_counts.ts";

/** A heap of entries: a pair, its count when the entry was last looked at, and a list of words. */
export class MergeQueue {
  readonly #pairs: PairCounts;
  // Entries.
  #pair: Int32Array = new Int32Array(1 << 12);
  #count: Float64Array = new Float64Array(1 << 12);
  #head: Int32Array = new Int32Array(1 << 12);
  #entries = 0;
  /** Entries from here on are not in the heap yet. */
  #fresh = 0;
  /** The latest entry of each pair, plus one. */
  #latest: Int32Array = new Int32Array(1 << 12);
  // Lists of words, linked.
  #word: Int32Array = new Int32Array(1 << 14);
  #next: Int32Array = new Int32Array(1 << 14);
  #links = 0;
  #heap: Int32Array = new Int32Array(1 << 12);
  #length = 0;

  constructor(pairs: PairCounts) {
    this.#pairs = pairs;
  }

  /** The pair of an entry. */
  pairOf(entry: number): number {
    return this.#pair[entry];
  }

  /** Notes that the pair is in that word, in an entry that `flush` will put into the queue. */
  see(pair: number, word: number): void {
    if (pair >= this.#latest.length) this.#latest = grown(this.#latest, Math.max(2 * this.#latest.length, pair + 1));
    let entry = this.#latest[pair] - 1;
    if (entry < this.#fresh) {
      entry = this.#entries++;
      if (entry === this.#pair.length) {
        this.#pair = grown(this.#pair, 2 * entry);
        this.#count = grown(this.#count, 2 * entry);
        this.#head = grown(this.#head, 2 * entry);
      }
      this.#pair[entry] = pair;
      this.#head[entry] = -1;
      this.#latest[pair] = entry + 1;
    }
    const head = this.#head[entry];
    if (head >= 0 && this.#word[head] === word) return;
    if (this.#links === this.#word.length) {
      this.#word = grown(this.#word, 2 * this.#links);
      this.#next = grown(this.#next, 2 * this.#links);
    }
    this.#word[this.#links] = word;
    this.#next[this.#links] = head;
    this.#head[entry] = this.#links++;
  }

  /** Puts the new entries into the queue. */
  flush(): void {
    const { counts } = this.#pairs;
    for (let entry = this.#fresh; entry < this.#entries; entry++) {
      this.#count[entry] = counts[this.#pair[entry]];
      if (this.#count[entry] > 0) this.#push(entry);
    }
    this.#fresh = this.#entries;
  }

  /** Takes out the entry of the most frequent pair; -1 if there is none. */
  pop(): number {
    while (this.#length > 0) {
      const entry = this.#heap[0];
      const count = this.#pairs.counts[this.#pair[entry]];
      if (this.#count[entry] === count || count <= 0) {
        const last = this.#heap[--this.#length];
        if (this.#length > 0) this.#sink(last);
        if (count > 0) return entry;
      } else {
        this.#count[entry] = count;
        this.#sink(entry);
      }
    }
    return -1;
  }

  /** Calls back with each word of an entry. */
  forEachWord(entry: number, visit: (word: number) => void): void {
    for (let link = this.#head[entry]; link >= 0; link = this.#next[link]) visit(this.#word[link]);
  }

  /** Whether entry a comes before entry b. */
  #before(a: number, b: number): boolean {
    if (this.#count[a] !== this.#count[b]) return this.#count[a] > this.#count[b];
    const { left, right } = this.#pairs;
    const p = this.#pair[a];
    const q = this.#pair[b];
    return left[p] !== left[q] ? left[p] < left[q] : right[p] < right[q];
  }

  #push(entry: number): void {
    if (this.#length === this.#heap.length) this.#heap = grown(this.#heap, 2 * this.#length);
    const heap = this.#heap;
    let i = this.#length++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(entry, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = entry;
  }

  /** Puts an entry in the place of the top. */
  #sink(entry: number): void {
    const heap = this.#heap;
    const length = this.#length;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#before(heap[child + 1], heap[child])) child++;
      if (!this.#before(heap[child], entry)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = entry;
  }
}
