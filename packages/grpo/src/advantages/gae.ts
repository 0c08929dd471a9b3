/**
 * Generalised advantage estimation: advantages from a value function, for PPO.
 *
 * @module
 */

import { checkFlag, checkNumber, checkNumbers, checkObject, checkOptions, checkSegments } from "../check.ts";
import type { FloatArray } from "../objectives/batch.ts";

/** What {@link gae} reads. One entry for each token; entries outside the mask are never read. */
export interface GaeBatch {
  /** Reward of each token; an outcome reward stands at the last trained token of its sequence. */
  readonly rewards: FloatArray;
  /** V(s_t), the value before token t. */
  readonly values: FloatArray;
  readonly mask: Uint8Array | Float32Array;
  readonly segments: Int32Array;
  /** V after the last token, for sequences that were cut off. One for each sequence. Default: all 0. */
  readonly finalValues?: ArrayLike<number>;
}

/** Options of {@link gae}. */
export interface GaeOptions {
  /** Discount γ. Default 1. */
  gamma?: number;
  /** λ: 1 is the return minus the value, 0 the temporal difference. Default 0.95. */
  lambda?: number;
  /** Bring the advantages of all trained tokens to mean 0 and standard deviation 1. Default false. */
  whiten?: boolean;
}

/**
 * `Â_t = Σ_k (γλ)^k δ_(t+k)`, with `δ_t = r_t + γ V(s_(t+1)) − V(s_t)`; `returns_t = Â_t + V(s_t)`, the values' targets.
 * Tokens outside the mask are stepped over as if they were not there.
 *
 * @throws {RangeError} Arrays differ in length, or an option is out of its range.
 * @throws {TypeError} An array is missing or holds no numbers, or an option is unknown.
 *
 * Source: Schulman et al. (arXiv 1506.02438) equations 11 to 16.
 *
 * @example
 * ```ts
 * const rewards = Float32Array.of(0, 1);
 * const values = Float32Array.of(0.5, 0.5);
 * gae({ rewards, values, mask: Uint8Array.of(1, 1), segments: Int32Array.of(0, 2) }, { lambda: 1 }).advantages; // [0.5, 0.5]
 * ```
 */
export function gae(batch: GaeBatch, options: GaeOptions = {}): { advantages: Float32Array; returns: Float32Array } {
  const task = "compute gae";
  checkObject(task, "the batch", batch);
  checkOptions(task, options, ["gamma", "lambda", "whiten"]);
  const { rewards, values, mask, segments, finalValues } = batch;
  const { gamma = 1, lambda = 0.95, whiten = false } = options;
  checkNumber(task, "gamma", gamma, "from 0 to 1", (value) => value >= 0 && value <= 1);
  checkNumber(task, "lambda", lambda, "from 0 to 1", (value) => value >= 0 && value <= 1);
  checkFlag(task, "whiten", whiten);
  checkSegments(task, segments);
  const tokens = segments[segments.length - 1] ?? 0;
  for (const [name, array] of Object.entries({ rewards, values, mask })) {
    checkNumbers(task, name, array);
    if (array.length !== tokens) {
      throw new RangeError(`Cannot compute gae: expected ${tokens} entries in ${name}, found ${array.length}`);
    }
  }
  if (finalValues !== undefined) {
    checkNumbers(task, "finalValues", finalValues);
    if (finalValues.length < segments.length - 1) {
      throw new RangeError(
        `Cannot compute gae: expected ${segments.length - 1} entries in finalValues, one for each sequence, found ${finalValues.length}`,
      );
    }
  }
  const exact = new Float64Array(tokens);
  const returns = new Float32Array(tokens);
  let count = 0;
  let sum = 0;
  for (let s = segments.length - 2; s >= 0; s--) {
    let advantage = 0;
    let next = finalValues?.[s] ?? 0;
    for (let t = segments[s + 1] - 1; t >= segments[s]; t--) {
      if (mask[t] === 0) continue;
      advantage = rewards[t] + gamma * next - values[t] + gamma * lambda * advantage;
      next = values[t];
      exact[t] = advantage;
      returns[t] = advantage + values[t];
      count++;
      sum += advantage;
    }
  }
  if (!whiten || count === 0) return { advantages: Float32Array.from(exact), returns };
  const mean = sum / count;
  let squares = 0;
  for (let t = 0; t < tokens; t++) if (mask[t] !== 0) squares += (exact[t] - mean) ** 2;
  const std = Math.sqrt(squares / Math.max(1, count - 1)) + 1e-8;
  return { advantages: Float32Array.from(exact, (a, t) => (mask[t] === 0 ? 0 : (a - mean) / std)), returns };
}
