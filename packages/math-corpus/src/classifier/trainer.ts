/**
 * Trains the classifier as fastText's `supervised` does: the softmax of two labels over the mean of the embeddings of a
 * text's words and hashed n-grams, stochastic gradient descent text by text, a learning rate that falls to nothing.
 *
 * Differences: texts are shuffled anew in each epoch (fastText takes them in the order of the file); the two rows of W
 * begin at zero and remain each other's negatives, so there is one vector v = w₁ − w₀; rows of the table that no text
 * touched count nothing in a score, where fastText leaves them the noise that they began with. One thread: the same
 * texts and seed give the same model to the last bit.
 *
 * Source: Joulin et al., "Bag of Tricks for Efficient Text Classification" (arXiv 1607.01759); the settings are those of
 * DeepSeekMath, section 2.1. The paper is silent on the number of buckets: fastText's default is taken.
 *
 * @module
 */

import { permutation, stream } from "@gradus/seeds";
import { checkInteger, checkKeys, checkNumber, checkText } from "../check.ts";
import { wordReader } from "../text/words.ts";
import { type Classifier, type ClassifierSettings, foldedClassifier } from "./classifier.ts";
import { vocabulary, writeFeatures } from "./features.ts";
import { plainRowTable, type RowTable, rowTable } from "./kernels.ts";

/** How to train. */
export interface ClassifierOptions extends Partial<ClassifierSettings> {
  /** Numbers in an embedding, a multiple of 16. Default 256. */
  readonly dimension?: number;
  /** Default 0.1. */
  readonly learningRate?: number;
  /** Longest n-gram, in words. Default 3. */
  readonly wordNgrams?: number;
  /** Words seen less often are no features of their own. Default 3. */
  readonly minCount?: number;
  /** Default 3. */
  readonly epochs?: number;
  /** Default 2,000,000. Training takes 4 · (words + buckets) · dimension bytes where n-grams fall: up to 2 GB. */
  readonly buckets?: number;
  /** Default 0. */
  readonly seed?: number;
  /** `"plain"` trains without WebAssembly, with the same result. Default `"vector"`, where there is that. */
  readonly kernels?: "vector" | "plain";
  /** Is told the share of the training done, from 0 to 1, and the mean loss so far, about every 1,000 texts. */
  readonly onProgress?: (progress: { readonly done: number; readonly loss: number }) => void;
}

/** Collects texts, then trains. */
export interface ClassifierTrainer {
  /** Adds a text and whether it is what the classifier shall find. */
  add(text: string, positive: boolean): void;
  /** The same, of `tokens` from a `wordReader`; they are copied. */
  addTokens(tokens: Int32Array, positive: boolean): void;
  /** Texts so far, of either kind. */
  readonly count: { readonly positive: number; readonly negative: number };
  /** Trains from scratch on all texts so far. */
  train(): Classifier;
}

const DOING = "train the classifier";
const KEYS = [
  "dimension",
  "learningRate",
  "wordNgrams",
  "minCount",
  "epochs",
  "buckets",
  "seed",
  "kernels",
  "onProgress",
];

/**
 * A trainer. Texts are held as hashes, 4 bytes a word.
 *
 * @throws {RangeError} An option is out of range, or, from `train`, a label has no text.
 * @throws {TypeError} There is no such option.
 *
 * @example
 * ```ts
 * const trainer = classifierTrainer({ minCount: 1, epochs: 50, buckets: 10_000 });
 * for (const text of ["the derivative of sin x", "solve x + 2 = 5"]) trainer.add(text, true);
 * for (const text of ["the weather in spring", "how to bake bread"]) trainer.add(text, false);
 * const classifier = trainer.train();
 * classifier.score("solve sin x") > classifier.score("bread in spring"); // true
 * ```
 */
export function classifierTrainer(options: ClassifierOptions = {}): ClassifierTrainer {
  checkKeys(DOING, options, KEYS);
  const { dimension = 256, learningRate = 0.1, wordNgrams = 3, minCount = 3, epochs = 3 } = options;
  const { buckets = 2_000_000, seed = 0, kernels = "vector", onProgress } = options;
  checkInteger(DOING, "dimension", dimension, 16, 4096);
  if (dimension % 16) throw new RangeError(`Cannot ${DOING}: dimension must be a multiple of 16, found ${dimension}`);
  checkNumber(DOING, "learningRate", learningRate, 1e-9, 100);
  checkInteger(DOING, "wordNgrams", wordNgrams, 1, 16);
  checkInteger(DOING, "minCount", minCount, 1);
  checkInteger(DOING, "epochs", epochs, 1);
  checkInteger(DOING, "buckets", buckets, 1, 2 ** 28);
  checkInteger(DOING, "seed", seed, 0, Number.MAX_SAFE_INTEGER);
  const settings = { dimension, learningRate, wordNgrams, minCount, epochs, buckets, seed };

  const read = wordReader();
  const texts: Int32Array[] = [];
  const labels: boolean[] = [];
  const seen = vocabulary();
  let counts = new Int32Array(1024);
  let positive = 0;

  function addTokens(list: Int32Array, label: boolean): void {
    if (typeof label !== "boolean")
      throw new TypeError(`Cannot ${DOING}: positive must be true or false, found ${label}`);
    const tokens = list.slice();
    texts.push(tokens);
    labels.push(label);
    if (label) positive++;
    for (const token of tokens) {
      const id = seen.add(token);
      if (id >= counts.length) {
        const more = new Int32Array(2 * counts.length);
        more.set(counts);
        counts = more;
      }
      counts[id]++;
    }
  }

  return {
    get count() {
      return { positive, negative: labels.length - positive };
    },
    add(text, label) {
      checkText(DOING, "text", text);
      addTokens(read(text).tokens, label);
    },
    addTokens,
    train() {
      if (positive === 0 || positive === labels.length) {
        throw new RangeError(
          `Cannot ${DOING}: expected texts of both kinds, found ${positive} positive and ${labels.length - positive} negative`,
        );
      }
      const words = vocabulary();
      for (let id = 0; id < seen.size; id++) if (counts[id] >= minCount) words.add(seen.keys[id]);
      const longest = texts.reduce((most, { length }) => Math.max(most, length), 1);
      const rowCount = words.size + buckets;
      const table = (kernels === "plain" ? plainRowTable : rowTable)(rowCount, dimension, longest * wordNgrams);
      const touch = rowMaker(table, rowCount, dimension, seed);
      const vector = new Float32Array(dimension);
      const total = epochs * texts.reduce((sum, { length }) => sum + length, 0);
      let done = 0;
      let steps = 0;
      let losses = 0;
      for (let epoch = 0; epoch < epochs; epoch++) {
        for (const index of permutation(texts.length, seed, { purpose: "math-corpus classifier order", step: epoch })) {
          const count = writeFeatures(texts[index], words, wordNgrams, buckets, table.list);
          if (count > 0) {
            touch(count);
            const rate = learningRate * (1 - done / total);
            losses += step(table, vector, count, labels[index], rate);
          }
          done += texts[index].length;
          if (++steps % 1000 === 0) onProgress?.({ done: done / total, loss: losses / steps });
        }
      }
      onProgress?.({ done: 1, loss: losses / steps });
      return foldedClassifier(words, fold(table, vector, touch.seen), settings);
    },
  };
}

/** One step of gradient descent on one text; returns its loss. */
function step(table: RowTable, vector: Float32Array, count: number, label: boolean, rate: number): number {
  const { sum, delta } = table;
  table.gather(count);
  let logit = 0;
  for (let j = 0; j < vector.length; j++) logit += (sum[j] / count) * vector[j];
  const probability = 1 / (1 + Math.exp(-logit));
  // The gradient of either label's logit; v gets both, w₁'s and w₀'s negative.
  const alpha = rate * ((label ? 1 : 0) - probability);
  for (let j = 0; j < vector.length; j++) {
    delta[j] = (alpha / count) * vector[j];
    vector[j] += 2 * alpha * (sum[j] / count);
  }
  table.scatter(count);
  return -Math.log(Math.max(1e-12, label ? probability : 1 - probability));
}

/**
 * Fills a row with uniform numbers in ±1/dimension when a text first touches it: a stretch of one long random list,
 * which begins where the row's number says.
 */
function rowMaker(
  { list, rows }: RowTable,
  rowCount: number,
  dimension: number,
  seed: number,
): { (count: number): void; readonly seen: Uint8Array } {
  const pool = stream(seed, { purpose: "math-corpus classifier rows" }).fillUniform(new Float32Array(2 ** 18));
  for (let i = 0; i < pool.length; i++) pool[i] = (2 * pool[i] - 1) / dimension;
  const starts = pool.length - dimension;
  const seen = new Uint8Array(rowCount);
  const touch = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const row = list[i];
      if (seen[row]) continue;
      seen[row] = 1;
      const start = (Math.imul(row, 0x9e3779b1) >>> 0) % starts;
      rows.set(pool.subarray(start, start + dimension), row * dimension);
    }
  };
  return Object.assign(touch, { seen });
}

/** One number for each feature: its row times v, 0 for rows that no text touched. */
function fold({ rows }: RowTable, vector: Float32Array, seen: Uint8Array): Float32Array {
  const { length } = vector;
  const folded = new Float32Array(seen.length);
  for (let row = 0; row < seen.length; row++) {
    if (!seen[row]) continue;
    let product = 0;
    for (let j = 0; j < length; j++) product += rows[row * length + j] * vector[j];
    folded[row] = product;
  }
  return folded;
}
