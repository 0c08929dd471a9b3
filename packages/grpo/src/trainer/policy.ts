/**
 * What an objective's trainer needs of a model. Owned here, implemented elsewhere (`@gradus/transformer` is one
 * implementation); everything crosses in flat typed arrays.
 *
 * @module
 */

/**
 * Sequences packed end to end. `tokens`, `labels` and `positions` have one entry for each token; sequence `s` is the
 * range `segments[s]` to `segments[s + 1]`, and attention never crosses it. `labels[t]` is the token that position `t`
 * should predict, or −100 where nothing is trained.
 */
export interface Batch {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
  readonly positions: Int32Array;
  /** Cumulative lengths: n + 1 entries, the first 0, the last `tokens.length`. */
  readonly segments: Int32Array;
}

/** Log-probability of each label, 0 where the label is −100. In nats, one entry for each token of the batch. */
export interface LogProbs {
  readonly logProbs: Float32Array;
  /** Entropy in nats of the whole distribution at each trained position; present when asked for. */
  readonly entropies?: Float32Array;
}

/** One sampled continuation. */
export interface Completion {
  /** Which of the prompts it continues, and which of that prompt's samples it is. */
  readonly prompt: number;
  readonly sample: number;
  /** The new tokens only, the stop token included when there is one. */
  readonly tokens: Int32Array;
  /** Log-probability of each new token under the untruncated distribution at the sampling temperature, in nats. */
  readonly logProbs: Float32Array;
  /** `"stop"`: a stop sequence was produced; `"length"`: the limit came first. */
  readonly finishReason: "stop" | "length";
}

/** How to sample. */
export interface SampleOptions {
  /** Samples for each prompt. Default 1. */
  samplesPerPrompt?: number;
  maxNewTokens: number;
  /** Default 1; 0 takes the most likely token. */
  temperature?: number;
  /** Keep only the k most likely tokens. Default: all. */
  topK?: number;
  /** Keep the smallest set whose probability reaches p. Default 1. */
  topP?: number;
  /** Token sequences that end a completion. */
  stop?: Int32Array[];
  /** The run's seed and the step; with the prompt's and the sample's number they name one random stream. */
  seed: number;
  step?: number;
  /** Called now and then with the tokens sampled so far. */
  onProgress?: (progress: { tokens: number; finished: number; total: number }) => void;
  signal?: AbortSignal;
}

/** One optimiser update. */
export interface OptimizerStep {
  learningRate: number;
  weightDecay?: number;
  betas?: readonly [number, number];
  epsilon?: number;
  /** Clip the global gradient norm to this. Default 1; `Infinity` never clips. */
  maxGradientNorm?: number;
}

/** What an update did. */
export interface StepReport {
  /** Updates made so far, this one included. */
  readonly step: number;
  /** Global L2 norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** The factor applied to the gradient, at most 1. */
  readonly clipFactor: number;
}

/** A model that can be sampled, scored and trained. */
export interface Policy {
  sample(prompts: readonly Int32Array[], options: SampleOptions): Promise<Completion[]>;
  logProbs(batch: Batch, options?: { entropies?: boolean; temperature?: number }): Promise<LogProbs>;
  /** Accumulates Σ coefficient · ∇ log π(label) into the gradient; `coefficients` has one entry for each token. */
  backward(batch: Batch, coefficients: Float32Array, options?: { temperature?: number }): Promise<LogProbs>;
  /** Descends the accumulated gradient and clears it. */
  step(update: OptimizerStep): Promise<StepReport>;
}
