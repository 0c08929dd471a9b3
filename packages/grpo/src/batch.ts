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
}

/** The mask of a batch's labels: 1 where there is a label, 0 where it is −100. */
export function maskFromLabels(labels: Int32Array): Uint8Array {
  return Uint8Array.from(labels, (label) => (label === -100 ? 0 : 1));
}

/**
 * Counts sequences and trained tokens. Sum it over all micro-batches and pass it as `total` to each.
 *
 * @example
 * ```ts
 * batchTotals({ mask: Uint8Array.of(0, 1, 1), segments: Int32Array.of(0, 2, 3) }); // { sequences: 2, tokens: 2 }
 * ```
 */
export function batchTotals({ mask, segments }: Pick<TokenBatch, "mask" | "segments">): BatchTotals {
  let tokens = 0;
  for (let t = 0; t < mask.length; t++) if (mask[t] !== 0) tokens++;
  return { sequences: segments.length - 1, tokens };
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
