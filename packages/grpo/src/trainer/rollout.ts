/**
 * What exploration yields: groups of completions with their rewards, and the batch they make.
 *
 * @module
 */

import { show } from "../check.ts";
import { maskFromLabels } from "../objectives/batch.ts";
import type { Batch } from "./policy.ts";

/** One sampled completion, as it is kept. */
export interface SampledCompletion {
  readonly tokens: Int32Array;
  /** Log-probability of each token at sampling, in nats. */
  readonly logProbs: Float32Array;
  readonly finishReason: "stop" | "length";
}

/** Rewards for the steps of one completion. */
export interface ProcessReward {
  readonly stepRewards: readonly number[];
  /** Index, in the completion, of the last token of each step. */
  readonly stepEnds: readonly number[];
  /** The reward of the whole, for the metrics. Default: the mean of the steps'. */
  readonly outcome?: number;
}

/** All completions of one prompt, judged. */
export interface RolloutGroup {
  /** The index that the prompt was asked for with. */
  readonly promptIndex: number;
  readonly prompt: Int32Array;
  readonly completions: readonly SampledCompletion[];
  /** `rewards[k][i]`: what reward function k says of completion i; null: not applicable. */
  readonly rewards: readonly (readonly (number | null)[])[];
  /** With process supervision: the steps of each completion. */
  readonly steps?: readonly ProcessReward[];
}

/** A group that could not be had, and why. */
export interface GroupFailure {
  readonly step: number;
  /** Which of the step's groups, and which attempt at it (0: the first). */
  readonly slot: number;
  readonly attempt: number;
  readonly promptIndex: number;
  readonly stage: "prompt" | "rollout" | "reward";
  readonly reason: string;
}

/** What one step has sampled. */
export interface Exploration {
  readonly step: number;
  readonly groups: readonly RolloutGroup[];
  readonly failures: readonly GroupFailure[];
  /** Groups that dynamic sampling dropped because their rewards were all equal. */
  readonly dropped: number;
  /** Tokens sampled, those of dropped and failed groups included. */
  readonly sampledTokens: number;
}

/** Where rollouts are kept so that a step can be replayed. `@gradus/grpo/rollouts` keeps them on disk. */
export interface RolloutStore {
  /** The exploration of a step, or undefined if there is none. */
  read(step: number): Promise<Exploration | undefined>;
  write(exploration: Exploration): Promise<void>;
}

/** Completions as one batch: each sequence is prompt and completion, labels on the completion only. */
export interface RolloutBatch extends Batch {
  /** 1 where there is a label. */
  readonly mask: Uint8Array;
  /** Log-probabilities at sampling, in the place of their labels. */
  readonly oldLogProbs: Float32Array;
}

/**
 * Lays prompts and completions end to end. Position t predicts token t + 1, so a completion's first label stands at the
 * prompt's last token, and its last token has none.
 *
 * @throws {RangeError} A prompt is empty, or log-probabilities and tokens differ in number.
 *
 * @example
 * ```ts
 * const rollout = { prompt: Int32Array.of(1, 2), tokens: Int32Array.of(3, 4), logProbs: Float32Array.of(-1, -2) };
 * rolloutBatch([rollout]).labels; // [-100, 3, 4, -100]
 * ```
 */
export function rolloutBatch(
  rollouts: readonly {
    readonly prompt: Int32Array;
    readonly tokens: Int32Array;
    readonly logProbs: Float32Array;
  }[],
): RolloutBatch {
  if (!Array.isArray(rollouts)) {
    throw new TypeError(`Cannot make a batch: rollouts must be an array, found ${show(rollouts)}`);
  }
  const segments = new Int32Array(rollouts.length + 1);
  rollouts.forEach(({ prompt, tokens, logProbs }, i) => {
    if (prompt.length === 0) throw new RangeError(`Cannot make a batch: the prompt of rollout ${i} is empty`);
    if (tokens.length !== logProbs.length) {
      throw new RangeError(
        `Cannot make a batch: expected ${tokens.length} logProbs in rollout ${i}, one for each token, found ${logProbs.length}`,
      );
    }
    segments[i + 1] = segments[i] + prompt.length + tokens.length;
  });
  const size = segments[rollouts.length];
  const batch = {
    tokens: new Int32Array(size),
    labels: new Int32Array(size).fill(-100),
    positions: new Int32Array(size),
    segments,
    oldLogProbs: new Float32Array(size),
  };
  rollouts.forEach(({ prompt, tokens, logProbs }, i) => {
    const start = segments[i];
    batch.tokens.set(prompt, start);
    batch.tokens.set(tokens, start + prompt.length);
    batch.labels.set(tokens, start + prompt.length - 1);
    batch.oldLogProbs.set(logProbs, start + prompt.length - 1);
    for (let t = 0; t < prompt.length + tokens.length; t++) batch.positions[start + t] = t;
  });
  return { ...batch, mask: maskFromLabels(batch.labels) };
}

/** Some sequences of a batch as a batch of their own; `places` are their tokens' indices in the whole. */
export function selectSequences(
  batch: Batch,
  sequences: ArrayLike<number>,
): { readonly batch: Batch; readonly places: Int32Array } {
  const segments = new Int32Array(sequences.length + 1);
  for (let i = 0; i < sequences.length; i++) {
    segments[i + 1] = segments[i] + batch.segments[sequences[i] + 1] - batch.segments[sequences[i]];
  }
  const places = new Int32Array(segments[sequences.length]);
  for (let i = 0; i < sequences.length; i++) {
    const start = batch.segments[sequences[i]];
    for (let t = segments[i]; t < segments[i + 1]; t++) places[t] = start + t - segments[i];
  }
  const pick = (values: Int32Array) => Int32Array.from(places, (t) => values[t]);
  const { tokens, labels, positions } = batch;
  return {
    batch: { tokens: pick(tokens), labels: pick(labels), positions: pick(positions), segments },
    places,
  };
}
