/**
 * Keeps benchmarks out of training data: DeepSeekMath's rule (section 2.1). A text that shares 10 words in a row with a
 * benchmark's text is contaminated; benchmark texts of 3 to 9 words are looked for whole; shorter ones are not looked
 * for.
 *
 * The paper does not say what a gram is of: here of words, in lower case and without punctuation, and each Chinese or
 * Japanese character counts as a word. N-grams are compared by hashes of 64 bits: a billion words against a million
 * n-grams err once in 18,000 runs.
 *
 * @module
 */

import { checkInteger, checkKeys, checkText } from "../check.ts";
import { mix, pairMap } from "../text/pair_set.ts";
import { splitWords, wordReader } from "../text/words.ts";

/** Which n-grams count. */
export interface DecontaminationOptions {
  /** Words in a row that contaminate. Default 10. */
  readonly gram?: number;
  /** Benchmark texts with fewer words are not looked for. Default 3. */
  readonly shortest?: number;
}

/** A stretch of a text that a benchmark has too. */
export interface Contamination {
  /** Where the first word begins, in UTF-16 units. */
  readonly start: number;
  /** Where the last word begins. */
  readonly last: number;
  /** Number of a benchmark text that has it. */
  readonly benchmark: number;
}

/** Looks for benchmarks in texts. */
export interface Decontaminator {
  /** Benchmark texts that are looked for, and those too short for it. */
  readonly benchmarks: { readonly searched: number; readonly tooShort: number };
  /** The first stretch that a benchmark has too, or undefined. */
  find(text: string): Contamination | undefined;
  /** The same by the words of a `wordReader`: the number of a benchmark text, or −1. */
  findWords(words: Int32Array): number;
  /** The text without the lines that share n-grams with a benchmark, and how many lines that took. */
  removeLines(text: string): { readonly text: string; readonly removed: number };
}

const DOING = "decontaminate";
const BASE_HIGH = 0x01000193;
const BASE_LOW = 0x5bd1e995;

/**
 * Prepares a search for the texts of benchmarks, e.g. questions and answers as separate texts.
 *
 * @throws {RangeError} An option is out of range.
 * @throws {TypeError} A benchmark text is no string.
 *
 * @example
 * ```ts
 * const { find, removeLines } = decontaminator(["Natalia sold clips to 48 of her friends in April, and then half as many in May"]);
 * const page = "Exercise 7.\nNatalia sold clips to 48 of her friends, in April and then half!\nSolution: 72.";
 * find(page)?.benchmark; // 0
 * removeLines(page).text; // "Exercise 7.\nSolution: 72."
 * find("Natalia sold clips."); // undefined
 * ```
 */
export function decontaminator(benchmarks: Iterable<string>, options: DecontaminationOptions = {}): Decontaminator {
  checkKeys(DOING, options, ["gram", "shortest"]);
  const { gram = 10, shortest = 3 } = options;
  checkInteger(DOING, "gram", gram, 1, 1000);
  checkInteger(DOING, "shortest", shortest, 1, gram);
  const read = wordReader();
  const grams = pairMap();
  const lengths = new Set<number>();
  // One bit of 2²² tells most n-grams that no benchmark has them, without a look into the table.
  const bits = new Uint32Array(2 ** 17);
  let count = 0;
  let tooShort = 0;
  let keyHigh = 0;
  let keyLow = 0;
  function hash(words: Int32Array, from: number, length: number): void {
    let high = length;
    let low = length;
    for (let i = from; i < from + length; i++) {
      high = (Math.imul(high, BASE_HIGH) + words[i]) | 0;
      low = (Math.imul(low, BASE_LOW) + mix(words[i])) | 0;
    }
    keyHigh = mix(high);
    keyLow = mix(low);
  }
  for (const benchmark of benchmarks) {
    checkText(DOING, `benchmarks[${count}]`, benchmark);
    const { words } = read(benchmark);
    const length = Math.min(gram, words.length);
    if (length < shortest) tooShort++;
    else {
      lengths.add(length);
      for (let i = 0; i + length <= words.length; i++) {
        hash(words, i, length);
        grams.add(keyHigh, keyLow, count);
        bits[(keyHigh & 0x3fffff) >>> 5] |= 1 << (keyHigh & 31);
      }
    }
    count++;
  }
  const searched = [...lengths].map((length) => {
    // What the word that leaves the window was worth in its rolling hash, and what the length itself is.
    let power = 1;
    for (let i = 0; i < length; i++) power = Math.imul(power, BASE_HIGH);
    return { length, power };
  });

  /** Calls `found` with the first word, the length and the benchmark of each n-gram, until that returns true. */
  function search(words: Int32Array, found: (first: number, length: number, benchmark: number) => boolean): void {
    for (const { length, power } of searched) {
      let high = 0;
      const offset = Math.imul(length, power);
      for (let i = 0; i < words.length; i++) {
        high = (Math.imul(high, BASE_HIGH) + words[i]) | 0;
        if (i < length - 1) continue;
        if (i >= length) high = (high - Math.imul(words[i - length], power)) | 0;
        const key = mix((high + offset) | 0);
        if (!((bits[(key & 0x3fffff) >>> 5] >>> (key & 31)) & 1)) continue;
        hash(words, i - length + 1, length);
        const benchmark = grams.get(keyHigh, keyLow);
        if (benchmark >= 0 && found(i - length + 1, length, benchmark)) return;
      }
    }
  }

  return {
    benchmarks: { searched: count - tooShort, tooShort },
    find(text) {
      checkText(DOING, "text", text);
      const { words, starts } = read(text);
      let first: Contamination | undefined;
      search(words, (from, length, benchmark) => {
        const start = starts[from];
        if (!first || start < first.start) first = { start, last: starts[from + length - 1], benchmark };
        return true;
      });
      return first;
    },
    findWords(words) {
      let of = -1;
      search(words, (_from, _length, benchmark) => {
        of = benchmark;
        return true;
      });
      return of;
    },
    removeLines(text) {
      checkText(DOING, "text", text);
      const { words, starts } = read(text);
      const hits: [number, number][] = [];
      search(words, (from, length) => {
        hits.push([starts[from], starts[from + length - 1]]);
        return false;
      });
      if (hits.length === 0) return { text, removed: 0 };
      hits.sort((a, b) => a[0] - b[0]);
      const lines = text.split("\n");
      let start = 0;
      let next = 0;
      let reach = -1;
      const clean = lines.filter((line) => {
        const end = start + line.length;
        for (; next < hits.length && hits[next][0] <= end; next++) reach = Math.max(reach, hits[next][1]);
        const dirty = reach >= start;
        start = end + 1;
        return !dirty;
      });
      return { text: clean.join("\n"), removed: lines.length - clean.length };
    },
  };
}

/** Whether a text is contaminated, by comparing words: slow, for tests. */
export function naiveContaminated(text: string, benchmarks: Iterable<string>, gram = 10, shortest = 3): boolean {
  const page = ` ${splitWords(text).join(" ")} `;
  for (const benchmark of benchmarks) {
    const words = splitWords(benchmark);
    const length = Math.min(gram, words.length);
    if (length < shortest) continue;
    for (let i = 0; i + length <= words.length; i++)
      if (page.includes(` ${words.slice(i, i + length).join(" ")} `)) return true;
  }
  return false;
}
