/**
 * An objective over hidden states, whose logits are never all there: memory grows with chunk · vocabulary instead of
 * tokens · vocabulary. First the log-probabilities of every chunk, then the objective, which sees the whole batch, then each
 * chunk backward, its logits computed again.
 *
 * @module
 */

import { checkNumber, checkNumbers } from "../check.ts";
import type { ObjectiveResult } from "../objectives/result.ts";

/** The output head of a model, as an engine computes it for a few tokens at a time. Owned here, implemented elsewhere. */
export interface Head {
  /** log π of each target in nats, [n], from hidden states [n, width], row-major. */
  logProbs(hidden: Float32Array, targets: Int32Array): Float32Array | Promise<Float32Array>;
  /**
   * Pulls coefficients [n] back: adds Σ coefficient · ∇ log π to the gradient of the head's weights, and returns the
   * gradient with respect to `hidden`, [n, width].
   */
  backward(hidden: Float32Array, targets: Int32Array, coefficients: Float32Array): Float32Array | Promise<Float32Array>;
}

/** What a batch needs of hidden states and targets. */
export interface HiddenBatch {
  /** Hidden states before the head, [tokens, width], row-major. */
  readonly hidden: Float32Array;
  /** The token that each position predicts; read where the mask is not 0. */
  readonly targets: Int32Array;
  /** Non-zero where a token is trained. */
  readonly mask: Uint8Array | Float32Array;
}

/** Result of {@link streamedObjective}. */
export type StreamedResult<Result> = Result & {
  /** Log-probabilities of the targets in nats; 0 outside the mask. */
  readonly logProbs: Float32Array;
  /** ∂loss/∂hidden, [tokens, width]; 0 outside the mask. */
  readonly hiddenGradient: Float32Array;
};

/**
 * Computes an objective and its gradient through a head, `chunk` trained tokens at a time.
 *
 * @param objective Given all log-probabilities at once: `(logProbs) => grpo({ ...rest, logProbs }, options)`.
 * @throws {RangeError} `hidden` is not a whole number of states for the targets, or `chunk` is not an integer above 0.
 *
 * @example
 * ```ts
 * import { linearHead } from "@gradus/grpo/head";
 *
 * const head = linearHead(Float32Array.of(1, 0, 0, 0, 1, 0), 2); // [2, 3]
 * const batch = { hidden: Float32Array.of(1, 2, 3, 4), targets: Int32Array.of(0, 1), mask: Uint8Array.of(1, 1) };
 * const { loss, hiddenGradient } = await streamedObjective(head, batch, (logProbs) =>
 *   sft({ logProbs, mask: batch.mask, segments: Int32Array.of(0, 2) }),
 * );
 * console.log(loss, hiddenGradient, head.gradient);
 * ```
 */
export async function streamedObjective<Result extends Pick<ObjectiveResult<unknown>, "coefficients">>(
  head: Head,
  { hidden, targets, mask }: HiddenBatch,
  objective: (logProbs: Float32Array) => Result,
  { chunk = 512 }: { chunk?: number } = {},
): Promise<StreamedResult<Result>> {
  const task = "stream an objective";
  for (const [name, array] of Object.entries({ hidden, targets, mask })) checkNumbers(task, name, array);
  checkNumber(task, "chunk", chunk, "an integer above 0", (value) => Number.isSafeInteger(value) && value > 0);
  const tokens = targets.length;
  if (mask.length !== tokens) {
    throw new RangeError(
      `Cannot ${task}: expected ${tokens} entries in mask, one for each target, found ${mask.length}`,
    );
  }
  const width = tokens === 0 ? 0 : hidden.length / tokens;
  if (!Number.isInteger(width)) {
    throw new RangeError(
      `Cannot ${task}: hidden must have as many numbers for each of ${tokens} targets, found ${hidden.length} in all`,
    );
  }
  const trained = Int32Array.from(mask.keys()).filter((t) => mask[t] !== 0);
  const logProbs = new Float32Array(tokens);
  const hiddenGradient = new Float32Array(hidden.length);
  const parts = Array.from({ length: Math.ceil(trained.length / chunk) }, (_, i) =>
    trained.subarray(i * chunk, (i + 1) * chunk),
  );
  const gather = (part: Int32Array): [hidden: Float32Array, targets: Int32Array] => {
    const rows = new Float32Array(part.length * width);
    part.forEach((t, i) => {
      rows.set(hidden.subarray(t * width, (t + 1) * width), i * width);
    });
    return [rows, part.map((t) => targets[t])];
  };
  for (const part of parts) {
    const found = await head.logProbs(...gather(part));
    part.forEach((t, i) => {
      logProbs[t] = found[i];
    });
  }
  const result = objective(logProbs);
  for (const part of parts) {
    const coefficients = Float32Array.from(part, (t) => result.coefficients[t]);
    const rows = await head.backward(...gather(part), coefficients);
    part.forEach((t, i) => {
      hiddenGradient.set(rows.subarray(i * width, (i + 1) * width), t * width);
    });
  }
  return { ...result, logProbs, hiddenGradient };
}
