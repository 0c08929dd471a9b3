/**
 * What `grpo` takes and gives: its batch, its options (each orthogonal to the others) and its metrics.
 *
 * @module
 */

import { checkFlag, checkNumber, checkNumbers, checkObject, checkOneOf, checkOptions } from "../check.ts";
import type { AggregationOptions } from "./aggregation.ts";
import { aggregationNames, checkAggregation } from "./aggregation.ts";
import type { FloatArray, MaskOptions, TokenBatch } from "./batch.ts";
import { checkMaskOptions } from "./batch.ts";
import type { KlEstimator, KlPlan } from "./kl.ts";
import type { SamplerCorrection } from "./sampler.ts";
import type { ClipBounds } from "./surrogate.ts";

/** A batch of sampled completions with what is known about each token. Log-probabilities in nats, one for each token. */
export interface GrpoBatch extends TokenBatch {
  /** log π_old, of the policy that the completions were sampled from. */
  readonly oldLogProbs: FloatArray;
  /** log π_ref. Needed unless `beta` is 0; when given, the KL is reported in any case. */
  readonly refLogProbs?: FloatArray;
  /** One for each sequence (outcome supervision), or one for each token (process supervision). */
  readonly advantages: FloatArray;
  /** Log-probabilities as the sampling engine computed them, where they differ from `oldLogProbs`. */
  readonly samplerLogProbs?: FloatArray;
  /** Entropy of the whole distribution at each token, in nats; reported, and needed by `topEntropy`. */
  readonly entropies?: FloatArray;
  /** Non-zero where a completion was cut off by the length limit. One entry for each sequence. */
  readonly truncated?: ArrayLike<number>;
}

/** Options of the surrogate: how far a token's ratio may go. Shared by `grpo` and `ppo`. */
export interface SurrogateOptions extends AggregationOptions, MaskOptions {
  /** The shape of the objective. Default `"clip"`. */
  surrogate?: "clip" | "cispo" | "sapo";
  /**
   * Ratios below 1 − epsilonLow get no gradient where the advantage is negative. Default 0.2; from 1 on there is no lower
   * bound, as in DeepSeek-R1 (10).
   */
  epsilonLow?: number;
  /** Ratios above 1 + epsilonHigh get no gradient where the advantage is positive. Default 0.2; DAPO 0.28. */
  epsilonHigh?: number;
  /** Bounds the unclipped ratio, δ (INTELLECT-2, TRL's `delta`). Default: no bound. Only for `"clip"`. */
  upperBound?: number;
  /** Bounds the loss where the advantage is negative to −dualClip · Â (Ye et al. 2020 use 3). Default: no bound. */
  dualClip?: number;
  /** SAPO's temperatures. Default 1 and 1.05. */
  temperatures?: { readonly positive: number; readonly negative: number };
  /**
   * What the ratio is of, with n trained tokens in the sequence:
   * `"token"` (default): exp(ℓ_t − ℓ_old,t);
   * `"sequence"`: exp(mean over the sequence), for all its tokens (GSPO);
   * `"sequence-token"`: the same value, but the gradient of each token is its own (GSPO-token);
   * `"product"`: exp(sum over the sequence), the ratio of whole completions (as DeepSeek-R1 prints it).
   */
  ratio?: "token" | "sequence" | "sequence-token" | "product";
  /** Log-ratios beyond ± this are cut and get no gradient; verl 20. Default: none. */
  logRatioClamp?: number;
  /** Weighs the surrogate by how much the sampling engine and `oldLogProbs` disagree. Default: not at all. */
  samplerCorrection?: SamplerCorrection;
  /** Whether `advantages` has one entry for each sequence or each token. Default: told by its length. */
  advantagesPer?: "sequence" | "token";
}

/** Options of `grpo`. */
export interface GrpoOptions extends SurrogateOptions {
  /** Weight of the KL term. Default 0.04, DeepSeekMath's. */
  beta?: number;
  /** Estimator of KL(π‖π_ref), with d = ℓ − ℓ_ref: k1 = d, k2 = d²/2, k3 = e^(−d) + d − 1. Default `"k3"`. */
  kl?: KlEstimator;
  /** Estimator that gives the gradient; `"k2"` with k3 values is verl's `low_var_kl+`. Default: that of `kl`. */
  klGradient?: KlEstimator;
  /** Multiply the KL by the ratio, which makes its gradient unbiased off-policy (DeepSeek-V3.2). Default false. */
  klImportance?: boolean;
  /** Estimate from each token (default), or from the sum of d over the whole sequence (as DeepSeek-R1 prints it). */
  klLevel?: "token" | "sequence";
  /** `"loss"` (default): added to the loss; `"advantage"`: the estimate at π_old is subtracted from the advantage. */
  klPlacement?: "loss" | "advantage";
  /** d beyond ± this is cut and gets no gradient; verl 20, others 40. Default: none. */
  klLogClamp?: number;
  /** Estimates beyond ± this are cut and get no gradient; verl 10. Default: none. */
  klClamp?: number;
}

/** Metrics of `grpo`. Means are over the trained tokens of the whole batch, so those of its micro-batches add up. */
export interface GrpoMetrics {
  /** Trained tokens and sequences of this (micro-)batch. */
  readonly tokens: number;
  readonly sequences: number;
  /** The two parts of the loss: the surrogate, and the KL with its weight. */
  readonly policyLoss: number;
  readonly klLoss: number;
  /** Mean KL estimate to the reference in nats; absent without `refLogProbs`. */
  readonly kl?: number;
  /** Mean importance ratio, and the mean of r − 1 − log r, an estimate of KL(π_old‖π) in nats. */
  readonly ratioMean: number;
  readonly approxKl: number;
  /** Shares of trained tokens without surrogate gradient: negative advantage and r < 1 − epsilonLow, … */
  readonly clipFractionLow: number;
  /** … positive advantage and r > 1 + epsilonHigh, … */
  readonly clipFractionHigh: number;
  /** … and negative advantage and r > dualClip. */
  readonly clipFractionDual: number;
  /** Mean advantage and mean |advantage| of trained tokens. */
  readonly advantage: number;
  readonly advantageSize: number;
  /** Mean entropy in nats; absent without `entropies`. */
  readonly entropy?: number;
  /** Share of trained tokens that `topEntropy` keeps; absent without it. */
  readonly entropyKept?: number;
  /** Mean |log π_old − log π_sampler| in nats, and the mean correction weight; absent without `samplerLogProbs`. */
  readonly samplerGap?: number;
  readonly samplerWeight?: number;
}

/** Options with their defaults, checked. */
export interface GrpoPlan extends KlPlan, ClipBounds {
  readonly surrogate: "clip" | "cispo" | "sapo";
  readonly temperatures: { readonly positive: number; readonly negative: number };
  readonly ratio: "token" | "sequence" | "sequence-token" | "product";
  readonly logRatioClamp: number;
  readonly samplerCorrection?: SamplerCorrection;
  readonly beta: number;
  readonly klImportance: boolean;
  readonly klLevel: "token" | "sequence";
  readonly klPlacement: "loss" | "advantage";
  readonly maskTruncated: boolean;
  readonly topEntropy?: number;
  readonly perSequence: boolean;
}

/** Names of the options of `ppo`'s surrogate, and of `grpo`. */
export const surrogateNames: readonly string[] = [
  ...["surrogate", "epsilonLow", "epsilonHigh", "upperBound", "dualClip", "temperatures", "ratio", "logRatioClamp"],
  ...["samplerCorrection", "advantagesPer", "maskTruncated", "topEntropy", ...aggregationNames],
];
export const grpoNames: readonly string[] = [
  ...surrogateNames,
  ...["beta", "kl", "klGradient", "klImportance", "klLevel", "klPlacement", "klLogClamp", "klClamp"],
];

/** Refuses options that are unknown, of the wrong kind or out of their range. */
export function checkGrpoOptions(task: string, options: GrpoOptions, name?: string): void {
  checkOptions(task, options, grpoNames, name);
  const { epsilonLow = 0.2, epsilonHigh = 0.2, beta = 0.04, kl = "k3", klGradient = kl } = options;
  const { surrogate = "clip", ratio = "token", klLevel = "token", klPlacement = "loss" } = options;
  const { temperatures, samplerCorrection, advantagesPer } = options;
  const { logRatioClamp = Infinity, klLogClamp = Infinity, klClamp = Infinity } = options;
  const { upperBound = Infinity, dualClip = Infinity } = options;
  for (const [name, value] of Object.entries({ epsilonLow, epsilonHigh, beta, logRatioClamp, klLogClamp, klClamp })) {
    checkNumber(task, name, value);
  }
  checkNumber(task, "beta", beta, "finite", (value) => value < Infinity);
  checkNumber(task, "dualClip", dualClip, "above 1", (value) => value > 1);
  const lowest = Math.max(0, 1 - epsilonLow);
  checkNumber(task, "upperBound", upperBound, `above 1 − epsilonLow, ${lowest}`, (value) => value > lowest);
  if (temperatures !== undefined) {
    checkObject(task, "temperatures", temperatures);
    for (const side of ["positive", "negative"] as const) {
      checkNumber(task, `temperatures.${side}`, temperatures[side], "above 0", (value) => value > 0);
    }
  }
  checkOneOf(task, "surrogate", surrogate, ["clip", "cispo", "sapo"]);
  checkOneOf(task, "ratio", ratio, ["token", "sequence", "sequence-token", "product"]);
  checkOneOf(task, "kl", kl, ["k1", "k2", "k3"]);
  checkOneOf(task, "klGradient", klGradient, ["k1", "k2", "k3"]);
  checkOneOf(task, "klLevel", klLevel, ["token", "sequence"]);
  checkOneOf(task, "klPlacement", klPlacement, ["loss", "advantage"]);
  checkFlag(task, "klImportance", options.klImportance);
  if (advantagesPer !== undefined) checkOneOf(task, "advantagesPer", advantagesPer, ["sequence", "token"]);
  if (samplerCorrection !== undefined) {
    checkOptions(task, samplerCorrection, ["level", "mode", "cap", "floor"], "samplerCorrection");
    const { level, mode, cap = 3, floor = 0 } = samplerCorrection;
    checkOneOf(task, "samplerCorrection.level", level, ["token", "sequence"]);
    checkOneOf(task, "samplerCorrection.mode", mode, ["truncate", "mask"]);
    checkNumber(task, "samplerCorrection.cap", cap);
    checkNumber(task, "samplerCorrection.floor", floor);
  }
  checkMaskOptions(task, options);
  checkAggregation(task, options);
}

/** Fills in the defaults of options that are checked, and refuses those that need what the batch lacks. */
export function planGrpo(objective: string, batch: GrpoBatch, options: GrpoOptions): GrpoPlan {
  const { epsilonLow = 0.2, epsilonHigh = 0.2, beta = 0.04, kl = "k3", klGradient = kl } = options;
  const { surrogate = "clip", ratio = "token", klLevel = "token", klPlacement = "loss" } = options;
  const { temperatures = { positive: 1, negative: 1.05 }, samplerCorrection, topEntropy } = options;
  const { upperBound = Infinity, dualClip = Infinity } = options;
  const { logRatioClamp = Infinity, klLogClamp = Infinity, klClamp = Infinity } = options;
  if (beta !== 0 && batch.refLogProbs === undefined) {
    throw new TypeError(
      `Cannot compute ${objective}: beta ${beta} needs refLogProbs, found none; pass beta: 0 to train without a reference`,
    );
  }
  if (samplerCorrection !== undefined && batch.samplerLogProbs === undefined) {
    throw new TypeError(`Cannot compute ${objective}: samplerCorrection needs samplerLogProbs, found none`);
  }
  if (batch.truncated !== undefined || options.maskTruncated) {
    const { truncated, segments } = batch;
    checkNumbers(`compute ${objective}`, "truncated", truncated, (entry) => typeof entry === "boolean");
    if (truncated?.length !== segments.length - 1) {
      throw new RangeError(
        `Cannot compute ${objective}: expected ${segments.length - 1} entries in truncated, one for each sequence, found ${truncated?.length}`,
      );
    }
  }
  if (topEntropy !== undefined && batch.entropies === undefined) {
    throw new TypeError(`Cannot compute ${objective}: topEntropy needs entropies, found none`);
  }
  return {
    ...{ surrogate, temperatures, ratio, logRatioClamp, samplerCorrection, beta, kl, klGradient, klLevel, klPlacement },
    ...{ klLogClamp, klClamp, klImportance: options.klImportance ?? false, topEntropy, upperBound, dualClip },
    low: 1 - epsilonLow,
    high: 1 + epsilonHigh,
    maskTruncated: options.maskTruncated ?? false,
    perSequence: advantagesArePerSequence(objective, batch, options.advantagesPer),
  };
}

function advantagesArePerSequence(
  objective: string,
  { advantages, logProbs, segments }: GrpoBatch,
  per?: "sequence" | "token",
): boolean {
  const sequences = segments.length - 1;
  const perSequence = (per ?? (advantages.length === sequences ? "sequence" : "token")) === "sequence";
  if (advantages.length !== (perSequence ? sequences : logProbs.length)) {
    throw new RangeError(
      `Cannot compute ${objective}: expected ${sequences} advantages, one for each sequence, or ${logProbs.length}, one for each token, found ${advantages.length}`,
    );
  }
  return perSequence;
}
