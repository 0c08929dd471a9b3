import { NO_MERGE, PairTable } from "../bpe/pair_table.ts";
import { grown } from "./word_counts.ts";

/** How often each pair of neighbours occurs; pairs have numbers. */
export class PairCounts {
  left: Int32Array = new Int32Array(1 << 12);
  right: Int32Array = new Int32Array(1 << 12);
  counts: Float64Array = new Float64Array(1 << 12);
  #size = 0;
  readonly #table: PairTable = new PairTable(new Int32Array(0), 1 << 12);

  /** Adds to the count of a pair; returns the pair's number. */
  add(left: number, right: number, count: number): number {
    let pair = this.#table.rank(left, right);
    if (pair === NO_MERGE) {
      pair = this.#size++;
      if (pair === this.counts.length) {
        this.left = grown(this.left, 2 * pair);
        this.right = grown(this.right, 2 * pair);
        this.counts = grown(this.counts, 2 * pair);
      }
      this.left[pair] = left;
      this.right[pair] = right;
      this.#table.set(left, right, pair);
    }
    this.counts[pair] += count;
    return pair;
  }
}
