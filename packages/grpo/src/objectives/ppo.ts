/**
 * Proximal policy optimisation: the clipped surrogate with advantages for each token, and the loss of the value function
 * that those advantages came from.
 *
 * @module
 */

import { checkNumber, checkOptions } from "../check.ts";
import { reduction } from "./aggregation.ts";
import type { FloatArray } from "./batch.ts";
import { checkBatch } from "./batch.ts";
import { surrogateObjective } from "./grpo.ts";
import type { GrpoBatch, GrpoMetrics, SurrogateOptions } from "./grpo_options.ts";
import { surrogateNames } from "./grpo_options.ts";
import type { ObjectiveResult } from "./result.ts";

/** A batch with advantages (from `gae`) and, to train the value function too, values and their targets. */
export interface PpoBatch extends Omit<GrpoBatch, "refLogProbs"> {
  /** V(s_t) of the value function now. One entry for each token. */
  readonly values?: FloatArray;
  /** V(s_t) when the advantages were made; needed by `valueClip`. */
  readonly oldValues?: FloatArray;
  /** Targets of the values: `returns` of `gae`. */
  readonly returns?: FloatArray;
}

/** Options of {@link ppo}: those of the surrogate, and those of the value function's loss. */
export interface PpoOptions extends SurrogateOptions {
  /** Weight of the value loss. Default 0.5 (and the loss has a ½ of its own). */
  valueWeight?: number;
  /** Values may move this far from `oldValues` before their loss stops falling. Default: no bound. */
  valueClip?: number;
}

/** Metrics of {@link ppo}. */
export interface PpoMetrics extends GrpoMetrics {
  /** The value loss with its weight; 0 without values. */
  readonly valueLoss: number;
  /** Share of trained tokens whose value gets no gradient because it has moved too far. */
  readonly valueClipFraction: number;
}

/** What {@link ppo} returns. */
export interface PpoResult extends ObjectiveResult<PpoMetrics> {
  /** ∂loss/∂values[t]; present with `values`. */
  readonly valueCoefficients?: Float32Array;
}

/**
 * PPO's loss and its gradients with respect to the log-probabilities and the values.
 *
 * `loss = Σ_t w_t · (−min(r_t Â_t, clip(r_t, 1 − ε, 1 + ε) Â_t) + c_v ½ max((V_t − R_t)², (V_t^clip − R_t)²))` with
 * `V^clip = V_old + clip(V − V_old, ± valueClip)`. Default aggregation `"dapo"`, the token mean. The price of the KL goes
 * into the rewards (`klRewards`) before `gae`.
 *
 * @throws {RangeError} Arrays differ in length, or the loss is not finite.
 * @throws {TypeError} `values` without `returns`, `valueClip` without `oldValues`, an array is missing, or an option is
 * unknown or of the wrong kind.
 *
 * Source: Schulman et al. (arXiv 1707.06347) equations 7 and 9; DeepSeekMath (arXiv 2402.03300) equation 1.
 *
 * @example
 * ```ts
 * const logProbs = Float32Array.of(-1, -2);
 * const batch = { logProbs, oldLogProbs: logProbs, mask: Uint8Array.of(1, 1), segments: Int32Array.of(0, 2) };
 * ppo({ ...batch, advantages: Float32Array.of(1, -1) }).coefficients; // [-0.5, 0.5]
 * ```
 */
export function ppo(batch: PpoBatch, options: PpoOptions = {}): PpoResult {
  checkOptions("compute ppo", options, [...surrogateNames, "valueWeight", "valueClip"]);
  const { aggregation = "dapo", valueWeight = 0.5, valueClip = Infinity, ...surrogate } = options;
  checkNumber("compute ppo", "valueWeight", valueWeight);
  checkNumber("compute ppo", "valueClip", valueClip);
  const policy = surrogateObjective("ppo", batch, { ...surrogate, aggregation, beta: 0 });
  const { values, oldValues, returns } = batch;
  if (values === undefined) return { ...policy, metrics: { ...policy.metrics, valueLoss: 0, valueClipFraction: 0 } };
  if (returns === undefined) throw new TypeError("Cannot compute ppo: values need returns, found none");
  if (valueClip !== Infinity && oldValues === undefined) {
    throw new TypeError(`Cannot compute ppo: valueClip ${valueClip} needs oldValues, found none`);
  }
  checkBatch("ppo", batch, { values, oldValues, returns });

  const { mask, segments, truncated } = batch;
  const { weights, total } = reduction(batch, aggregation, options, options.maskTruncated);
  const valueCoefficients = new Float32Array(values.length);
  let valueLoss = 0;
  let clipped = 0;
  for (let s = 0; s < weights.length; s++) {
    if (options.maskTruncated && truncated?.[s]) continue;
    const weight = valueWeight * weights[s];
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      if (mask[t] === 0) continue;
      let error = values[t] - returns[t];
      let slope = error;
      if (oldValues !== undefined) {
        const moved = Math.max(-valueClip, Math.min(valueClip, values[t] - oldValues[t]));
        const clippedError = oldValues[t] + moved - returns[t];
        if (Math.abs(values[t] - oldValues[t]) > valueClip && clippedError ** 2 > error ** 2) {
          error = clippedError;
          slope = 0;
          clipped++;
        }
      }
      valueLoss += weight * 0.5 * error * error;
      valueCoefficients[t] = weight * slope;
    }
  }
  if (!Number.isFinite(valueLoss)) throw new RangeError("Cannot compute ppo: values and returns must be finite");
  const share = 1 / Math.max(1, total.tokens);
  return {
    loss: policy.loss + valueLoss,
    coefficients: policy.coefficients,
    valueCoefficients,
    metrics: { ...policy.metrics, valueLoss, valueClipFraction: clipped * share },
  };
}
