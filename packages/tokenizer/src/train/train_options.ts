/** What training takes and reports. */
import type { PatternName } from "../split/patterns.ts";

/** How far training has come. */
export interface TrainingProgress {
  /** First words are counted, then merges are learnt. */
  phase: "counting" | "merging";
  /** UTF-16 code units read, or tokens in the vocabulary. */
  done: number;
  /** Tokens wanted; unknown while counting. */
  total?: number;
  /** Distinct words so far. */
  words: number;
}

/** Options of `trainBpe`. */
export interface TrainOptions {
  /** Tokens in the vocabulary: special tokens, 256 bytes and merges. Fewer come out where the texts have no more pairs. */
  vocabSize: number;
  /** Texts of special tokens; they have the ids from 0 on. Default none. */
  specialTokens?: readonly string[];
  /** How texts are cut into words: a name, or a regular expression in Oniguruma's syntax. Default `qwen2`. */
  pattern?: PatternName | (string & {});
  /** Called some ten times a second. */
  onProgress?: (progress: TrainingProgress) => void;
}
