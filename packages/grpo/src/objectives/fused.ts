/**
 * The usual case of a sequence in one loop: clipped surrogate of token ratios, with k3 or without a reference. Everything
 * else goes through the chunks of `surrogate_pass.ts`, which give the same results (the tests compare the two); this loop
 * is there because it takes half their time.
 *
 * @module
 */

import type { GrpoBatch, GrpoPlan } from "./grpo_options.ts";
import type { ClipCounts } from "./surrogate.ts";
import type { Sums } from "./surrogate_pass.ts";

/** Whether {@link fusedSequence} computes what the plan says. */
export function canFuse(batch: GrpoBatch, plan: GrpoPlan): boolean {
  const clip = plan.surrogate === "clip" && plan.ratio === "token" && plan.logRatioClamp === Infinity;
  const bare = batch.samplerLogProbs === undefined && batch.entropies === undefined;
  const k3 = plan.kl === "k3" && plan.klGradient === "k3" && plan.klLogClamp === Infinity && plan.klClamp === Infinity;
  const plain = !plan.klImportance && plan.klLevel === "token" && plan.klPlacement === "loss";
  return clip && bare && (batch.refLogProbs === undefined || (k3 && plain));
}

/** Adds sequence s, tokens `start` to `end`, each trained one with this weight. */
export function fusedSequence(
  { logProbs, oldLogProbs, refLogProbs, advantages, mask }: GrpoBatch,
  { low, high, upperBound, dualClip, beta, perSequence }: GrpoPlan,
  s: number,
  start: number,
  end: number,
  weight: number,
  coefficients: Float32Array,
  sums: Sums,
  clips: ClipCounts,
): void {
  const highest = Math.min(high, upperBound);
  const worst = Math.min(dualClip, Math.max(high, upperBound));
  let advantage = perSequence ? advantages[s] : 0;
  let tokens = 0;
  let value = 0;
  let kl = 0;
  let ratioSum = 0;
  let logRatioSum = 0;
  let advantageSum = 0;
  let advantageSize = 0;
  let clippedLow = 0;
  let clippedHigh = 0;
  let clippedDual = 0;
  for (let t = start; t < end; t++) {
    if (mask[t] === 0) continue;
    const logProb = logProbs[t];
    if (!perSequence) advantage = advantages[t];
    const logRatio = logProb - oldLogProbs[t];
    const ratio = Math.exp(logRatio);
    // As in clipKernel.
    let objective = ratio * advantage;
    let slope = objective;
    if (advantage > 0) {
      if (ratio > highest) {
        objective = highest * advantage;
        slope = 0;
        clippedHigh++;
      }
    } else if (advantage < 0) {
      if (ratio < low) {
        objective = low * advantage;
        slope = 0;
        clippedLow++;
      } else if (ratio > worst) {
        objective = worst * advantage;
        slope = 0;
        clippedDual++;
      }
    }
    let klSlope = 0;
    if (refLogProbs !== undefined) {
      const gap = logProb - refLogProbs[t];
      const reverseRatio = Math.exp(-gap);
      kl += reverseRatio + gap - 1;
      klSlope = beta * (1 - reverseRatio);
    }
    coefficients[t] = weight * (klSlope - slope);
    tokens++;
    value += objective;
    ratioSum += ratio;
    logRatioSum += logRatio;
    advantageSum += advantage;
    advantageSize += Math.abs(advantage);
  }
  sums.tokens += tokens;
  sums.policyLoss -= weight * value;
  sums.kl += kl;
  sums.klLoss += weight * beta * kl;
  sums.ratio += ratioSum;
  sums.logRatio += logRatioSum;
  sums.advantage += advantageSum;
  sums.advantageSize += advantageSize;
  clips.low += clippedLow;
  clips.high += clippedHigh;
  clips.dual += clippedDual;
}
