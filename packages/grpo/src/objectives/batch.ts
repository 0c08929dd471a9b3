/**
 * The layout that every objective reads: ragged sequences end to end in flat arrays, and which tokens are trained.
 * It is the layout of {@link Batch}, so `policy.logProbs(batch)` and `batch.segments` go in as they are.
 *
 * @module
 */

/** Float32 is the working precision; float64 is accepted so that a loss can be checked by finite differences. */
export type FloatArray = Float32Array | Float64Array;

/** What every objective needs. */
export interface TokenBatch {
  /** ℓ = log π of each label, in nats. One entry for each token; entries outside the mask are never read. */
  readonly logProbs: FloatArray;
  /** Non-zero where the token is trained: completion tokens. One entry for each token. */
  readonly mask: Uint8Array | Float32Array;
  /** Cumulative lengths: n + 1 entries, the first 0, the last the number of tokens. */
  readonly segments: Int32Array;
}

/** How much a batch holds. Means over micro-batches need the whole batch's. */
export interface BatchTotals {
  /** Sequences, those without a trained token included. */
  readonly sequences: number;
  /** Trained tokens. */
  readonly tokens: number;
  /** Entropy from which on a token is kept, in nats; present when `topEntropy` was asked for. */
  readonly entropyThreshold?: number;
}

/** The mask of a batch's labels: 1 where there is a label, 0 where it is −100. */
export function maskFromLabels(labels: Int32Array): Uint8Array {
  return Uint8Array.from(labels, (label) => (label === -100 ? 0 : 1));
}

/** What {@link batchTotals} reads of a batch. */
export interface Countable extends Pick<TokenBatch, "mask" | "segments"> {
  /** Non-zero where a completion was cut off. One entry for each sequence. */
  readonly truncated?: ArrayLike<number>;
  /** Entropy of the whole distribution at each token, in nats. One entry for each token. */
  readonly entropies?: FloatArray;
}

/** What decides which tokens count. */
export interface MaskOptions {
  /** Train on no token of a completion that was cut off (DAPO's overlong filtering). Default false. */
  maskTruncated?: boolean;
  /** Keep only this share of the tokens, those with the highest entropy. Default: all. */
  topEntropy?: number;
}

/**
 * Counts sequences and trained tokens, and finds the entropy threshold. Call it with the whole batch and the options of
 * the objective, and pass the result as `total` to each micro-batch. Without `topEntropy`, counts of micro-batches may
 * be summed instead.
 *
 * @example
 * ```ts
 * batchTotals({ mask: Uint8Array.of(0, 1, 1), segments: Int32Array.of(0, 2, 3) }); // { sequences: 2, tokens: 2 }
 * ```
 */
export function batchTotals(batch: Countable, { maskTruncated, topEntropy }: MaskOptions = {}): BatchTotals {
  const { sequences, tokens } = count(batch, maskTruncated);
  if (topEntropy === undefined) return { sequences, tokens };
  return { sequences, tokens, entropyThreshold: entropyThreshold(batch, maskTruncated, topEntropy, tokens) };
}

/** Sequences, trained tokens, and the trained tokens of each sequence. */
export interface Counts extends BatchTotals {
  readonly perSequence: Int32Array;
}

/** Counts trained tokens; none where `maskTruncated` and the sequence is truncated. */
export function count({ mask, segments, truncated }: Countable, maskTruncated = false): Counts {
  const perSequence = new Int32Array(segments.length - 1);
  let tokens = 0;
  for (let s = 0; s < perSequence.length; s++) {
    if (maskTruncated && truncated?.[s]) continue;
    let trained = 0;
    const end = segments[s + 1];
    for (let t = segments[s]; t < end; t++) if (mask[t] !== 0) trained++;
    perSequence[s] = trained;
    tokens += trained;
  }
  return { sequences: perSequence.length, tokens, perSequence };
}

/** The (1 − share) quantile of the trained tokens' entropies, by linear interpolation as torch.quantile. */
function entropyThreshold(batch: Countable, maskTruncated = false, share: number, tokens: number): number {
  const { entropies, mask, segments, truncated } = batch;
  if (entropies === undefined) throw new TypeError("Cannot keep the top entropies: expected entropies, found none");
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`Cannot keep the top entropies: topEntropy must be above 0 and at most 1, found ${share}`);
  }
  const sorted = new Float64Array(tokens);
  let n = 0;
  for (let s = 0; s + 1 < segments.length; s++) {
    if (maskTruncated && truncated?.[s]) continue;
    for (let t = segments[s]; t < segments[s + 1]; t++) if (mask[t] !== 0) sorted[n++] = entropies[t];
  }
  sorted.sort();
  const place = (1 - share) * Math.max(0, n - 1);
  const below = Math.floor(place);
  const above = Math.min(n - 1, below + 1);
  return n === 0 ? 0 : sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** Checks the lengths of a batch's arrays once, at the public door. `perToken` are the objective's further arrays. */
export function checkBatch(
  objective: string,
  { logProbs, mask, segments }: TokenBatch,
  perToken: Record<string, { readonly length: number } | undefined> = {},
): void {
  const tokens = logProbs.length;
  for (const [name, array] of Object.entries({ mask, ...perToken })) {
    if (array !== undefined && array.length !== tokens) {
      throw new RangeError(
        `Cannot compute ${objective}: expected ${tokens} entries in ${name}, as in logProbs, found ${array.length}`,
      );
    }
  }
  if (segments.length < 1 || segments[0] !== 0 || segments[segments.length - 1] !== tokens) {
    throw new RangeError(
      `Cannot compute ${objective}: segments must start at 0 and end at the number of tokens, ${tokens}, found [${segments[0]}, …, ${segments[segments.length - 1]}]`,
    );
  }
  for (let s = 1; s < segments.length; s++) {
    if (segments[s] < segments[s - 1]) {
      throw new RangeError(
        `Cannot compute ${objective}: segments must not decrease, found ${segments[s - 1]} then ${segments[s]} at ${s}`,
      );
    }
  }
}
