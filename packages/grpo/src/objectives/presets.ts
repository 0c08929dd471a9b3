/**
 * Published objectives as combinations of options. Spread one and change what you like:
 * `grpo(batch, { ...presets.dapo.objective, epsilonHigh: 0.3 })`.
 *
 * @module
 */

import type { ScalingOptions } from "../advantages/group_advantages.ts";
import type { GrpoOptions } from "./grpo_options.ts";

/** One published objective: how it makes advantages, and how the loss. */
export interface Preset {
  /** Where its formula and its numbers are from. */
  readonly source: string;
  readonly advantages: ScalingOptions;
  readonly objective: GrpoOptions;
}

/** Names of the presets. */
export type PresetName =
  | "deepseekMath"
  | "deepseekR1"
  | "drGrpo"
  | "dapo"
  | "gspo"
  | "cispo"
  | "sapo"
  | "bnpo"
  | "luspo"
  | "trl"
  | "verl";

/**
 * The presets. A number that its source does not state is the default here; each entry says which.
 *
 * @example Group advantages and loss as in Dr. GRPO
 * ```ts
 * const { advantages, objective } = presets.drGrpo;
 * const logProbs = Float32Array.of(-1, -2, -1);
 * const batch = { logProbs, oldLogProbs: logProbs, mask: Uint8Array.of(1, 1, 1), segments: Int32Array.of(0, 2, 3) };
 * grpo(
 *   { ...batch, advantages: groupAdvantages([1, 0], { groupSize: 2, ...advantages }) },
 *   { ...objective, maxLength: 4 },
 * ).coefficients; // [-0.0625, -0.0625, 0.0625]: 0.5 / (2 · 4), whatever the length
 * ```
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  /** mean over sequences of token means of −min(rÂ, clip(r)Â) + β k3; ε and the std's epsilon are not stated. */
  deepseekMath: {
    source: "DeepSeekMath, arXiv 2402.03300, equations 3 and 4, section 4.2 (β 0.04)",
    advantages: { scale: "group" },
    objective: { aggregation: "grpo", epsilonLow: 0.2, epsilonHigh: 0.2, beta: 0.04, kl: "k3" },
  },
  /** As printed: ratio and KL of whole completions, no 1/|o_i|. ε 10 (stage 1 of R1) and KL 0.001. */
  deepseekR1: {
    source: "DeepSeek-R1, arXiv 2501.12948, equations 1 to 3 and the hyperparameters of its supplement",
    advantages: { scale: "group" },
    objective: {
      ...{ aggregation: "grpo", ratio: "product", epsilonLow: 10, epsilonHigh: 10 },
      ...{ beta: 0.001, kl: "k3", klLevel: "sequence" },
    },
  },
  /**
   * Neither 1/|o_i| nor 1/std: Σ −min(rÂ, clip(r)Â) / (B · maxLength) with Â = r − mean. Not complete by itself: it needs
   * `maxLength`, the longest completion allowed, `{ ...presets.drGrpo.objective, maxLength: 512 }`.
   */
  drGrpo: {
    source: "Dr. GRPO, arXiv 2503.20783, section 3.2",
    advantages: { scale: "none" },
    objective: { aggregation: "dr_grpo", epsilonLow: 0.2, epsilonHigh: 0.2, beta: 0 },
  },
  /** Token mean, clip-higher, no KL. Its other two parts, dynamic sampling and soft overlong, are the trainer's. */
  dapo: {
    source: "DAPO, arXiv 2503.14476, equations 8 to 12 (ε 0.2 and 0.28)",
    advantages: { scale: "group" },
    objective: { aggregation: "dapo", epsilonLow: 0.2, epsilonHigh: 0.28, beta: 0 },
  },
  /** The ratio is exp(mean log-ratio) of the sequence, with a clip range that is as narrow as that mean. */
  gspo: {
    source: "GSPO, arXiv 2507.18071, equations 5 to 7 and section 5.1 (ε 3e-4 and 4e-4)",
    advantages: { scale: "group" },
    objective: { aggregation: "grpo", ratio: "sequence", epsilonLow: 3e-4, epsilonHigh: 4e-4, beta: 0 },
  },
  /**
   * −sg[min(r, cap)] Â log π, token mean. From a secondary source: the paper does not state its cap. 5 is the ε_max of
   * ScaleRL (arXiv 2510.13786), as TRL's GRPOConfig recommends it for `loss_type="cispo"`.
   */
  cispo: {
    source: "MiniMax-M1, arXiv 2506.13585, equations 4 and 5; cap 5 from ScaleRL, arXiv 2510.13786, by way of TRL",
    advantages: { scale: "group" },
    objective: { aggregation: "dapo", surrogate: "cispo", epsilonLow: Infinity, epsilonHigh: 4, beta: 0 },
  },
  /** −(4/τ) σ(τ(r − 1)) Â with τ 1 for Â > 0 and 1.05 otherwise. */
  sapo: {
    source: "SAPO, arXiv 2511.20347, equations 5 and 6",
    advantages: { scale: "group" },
    objective: { aggregation: "grpo", surrogate: "sapo", temperatures: { positive: 1, negative: 1.05 }, beta: 0 },
  },
  /** GRPO with a token mean over the batch; the beta-distributed scaling of the paper's advantages is not included. */
  bnpo: {
    source: 'BNPO, arXiv 2506.02864, as TRL\'s loss_type "bnpo" reads it',
    advantages: { scale: "group" },
    objective: { aggregation: "bnpo", epsilonLow: 0.2, epsilonHigh: 0.2, beta: 0 },
  },
  /**
   * GSPO with each sequence's loss multiplied by its length, which takes the length bias out. From a secondary source: ε
   * are GSPO's; those of LUSPO's own experiments were not to be had.
   */
  luspo: {
    source: "LUSPO, arXiv 2602.05261; ε from GSPO, arXiv 2507.18071, section 5.1",
    advantages: { scale: "group" },
    objective: { aggregation: "luspo", ratio: "sequence", epsilonLow: 3e-4, epsilonHigh: 4e-4, beta: 0 },
  },
  /**
   * TRL's GRPOConfig as it comes: DAPO's token mean, symmetric clip, no KL, std + 1e-4. From the implementation, which may
   * change; no paper states these together. Where another engine samples, it also corrects: `samplerCorrection: { level: "sequence", mode: "mask", cap: 3 }`.
   */
  trl: {
    source: "huggingface/trl, trl/trainer/grpo_config.py (1.x)",
    advantages: { scale: "group", epsilon: 1e-4, correction: 1, singleton: "zero" },
    objective: { aggregation: "dapo", epsilonLow: 0.2, epsilonHigh: 0.2, beta: 0 },
  },
  /**
   * verl's GRPO as it comes: token mean, dual clip 3, log-ratios cut at ±20, std + 1e-6, a group of one keeps its reward.
   * From the implementation, which may change: clip, dual clip, mean and KL from the actor's default configuration, cuts and
   * epsilon from its algorithms. Its KL is off; switched on (`use_kl_loss`) it is `beta: 0.001, kl: "k3", klLogClamp: 20, klClamp: 10`.
   */
  verl: {
    source: "volcengine/verl, verl/trainer/config/actor/actor.yaml and verl/trainer/ppo/core_algos.py",
    advantages: { scale: "group", epsilon: 1e-6, correction: 1, singleton: "reward" },
    objective: {
      ...{ aggregation: "dapo", epsilonLow: 0.2, epsilonHigh: 0.2, dualClip: 3, logRatioClamp: 20 },
      ...{ beta: 0, kl: "k3", klLogClamp: 20, klClamp: 10 },
    },
  },
};
