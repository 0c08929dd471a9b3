/**
 * What a run leaves behind for its report: plain data that survives `JSON.stringify`, with nothing of the engine in it.
 *
 * @module
 */

import type { JournalRecord } from "../run/journal.ts";

/** One stage of the run, in the order in which it ran. */
export interface StageRecord {
  /** The name that journal records and evaluations use, e.g. `"sft"`. */
  readonly stage: string;
  /** What people read, e.g. `"SFT"`. */
  readonly label: string;
  /** What the policy is rewarded for, in words; where it is rewarded. */
  readonly rewarded?: string;
  readonly steps: number;
  /** Tokens processed, sampled ones included. */
  readonly tokens: number;
  readonly seconds: number;
}

/** A share of right answers with the ends of its 95% interval, all between 0 and 1. */
export interface AccuracyRecord {
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** Number of problems. */
  readonly n: number;
}

/** Held-out accuracy after one stage. */
export interface EvaluationRecord extends AccuracyRecord {
  readonly stage: string;
  /** The accuracy of each run, where `accuracy` is the mean over several seeds. */
  readonly runs?: readonly number[];
  readonly byKind: Readonly<Record<string, AccuracyRecord>>;
}

/** One answer of the model. */
export interface AnswerRecord {
  readonly text: string;
  readonly correct: boolean;
}

/** What one checkpoint can do: a row of the table. */
export interface AbilityRecord {
  readonly stage: string;
  readonly greedy: AccuracyRecord;
  /** With Python: one program, or reasoning with programs. */
  readonly program: AccuracyRecord;
  readonly toolIntegrated: AccuracyRecord;
  /** Of several samples without tools. */
  readonly majorityAtK: readonly (AccuracyRecord & { readonly k: number })[];
  readonly passAtK: readonly (AccuracyRecord & { readonly k: number })[];
}

/** What one stage consumed and produced, in words. */
export interface AccountRecord {
  readonly label: string;
  readonly seconds: number;
  readonly consumed: string;
  readonly produced: string;
}

/** A held-out problem answered before and after GRPO. */
export interface SampleRecord {
  readonly question: string;
  readonly kind: string;
  /** The right answer. */
  readonly answer: string;
  readonly before: AnswerRecord;
  readonly after: AnswerRecord;
}

/** A value in the configuration or the environment; objects nest. */
export type SettingValue =
  | string
  | number
  | boolean
  | null
  | readonly SettingValue[]
  | { readonly [name: string]: SettingValue };

/** Everything a report shows. */
export interface RunRecord {
  /** E.g. `"DeepSeekMath recipe, built-in problems"`. */
  readonly title: string;
  /** When the run began, ISO 8601. */
  readonly startedAt: string;
  /** Time spent in the stages of all runs, resumed parts included, evaluations not. */
  readonly seconds: number;
  /** Trainable parameters of the policy. */
  readonly parameters: number;
  readonly seeds: readonly number[];
  readonly stages: readonly StageRecord[];
  /**
   * The journal's rows. Known metrics are drawn: `loss` in every stage, and `reward`, `kl`, `entropy`, `length`,
   * `zeroVariance`, `clipFraction`, `gradientNorm` by step. A field `seed` tells several runs apart.
   */
  readonly metrics: readonly JournalRecord[];
  readonly evaluations: readonly EvaluationRecord[];
  /** The same checkpoints with tools and many samples, where that was asked. */
  readonly abilities?: readonly AbilityRecord[];
  /** Of the first run. */
  readonly accounts?: readonly AccountRecord[];
  readonly samples: readonly SampleRecord[];
  readonly configuration: Readonly<Record<string, SettingValue>>;
  /** Versions, runtime, processor, threads, … */
  readonly environment: Readonly<Record<string, SettingValue>>;
}
