/**
 * Group relative policy optimisation: the clipped surrogate with a KL term to a reference policy.
 *
 * @module
 */

import type { AggregationOptions } from "./aggregation.ts";
import { reduction } from "./aggregation.ts";
import type { FloatArray, TokenBatch } from "./batch.ts";
import { checkBatch } from "./batch.ts";
import type { ObjectiveResult } from "./sft.ts";

/** A batch of sampled completions with what is known about each token. Log-probabilities in nats, one for each token. */
export interface GrpoBatch extends TokenBatch {
  /** log π_old, of the policy that the completions were sampled from. */
  readonly oldLogProbs: FloatArray;
  /** log π_ref. Needed unless `beta` is 0; when given, the KL is reported in any case. */
  readonly refLogProbs?: FloatArray;
  /** One for each sequence (outcome supervision), or one for each token (process supervision). */
  readonly advantages: FloatArray;
}

/** Options of {@link grpo}. */
export interface GrpoOptions extends AggregationOptions {
  /** Ratios below 1 − epsilonLow get no gradient where the advantage is negative. Default 0.2. */
  epsilonLow?: number;
  /** Ratios above 1 + epsilonHigh get no gradient where the advantage is positive. Default 0.2; DAPO 0.28. */
  epsilonHigh?: number;
  /** Weight of the KL term. Default 0.04, DeepSeekMath's. */
  beta?: number;
  /** Estimator of KL(π‖π_ref), with d = ℓ − ℓ_ref: k1 = d, k2 = d²/2, k3 = e^(−d) + d − 1. Default `"k3"`. */
  kl?: "k1" | "k2" | "k3";
  /** Bounds the loss where the advantage is negative to −dualClip · Â (Ye et al. 2020 use 3). Default: no bound. */
  dualClip?: number;
  /** Whether `advantages` has one entry for each sequence or each token. Default: told by its length. */
  advantagesPer?: "sequence" | "token";
}

/** Metrics of {@link grpo}. */
export interface GrpoMetrics {
  /** Trained tokens and sequences of this (micro-)batch. */
  readonly tokens: number;
  readonly sequences: number;
  /** The two parts of the loss: the surrogate, and the KL with its weight. */
  readonly policyLoss: number;
  readonly klLoss: number;
  /** Mean KL estimate to the reference in nats; absent without `refLogProbs`. */
  readonly kl?: number;
  /** Mean importance ratio π/π_old, and the mean of r − 1 − log r, an estimate of KL(π_old‖π) in nats. */
  readonly ratioMean: number;
  readonly approxKl: number;
  /** Shares of trained tokens without surrogate gradient: negative advantage and r < 1 − epsilonLow, … */
  readonly clipFractionLow: number;
  /** … positive advantage and r > 1 + epsilonHigh, … */
  readonly clipFractionHigh: number;
  /** … and negative advantage and r > dualClip. */
  readonly clipFractionDual: number;
}

/**
 * GRPO's loss and its gradient with respect to the log-probabilities.
 *
 * `loss = Σ_t w_t · (−min(r_t Â_t, clip(r_t, 1 − ε_low, 1 + ε_high) Â_t) + β KL_t)`, `r = exp(ℓ − ℓ_old)`, with the
 * weights of `aggregation` (default `"grpo"`). At r = 1 and k3 the coefficient is −w·(Â + β(π_ref/π − 1)), the last
 * row of the paper's unified paradigm.
 *
 * On the edge of the clip range the gradient is the unclipped one.
 *
 * @throws {RangeError} Arrays differ in length, or a trained token's loss is not finite.
 * @throws {TypeError} `beta` is not 0 and `refLogProbs` is missing, or an option is unknown.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) equations 3 and 4; asymmetric clip: DAPO (arXiv 2503.14476); dual clip:
 * arXiv 1912.09729; k1, k2, k3: Schulman, "Approximating KL divergence" (2020).
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
  const { epsilonLow = 0.2, epsilonHigh = 0.2, beta = 0.04, kl = "k3", dualClip = Infinity } = options;
  const { logProbs, oldLogProbs, refLogProbs, advantages, mask, segments } = batch;
  checkBatch("grpo", batch, { oldLogProbs, refLogProbs });
  checkOptions(options, refLogProbs);
  const perSequence = advantagesArePerSequence(batch, options.advantagesPer);
  const { weights, total } = reduction(batch, options.aggregation ?? "grpo", options);

  const low = 1 - epsilonLow;
  const high = 1 + epsilonHigh;
  const coefficients = new Float32Array(logProbs.length);
  let tokens = 0;
  let policyLoss = 0;
  let klLoss = 0;
  let klSum = 0;
  let ratioSum = 0;
  let logRatioSum = 0;
  let clippedLow = 0;
  let clippedHigh = 0;
  let clippedDual = 0;

  for (let s = 0; s < weights.length; s++) {
    const weight = weights[s];
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      if (mask[t] === 0) continue;
      const logProb = logProbs[t];
      const advantage = perSequence ? advantages[s] : advantages[t];
      const logRatio = logProb - oldLogProbs[t];
      const ratio = Math.exp(logRatio);

      // min(rÂ, clip(r)Â) leaves rÂ unless it gains from leaving the clip range.
      let objective = ratio * advantage;
      let slope = objective;
      if (advantage > 0) {
        if (ratio > high) {
          objective = high * advantage;
          slope = 0;
          clippedHigh++;
        }
      } else if (advantage < 0) {
        if (ratio < low) {
          objective = low * advantage;
          slope = 0;
          clippedLow++;
        } else if (ratio > dualClip) {
          objective = dualClip * advantage;
          slope = 0;
          clippedDual++;
        }
      }
      let klGradient = 0;
      if (refLogProbs !== undefined) {
        const gap = logProb - refLogProbs[t];
        let estimate = gap;
        let klSlope = 1;
        if (kl === "k3") {
          const reverseRatio = Math.exp(-gap);
          estimate = reverseRatio + gap - 1;
          klSlope = 1 - reverseRatio;
        } else if (kl === "k2") {
          estimate = 0.5 * gap * gap;
          klSlope = gap;
        }
        klSum += estimate;
        klLoss += weight * beta * estimate;
        klGradient = beta * klSlope;
      }

      tokens++;
      policyLoss -= weight * objective;
      ratioSum += ratio;
      logRatioSum += logRatio;
      coefficients[t] = weight * (klGradient - slope);
    }
  }
  if (!Number.isFinite(policyLoss + klLoss)) throw new RangeError(explainNonFinite(batch, perSequence));

  const share = 1 / Math.max(1, total.tokens);
  const metrics: GrpoMetrics = {
    tokens,
    sequences: weights.length,
    policyLoss,
    klLoss,
    ...(refLogProbs === undefined ? {} : { kl: klSum * share }),
    ratioMean: ratioSum * share,
    approxKl: (ratioSum - tokens - logRatioSum) * share,
    clipFractionLow: clippedLow * share,
    clipFractionHigh: clippedHigh * share,
    clipFractionDual: clippedDual * share,
  };
  return { loss: policyLoss + klLoss, coefficients, metrics };
}

function checkOptions(options: GrpoOptions, refLogProbs: FloatArray | undefined): void {
  const { epsilonLow = 0.2, epsilonHigh = 0.2, beta = 0.04, kl = "k3", dualClip = Infinity } = options;
  for (const [name, value] of Object.entries({ epsilonLow, epsilonHigh, beta })) {
    if (!(value >= 0)) throw new RangeError(`Cannot compute grpo: ${name} must be 0 or more, found ${value}`);
  }
  if (!(dualClip >= 1 + epsilonHigh)) {
    throw new RangeError(`Cannot compute grpo: dualClip must be at least 1 + epsilonHigh, found ${dualClip}`);
  }
  if (kl !== "k1" && kl !== "k2" && kl !== "k3") {
    throw new TypeError(`Cannot compute grpo: kl must be "k1", "k2" or "k3", found ${kl}`);
  }
  if (beta !== 0 && refLogProbs === undefined) {
    throw new TypeError(
      `Cannot compute grpo: beta ${beta} needs refLogProbs, found none; pass beta: 0 to train without a reference`,
    );
  }
}

function advantagesArePerSequence({ advantages, logProbs, segments }: GrpoBatch, per?: "sequence" | "token"): boolean {
  const sequences = segments.length - 1;
  const perSequence = (per ?? (advantages.length === sequences ? "sequence" : "token")) === "sequence";
  if (advantages.length !== (perSequence ? sequences : logProbs.length)) {
    throw new RangeError(
      `Cannot compute grpo: expected ${sequences} advantages, one for each sequence, or ${logProbs.length}, one for each token, found ${advantages.length}`,
    );
  }
  return perSequence;
}

/** Finds what made the loss infinite or NaN; only runs when something has gone wrong. */
function explainNonFinite(batch: GrpoBatch, perSequence: boolean): string {
  const { logProbs, oldLogProbs, refLogProbs, advantages, mask, segments } = batch;
  for (let s = 0; s + 1 < segments.length; s++) {
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      if (mask[t] === 0) continue;
      const a = perSequence ? s : t;
      const inputs: [string, number][] = [
        [`logProbs[${t}]`, logProbs[t]],
        [`oldLogProbs[${t}]`, oldLogProbs[t]],
        [`refLogProbs[${t}]`, refLogProbs?.[t] ?? 0],
        [`advantages[${a}]`, advantages[a]],
      ];
      for (const [name, value] of inputs) {
        if (!Number.isFinite(value)) return `Cannot compute grpo: ${name} must be finite, found ${value}`;
      }
      const ratio = Math.exp(logProbs[t] - oldLogProbs[t]);
      const reference = Math.exp((refLogProbs?.[t] ?? logProbs[t]) - logProbs[t]);
      if (!Number.isFinite(ratio * advantages[a] + reference)) {
        return `Cannot compute grpo: the loss of token ${t} overflows (logProbs ${logProbs[t]}, oldLogProbs ${oldLogProbs[t]}, refLogProbs ${refLogProbs?.[t]})`;
      }
    }
  }
  return "Cannot compute grpo: the sum of the token losses overflows";
}
