/**
 * Learns merges: again and again the most frequent pair of neighbours becomes a token (Sennrich, Haddow and Birch 2016).
 *
 * Nothing is counted twice: a merge visits the words that have the pair, and changes the counts of its neighbours. As in
 * Hugging Face's `BpeTrainer`, of pairs equally frequent the one with the smaller ids comes first, and the queue is
 * mended late: an entry whose count is out of date goes back with the right one. An entry carries the words in which its
 * pair was seen when it was made.
 */
import { MergeQueue } from "./merge_queue.ts";
import { PairCounts } from "./pair_counts.ts";

/** Distinct words as ids, and how often each occurs. */
export interface Corpus {
  /** The ids of all words, one word after the other; changed by learning. */
  ids: Int32Array;
  /** Where each word begins, and the end of the last. */
  starts: Int32Array;
  counts: Float64Array;
}

/** A merge: left and right id, and the id of the new token. */
export type Merge = [left: number, right: number, id: number];

/**
 * The merges, one by one.
 *
 * @param corpus Words; they are changed.
 * @param join The id of the token that two tokens make: that of an existing one with the same text, or a new one.
 */
export function* learnMerges(corpus: Corpus, join: (left: number, right: number) => number): Generator<Merge> {
  const { ids, starts, counts } = corpus;
  const ends = starts.slice(1);
  const pairs = new PairCounts();
  const queue = new MergeQueue(pairs);
  for (let word = 0; word + 1 < starts.length; word++) {
    for (let i = starts[word]; i + 1 < ends[word]; i++) {
      const pair = pairs.add(ids[i], ids[i + 1], counts[word]);
      queue.see(pair, word);
    }
  }
  queue.flush();

  for (;;) {
    const entry = queue.pop();
    if (entry < 0) return;
    const pair = queue.pairOf(entry);
    const left = pairs.left[pair];
    const right = pairs.right[pair];
    const id = join(left, right);
    yield [left, right, id];
    queue.forEachWord(entry, (word) => {
      const start = starts[word];
      const end = ends[word];
      const count = counts[word];
      let to = start;
      for (let i = start; i < end; i++) {
        if (ids[i] !== left || i + 1 === end || ids[i + 1] !== right) {
          ids[to++] = ids[i];
          continue;
        }
        if (to > start) {
          pairs.add(ids[to - 1], left, -count);
          queue.see(pairs.add(ids[to - 1], id, count), word);
        }
        i++;
        if (i + 1 < end) {
          pairs.add(right, ids[i + 1], -count);
          queue.see(pairs.add(id, ids[i + 1], count), word);
        }
        ids[to++] = id;
      }
      ends[word] = to;
    });
    queue.flush();
  }
}
