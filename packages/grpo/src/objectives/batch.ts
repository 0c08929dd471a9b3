/**
 * The layout that every objective reads: ragged sequences end to end in flat arrays, and which tokens are trained.
 * It is the layout of {@link Batch}, so `policy.logProbs(batch)` and `batch.segments` go in as they are.
 *
 * @module
 */

import { checkFlag, checkNumber, checkNumbers, checkObject, checkSegments } from "../check.ts";

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
  checkNumbers("make a mask", "labels", labels);
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
export function batchTotals(batch: Countable, options: MaskOptions = {}): BatchTotals {
  const task = "count a batch";
  checkObject(task, "the batch", batch);
  checkSegments(task, batch.segments);
  checkNumbers(task, "mask", batch.mask);
  const size = batch.segments[batch.segments.length - 1];
  if (batch.mask.length !== size) {
    throw new RangeError(
      `Cannot ${task}: expected ${size} entries in mask, where segments end, found ${batch.mask.length}`,
    );
  }
  // The options of the whole objective may come in: others are not looked at.
  checkObject(task, "options", options);
  checkMaskOptions(task, options);
  const { maskTruncated, topEntropy } = options;
  const { truncated, entropies } = batch;
  if (maskTruncated && truncated?.length !== batch.segments.length - 1) {
    throw new RangeError(
      `Cannot ${task}: maskTruncated needs ${batch.segments.length - 1} entries in truncated, one for each sequence, found ${truncated?.length ?? "none"}`,
    );
  }
  if (topEntropy !== undefined && entropies !== undefined && entropies.length !== size) {
    throw new RangeError(
      `Cannot ${task}: expected ${size} entries in entropies, where segments end, found ${entropies.length}`,
    );
  }
  const { sequences, tokens } = count(batch, maskTruncated);
  if (topEntropy === undefined) return { sequences, tokens };
  return { sequences, tokens, entropyThreshold: entropyThreshold(batch, maskTruncated, topEntropy, tokens) };
}

/** Checks the values of mask options. */
export function checkMaskOptions(task: string, { maskTruncated, topEntropy = 1 }: MaskOptions): void {
  checkFlag(task, "maskTruncated", maskTruncated);
  checkNumber(task, "topEntropy", topEntropy, "above 0 and at most 1", (share) => share > 0 && share <= 1);
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

/** Checks a batch's arrays once, at the public door. `perToken` are the objective's further arrays. */
export function checkBatch(
  objective: string,
  batch: TokenBatch,
  perToken: Record<string, { readonly length: number } | undefined> = {},
): void {
  const task = `compute ${objective}`;
  checkObject(task, "the batch", batch);
  const { logProbs, mask, segments } = batch;
  const arrays = Object.entries({ logProbs, mask, ...perToken });
  for (const [name, array] of arrays) {
    if (array !== undefined || !(name in perToken)) checkNumbers(task, name, array);
  }
  checkSegments(task, segments);
  const tokens = segments[segments.length - 1];
  // Where log-probs and mask agree with each other, it is the segments that are wrong.
  if (logProbs.length !== tokens && logProbs.length === mask.length) {
    throw new RangeError(
      `Cannot ${task}: segments must start at 0 and end at the number of tokens, ${logProbs.length}, found ${tokens} at the end`,
    );
  }
  for (const [name, array] of arrays) {
    if (array === undefined || array.length === tokens) continue;
    throw new RangeError(
      `Cannot ${task}: expected ${tokens} entries in ${name}, where segments end, found ${array.length}`,
    );
  }
}
