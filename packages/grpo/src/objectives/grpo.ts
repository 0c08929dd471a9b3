/**
 * Group relative policy optimisation and its relatives: a surrogate of the importance ratio with a KL term to a
 * reference policy.
 *
 * @module
 */

import { checkNumbers, checkObject } from "../check.ts";
import { reduction } from "./aggregation.ts";
import { batchTotals, checkBatch } from "./batch.ts";
import { explainNonFinite } from "./explain.ts";
import { canFuse, fusedSequence } from "./fused.ts";
import type { GrpoBatch, GrpoMetrics, GrpoOptions } from "./grpo_options.ts";
import { checkGrpoOptions, planGrpo } from "./grpo_options.ts";
import type { ObjectiveResult } from "./result.ts";
import { SurrogatePass } from "./surrogate_pass.ts";

/**
 * GRPO's loss and its gradient with respect to the log-probabilities.
 *
 * `loss = Σ_t w_t · (−min(r_t Â_t, clip(r_t, 1 − ε_low, 1 + ε_high) Â_t) + β KL_t)`, `r = exp(ℓ − ℓ_old)`, with the
 * weights of `aggregation` (default `"grpo"`). At r = 1 and k3 the coefficient is −w·(Â + β(π_ref/π − 1)), the last
 * row of the paper's unified paradigm. Every option changes one part of this; {@link presets} names the published
 * combinations.
 *
 * On the edge of the clip range the gradient is the unclipped one.
 *
 * @throws {RangeError} Arrays differ in length, or a trained token's loss is not finite.
 * @throws {TypeError} An option is unknown or of the wrong kind, or an array is missing.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) equations 3 and 4; asymmetric clip: DAPO (arXiv 2503.14476); dual clip:
 * arXiv 1912.09729; sequence ratio: GSPO (arXiv 2507.18071) equations 5 to 7.
 *
 * @example
 * ```ts
 * const { loss, coefficients, metrics } = grpo(
 *   {
 *     logProbs: Float32Array.of(-1, -2, -1),
 *     oldLogProbs: Float32Array.of(-1, -2, -1),
 *     advantages: Float32Array.of(1, -1),
 *     mask: Uint8Array.of(1, 1, 1),
 *     segments: Int32Array.of(0, 2, 3),
 *   },
 *   { beta: 0 },
 * );
 * coefficients; // [-0.25, -0.25, 0.5]
 * ```
 */
export function grpo(batch: GrpoBatch, options: GrpoOptions = {}): ObjectiveResult<GrpoMetrics> {
  return surrogateObjective("grpo", batch, options);
}

/** {@link grpo} under the name of another objective. */
export function surrogateObjective(
  objective: string,
  batch: GrpoBatch,
  options: GrpoOptions,
): ObjectiveResult<GrpoMetrics> {
  const task = `compute ${objective}`;
  checkGrpoOptions(task, options);
  checkObject(task, "the batch", batch);
  const { logProbs, oldLogProbs, refLogProbs, samplerLogProbs, entropies, advantages, mask, segments } = batch;
  for (const [name, array] of Object.entries({ logProbs, oldLogProbs, mask, advantages }))
    checkNumbers(task, name, array);
  checkBatch(objective, batch, { oldLogProbs, refLogProbs, samplerLogProbs, entropies });
  const plan = planGrpo(objective, batch, options);
  const { weights, counts, total } = reduction(batch, options.aggregation ?? "grpo", options, plan.maskTruncated);
  const pass = new SurrogatePass(batch, plan, plan.topEntropy === undefined ? -Infinity : threshold(batch, options));
  const { sums, clips, coefficients } = pass;
  const fused = canFuse(batch, plan);
  for (let s = 0; s < weights.length; s++) {
    if (counts[s] === 0) continue;
    if (fused) fusedSequence(batch, plan, s, segments[s], segments[s + 1], weights[s], coefficients, sums, clips);
    else pass.sequence(s, segments[s], segments[s + 1], weights[s], counts[s]);
  }

  const loss = sums.policyLoss + sums.klLoss;
  // A loss beyond float32 means coefficients that are infinite.
  if (!Number.isFinite(Math.fround(loss))) throw new RangeError(explainNonFinite(objective, batch, plan));
  // No token is above a threshold that is NaN: nothing would be learnt, and nobody told.
  if (plan.topEntropy !== undefined && !Number.isFinite(sums.entropy)) {
    throw new RangeError(
      `Cannot ${task}: topEntropy needs finite entropies, found a mean of ${sums.entropy / sums.tokens}`,
    );
  }
  const share = 1 / Math.max(1, total.tokens);
  const metrics: GrpoMetrics = {
    tokens: sums.tokens,
    sequences: weights.length,
    policyLoss: sums.policyLoss,
    klLoss: sums.klLoss,
    ...(refLogProbs === undefined ? {} : { kl: sums.kl * share }),
    ratioMean: sums.ratio * share,
    approxKl: (sums.ratio - sums.tokens - sums.logRatio) * share,
    clipFractionLow: clips.low * share,
    clipFractionHigh: clips.high * share,
    clipFractionDual: clips.dual * share,
    advantage: sums.advantage * share,
    advantageSize: sums.advantageSize * share,
    ...(entropies === undefined ? {} : { entropy: sums.entropy * share }),
    ...(plan.topEntropy === undefined ? {} : { entropyKept: sums.kept * share }),
    ...(samplerLogProbs === undefined
      ? {}
      : { samplerGap: sums.samplerGap * share, samplerWeight: sums.samplerWeight * share }),
  };
  return { loss, coefficients, metrics };
}

function threshold(batch: GrpoBatch, { total, maskTruncated, topEntropy }: GrpoOptions): number {
  const found = (total ?? batchTotals(batch, { maskTruncated, topEntropy })).entropyThreshold;
  if (found !== undefined) return found;
  throw new TypeError(
    "Cannot keep the top entropies: expected total.entropyThreshold, found none; make total with batchTotals(wholeBatch, { topEntropy })",
  );
}
