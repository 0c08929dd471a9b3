/**
 * A linear classifier over word n-grams that says how likely a text is mathematical, folded for scoring.
 *
 * fastText scores by h = mean of the embeddings of a text's features, then softmax(W h). Between them nothing is curved,
 * so (w₁ − w₀)·h is the mean of one number for each feature, (w₁ − w₀)·embedding, known once training ends. A trained
 * model of 2,000,000 buckets is 8 MB for 2 GB, and scoring a feature is one addition for 256.
 *
 * @module
 */

import { checkText, shown } from "../check.ts";
import { wordReader } from "../text/words.ts";
import { type Vocabulary, vocabulary, writeFeatures } from "./features.ts";

/** What training was told, kept with the model. */
export interface ClassifierSettings {
  readonly dimension: number;
  readonly learningRate: number;
  readonly wordNgrams: number;
  readonly minCount: number;
  readonly epochs: number;
  readonly buckets: number;
  readonly seed: number;
}

/** A trained classifier. */
export interface Classifier {
  /** What it was trained with. */
  readonly settings: ClassifierSettings;
  /** Words in its vocabulary. */
  readonly vocabularySize: number;
  /** P(positive | text), from 0 to 1; 0.5 for a text without any known feature. */
  score(text: string): number;
  /** The same, of `tokens` from a `wordReader`. */
  scoreTokens(tokens: Int32Array): number;
  /** The model as bytes, for `readClassifier`. */
  serialize(): Uint8Array<ArrayBuffer>;
}

/** @internal */
export function foldedClassifier(words: Vocabulary, weights: Float32Array, settings: ClassifierSettings): Classifier {
  const read = wordReader();
  const { wordNgrams, buckets } = settings;
  let features = new Int32Array(4096);
  const scoreTokens = (tokens: Int32Array): number => {
    if (features.length < tokens.length * wordNgrams) features = new Int32Array(2 * tokens.length * wordNgrams);
    const count = writeFeatures(tokens, words, wordNgrams, buckets, features);
    if (count === 0) return 0.5;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weights[features[i]];
    return 1 / (1 + Math.exp(-sum / count));
  };
  return {
    settings,
    vocabularySize: words.size,
    score(text) {
      checkText("score", "text", text);
      return scoreTokens(read(text).tokens);
    },
    scoreTokens,
    serialize() {
      const header = new TextEncoder().encode(JSON.stringify({ ...settings, words: words.size }));
      // Numbers begin at a multiple of four.
      const start = (MAGIC.length + 4 + header.length + 3) & ~3;
      const bytes = new Uint8Array(start + 4 * (words.size + weights.length));
      bytes.set(new TextEncoder().encode(MAGIC));
      new DataView(bytes.buffer).setUint32(MAGIC.length, header.length, true);
      bytes.set(header, MAGIC.length + 4);
      new Int32Array(bytes.buffer, start, words.size).set(words.keys.subarray(0, words.size));
      new Float32Array(bytes.buffer, start + 4 * words.size).set(weights);
      return bytes;
    },
  };
}

const MAGIC = "gradus-classifier-1\n";

/**
 * Reads a classifier that `serialize` wrote.
 *
 * @throws {SyntaxError} The bytes are no classifier, or not all of one.
 *
 * @example
 * ```ts
 * const trainer = classifierTrainer({ minCount: 1, buckets: 1000 });
 * trainer.add("the derivative of sin x", true);
 * trainer.add("the weather in spring", false);
 * const classifier = trainer.train();
 * readClassifier(classifier.serialize()).score("sin x") === classifier.score("sin x"); // true
 * ```
 */
export function readClassifier(bytes: Uint8Array): Classifier {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`Cannot read the classifier: bytes must be a Uint8Array, found ${shown(bytes)}`);
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC)
    throw new SyntaxError(
      `Cannot read the classifier: expected it to begin with ${shown(MAGIC)}, found ${shown(magic)}`,
    );
  const copy = bytes.slice().buffer;
  const length = bytes.length < MAGIC.length + 4 ? 0 : new DataView(copy).getUint32(MAGIC.length, true);
  let header: ClassifierSettings & { words: number };
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(MAGIC.length + 4, MAGIC.length + 4 + length)),
    );
  } catch (cause) {
    throw new SyntaxError("Cannot read the classifier: its header is damaged", { cause });
  }
  const { words: wordCount, ...settings } = header;
  const start = (MAGIC.length + 4 + length + 3) & ~3;
  const expected = start + 4 * (2 * wordCount + settings.buckets);
  if (bytes.length !== expected)
    throw new SyntaxError(`Cannot read the classifier: expected ${expected} bytes, found ${bytes.length}`);
  const words = vocabulary();
  for (const key of new Int32Array(copy, start, wordCount)) words.add(key);
  return foldedClassifier(words, new Float32Array(copy, start + 4 * wordCount), settings);
}
