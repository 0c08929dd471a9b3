/**
 * One pass over a batch: the coefficients of every trained token and the sums that the loss and the metrics are made of.
 *
 * All options meet in a single loop over the tokens of a sequence. Its branches ask for options, so they go the same way
 * for every token and are free; nothing is gathered or stored between steps. (Kernels over chunks of 512 gathered tokens
 * took twice as long for the same options.)
 *
 * A ratio or a KL of the whole sequence depends on each of its tokens. Its derivative is collected over the sequence and
 * then given to all of them: with r = exp(Σ(ℓ − ℓ_old)/n), ∂loss/∂ℓ_u = (r/n) Σ_t ∂loss_t/∂r for every u.
 *
 * @module
 */

import type { FloatArray } from "./batch.ts";
import type { GrpoBatch, GrpoPlan } from "./grpo_options.ts";
import { klEstimate, klSlope } from "./kl.ts";
import { samplerWeight } from "./sampler.ts";
import { type RatioRanges, ratioRanges } from "./surrogate.ts";

/** Sums over trained tokens; `policyLoss` and `klLoss` with their weights. */
export class Sums {
  tokens = 0;
  policyLoss = 0;
  klLoss = 0;
  kl = 0;
  ratio = 0;
  logRatio = 0;
  advantage = 0;
  advantageSize = 0;
  /** Negative advantage, ratio below the range; … */
  clippedLow = 0;
  /** … positive advantage (with CISPO, any), ratio above the range; … */
  clippedHigh = 0;
  /** … negative advantage, ratio above `dualClip` or `upperBound`. */
  clippedDual = 0;
  entropy = 0;
  kept = 0;
  samplerGap = 0;
  samplerWeight = 0;
}

/** The pass and what it has gathered. */
export class SurrogatePass {
  readonly coefficients: Float32Array;
  readonly sums: Sums = new Sums();
  readonly #batch: GrpoBatch;
  readonly #plan: GrpoPlan;
  readonly #ranges: RatioRanges;
  readonly #entropyThreshold: number;

  constructor(batch: GrpoBatch, plan: GrpoPlan, entropyThreshold: number) {
    this.#batch = batch;
    this.#plan = plan;
    this.#ranges = ratioRanges(plan.surrogate, plan);
    this.#entropyThreshold = entropyThreshold;
    this.coefficients = new Float32Array(batch.logProbs.length);
  }

  /** Adds sequence s, tokens `start` to `end`, of which `count` are trained, each with this weight. */
  sequence(s: number, start: number, end: number, weight: number, count: number): void {
    const { logProbs, oldLogProbs, refLogProbs, samplerLogProbs, entropies, advantages, mask } = this.#batch;
    const plan = this.#plan;
    const { surrogate, logRatioClamp, beta, perSequence, samplerCorrection } = plan;
    const { kl, klGradient, klLogClamp, klClamp, klImportance } = plan;
    const { positive, negative } = plan.temperatures;
    const { goodLow, goodHigh, badLow, badHigh } = this.#ranges;
    const { coefficients, sums } = this;
    const entropyThreshold = this.#entropyThreshold;
    const ownRatio = plan.ratio === "token";
    const sharesRatio = plan.ratio === "sequence" || plan.ratio === "product";
    const sharesKl = plan.klLevel === "sequence";
    const klWeight = plan.klPlacement === "loss" ? beta : 0;
    const priced = plan.klPlacement === "advantage" && beta !== 0 && refLogProbs !== undefined;
    const needsReverseRatio = refLogProbs !== undefined && (kl === "k3" || klGradient === "k3");
    const differenceOf = (a: FloatArray, b: FloatArray) => sumOfDifferences(a, b, mask, start, end);

    // What all tokens of the sequence have in common. Where each has its own, the loop overwrites it; where not, the
    // exponentials, which most of the time goes into, are taken only once.
    let advantage = advantages[s];
    let logRatio = ownRatio ? 0 : differenceOf(logProbs, oldLogProbs) / (plan.ratio === "product" ? 1 : count);
    let inRange = Math.abs(logRatio) <= logRatioClamp;
    let usedLogRatio = bounded(logRatio, logRatioClamp);
    let ratio = Math.exp(usedLogRatio);
    let gap = sharesKl && refLogProbs !== undefined ? differenceOf(logProbs, refLogProbs) : 0;
    let usedGap = bounded(gap, klLogClamp);
    let reverseRatio = Math.exp(-usedGap);
    let oldGap = sharesKl && priced ? differenceOf(oldLogProbs, refLogProbs) : 0;
    let correction =
      samplerCorrection?.level === "sequence" && samplerLogProbs !== undefined
        ? samplerWeight(samplerCorrection, differenceOf(oldLogProbs, samplerLogProbs))
        : 1;

    let value = 0;
    let klSum = 0;
    let ratioSum = 0;
    let logRatioSum = 0;
    let advantageSum = 0;
    let advantageSize = 0;
    // What its tokens share of the gradient: Σ_t ∂(surrogate − β KL)/∂log r, and Σ_t ∂KL/∂d.
    let sharedSlope = 0;
    let sharedKlSlope = 0;

    for (let t = start; t < end; t++) {
      if (mask[t] === 0) continue;
      const logProb = logProbs[t];

      if (ownRatio) {
        logRatio = logProb - oldLogProbs[t];
        inRange = Math.abs(logRatio) <= logRatioClamp;
        usedLogRatio = bounded(logRatio, logRatioClamp);
        ratio = Math.exp(usedLogRatio);
      }
      ratioSum += ratio;
      logRatioSum += usedLogRatio;

      let credit = perSequence ? advantage : advantages[t];
      if (priced) {
        // The price is taken at π_old, so it carries no gradient.
        if (!sharesKl) oldGap = oldLogProbs[t] - refLogProbs[t];
        credit -= beta * bounded(klEstimate(kl, bounded(oldGap, klLogClamp)), klClamp);
      }
      advantageSum += credit;
      advantageSize += Math.abs(credit);

      // The surrogate, and its derivative with respect to log r (with CISPO, to log π).
      let objective: number;
      let slope: number;
      if (surrogate === "sapo") {
        const tau = credit > 0 ? positive : negative;
        const gate = 1 / (1 + Math.exp(-tau * (ratio - 1)));
        objective = (4 / tau) * gate * credit;
        slope = inRange ? 4 * gate * (1 - gate) * ratio * credit : 0;
      } else {
        let usedRatio = ratio;
        if (credit > 0) {
          if (ratio > goodHigh) {
            usedRatio = goodHigh;
            sums.clippedHigh++;
          } else if (ratio < goodLow) {
            usedRatio = goodLow;
            sums.clippedLow++;
          }
        } else if (credit < 0) {
          if (ratio < badLow) {
            usedRatio = badLow;
            sums.clippedLow++;
          } else if (ratio > badHigh) {
            usedRatio = badHigh;
            if (surrogate === "cispo") sums.clippedHigh++;
            else sums.clippedDual++;
          }
        }
        slope = usedRatio * credit;
        objective = slope;
        if (surrogate === "cispo") objective *= logProb;
        else if (usedRatio !== ratio || !inRange) slope = 0;
      }

      // What multiplies the surrogate but carries no gradient: sampler correction and entropy mask.
      if (samplerLogProbs !== undefined) {
        const mismatch = oldLogProbs[t] - samplerLogProbs[t];
        if (samplerCorrection?.level === "token") correction = samplerWeight(samplerCorrection, mismatch);
        objective *= correction;
        slope *= correction;
        sums.samplerGap += Math.abs(mismatch);
        sums.samplerWeight += correction;
      }
      if (entropies !== undefined) {
        sums.entropy += entropies[t];
        if (entropies[t] >= entropyThreshold) sums.kept++;
        else {
          objective = 0;
          slope = 0;
        }
      }
      value += objective;
      if (sharesRatio && surrogate !== "cispo") {
        sharedSlope += slope;
        slope = 0;
      }

      // The KL and its slope; with `klImportance` times the ratio, by the product rule.
      let ownKlSlope = 0;
      if (refLogProbs !== undefined) {
        if (!sharesKl) {
          gap = logProb - refLogProbs[t];
          usedGap = bounded(gap, klLogClamp);
          if (needsReverseRatio) reverseRatio = Math.exp(-usedGap);
        }
        let estimate = klEstimate(kl, usedGap, reverseRatio);
        let slopeOfGap = klSlope(klGradient, usedGap, reverseRatio);
        if (Math.abs(gap) > klLogClamp || Math.abs(estimate) > klClamp) slopeOfGap = 0;
        estimate = bounded(estimate, klClamp);
        if (klImportance) {
          const slopeOfRatio = inRange ? ratio * estimate : 0;
          if (sharesRatio) sharedSlope -= klWeight * slopeOfRatio;
          else ownKlSlope += slopeOfRatio;
          estimate *= ratio;
          slopeOfGap *= ratio;
        }
        if (sharesKl) sharedKlSlope += slopeOfGap;
        else ownKlSlope += slopeOfGap;
        klSum += estimate;
      }
      coefficients[t] = weight * (klWeight * ownKlSlope - slope);
    }

    sums.tokens += count;
    sums.policyLoss -= weight * value;
    sums.kl += klSum;
    sums.klLoss += weight * klWeight * klSum;
    sums.ratio += ratioSum;
    sums.logRatio += logRatioSum;
    sums.advantage += advantageSum;
    sums.advantageSize += advantageSize;
    const perToken = sharedSlope / (plan.ratio === "sequence" ? count : 1) - klWeight * sharedKlSlope;
    if (perToken === 0) return;
    for (let t = start; t < end; t++) if (mask[t] !== 0) coefficients[t] -= weight * perToken;
  }
}

/** x, or the bound that it lies beyond. */
function bounded(x: number, bound: number): number {
  if (x > bound) return bound;
  return x < -bound ? -bound : x;
}

/** Sum over the trained tokens of a sequence of a − b. */
function sumOfDifferences(a: FloatArray, b: FloatArray, mask: GrpoBatch["mask"], start: number, end: number): number {
  let sum = 0;
  for (let t = start; t < end; t++) if (mask[t] !== 0) sum += a[t] - b[t];
  return sum;
}
