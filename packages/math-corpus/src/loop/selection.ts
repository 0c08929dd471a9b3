/**
 * How many of the best pages to keep: pages are ranked by score and the top stays (section 2.1).
 *
 * @module
 */

import { checkInteger, checkNumber, shown } from "../check.ts";

/** Which pages stay: the best so many words or pages, the best share of the pages, or those from a score on. */
export type Keep =
  | { readonly words: number }
  | { readonly pages: number }
  | { readonly share: number }
  | { readonly score: number };

/** Counts pages by score, so that ranking needs no sorting of all pages. */
export interface ScoreHistogram {
  add(score: number, words: number): void;
  readonly pages: number;
  readonly words: number;
  /** The lowest score with which a page is kept; pages of that bin of scores may exceed the limit. */
  threshold(keep: Keep): number;
}

/** A power of two: multiplying by it and dividing are exact, so that a page and its bin's limit compare as they should. */
const BINS = 2 ** 17;

/**
 * An empty histogram of 131,072 bins.
 *
 * @example
 * ```ts
 * const histogram = scoreHistogram();
 * for (const score of [0.9, 0.8, 0.2, 0.1]) histogram.add(score, 100);
 * const lowest = histogram.threshold({ pages: 2 });
 * lowest > 0.2 && lowest <= 0.8; // true
 * histogram.threshold({ share: 0.5 }) === lowest; // true
 * ```
 */
export function scoreHistogram(): ScoreHistogram {
  const pagesOf = new Float64Array(BINS + 1);
  const wordsOf = new Float64Array(BINS + 1);
  let pages = 0;
  let words = 0;
  return {
    get pages() {
      return pages;
    },
    get words() {
      return words;
    },
    add(score, wordCount) {
      // A score of 1 has a bin for itself.
      const bin = Math.floor(score * BINS);
      pagesOf[bin]++;
      wordsOf[bin] += wordCount;
      pages++;
      words += wordCount;
    },
    threshold(keep) {
      const [kind, value] = checkKeep(keep);
      if (kind === "score") return value;
      const counts = kind === "words" ? wordsOf : pagesOf;
      const limit = kind === "share" ? value * pages : value;
      let sum = 0;
      for (let bin = BINS; bin >= 0; bin--) {
        sum += counts[bin];
        if (sum > limit) return (bin + 1) / BINS;
      }
      return 0;
    },
  };
}

/** Refuses what says no limit; returns it as a pair. */
export function checkKeep(keep: Keep): [keyof (Keep & object) | string, number] {
  const entries = Object.entries(keep ?? {});
  const [[kind, value]] = entries.length === 1 ? entries : [["", Number.NaN]];
  if (!["words", "pages", "share", "score"].includes(kind)) {
    throw new TypeError(
      `Cannot choose pages: keep must be { words }, { pages }, { share } or { score }, found ${shown(keep)} of ${Object.keys(keep ?? {})}`,
    );
  }
  if (kind === "share" || kind === "score") checkNumber("choose pages", `keep.${kind}`, value, 0, 1);
  else checkInteger("choose pages", `keep.${kind}`, value, 0, Number.MAX_SAFE_INTEGER);
  return [kind, value];
}
