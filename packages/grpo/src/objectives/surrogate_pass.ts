/**
 * One pass over a batch: the coefficients of every trained token and the sums that the loss and the metrics are made of.
 *
 * A ratio or a KL of the whole sequence depends on each of its tokens. Its derivative is collected over the sequence and
 * then given to all of them: with r = exp(Σ(ℓ − ℓ_old)/n), ∂loss/∂ℓ_u = (r/n) Σ_t ∂loss_t/∂r for every u.
 *
 * @module
 */

import type { FloatArray } from "./batch.ts";
import { Chunk, sumDifference } from "./chunk.ts";
import type { GrpoBatch, GrpoPlan } from "./grpo_options.ts";
import { klKernel } from "./kl.ts";
import { samplerWeight } from "./sampler.ts";
import type { ClipCounts } from "./surrogate.ts";
import { cispoKernel, clipKernel, sapoKernel } from "./surrogate.ts";

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
  entropy = 0;
  kept = 0;
  samplerGap = 0;
  samplerWeight = 0;
}

/** What is the same for all tokens of a sequence, and what its tokens share of the gradient. */
interface SequenceTerms {
  /** log r where the ratio is the sequence's. */
  readonly logRatio: number;
  /** d = log π − log π_ref of the whole sequence, and the same at π_old; where the KL is the sequence's. */
  readonly gap: number;
  readonly oldGap: number;
  readonly samplerWeight: number;
  /** Σ_t ∂(surrogate − β KL)/∂log r, and Σ_t ∂KL/∂d: given to every token at the end. */
  sharedSlope: number;
  sharedKlSlope: number;
}

/** The pass and what it has gathered. */
export class SurrogatePass {
  readonly coefficients: Float32Array;
  readonly sums: Sums = new Sums();
  readonly clips: ClipCounts = { low: 0, high: 0, dual: 0 };
  readonly #batch: GrpoBatch;
  readonly #plan: GrpoPlan;
  readonly #entropyThreshold: number;
  readonly #chunk: Chunk = new Chunk();
  readonly #sharedRatio: boolean;
  readonly #sharedKl: boolean;

  constructor(batch: GrpoBatch, plan: GrpoPlan, entropyThreshold: number) {
    this.#batch = batch;
    this.#plan = plan;
    this.#entropyThreshold = entropyThreshold;
    this.#sharedRatio = plan.ratio === "sequence" || plan.ratio === "product";
    this.#sharedKl = plan.klLevel === "sequence";
    this.coefficients = new Float32Array(batch.logProbs.length);
  }

  /** Adds sequence s, tokens `start` to `end`, of which `count` are trained, each with this weight. */
  sequence(s: number, start: number, end: number, weight: number, count: number): void {
    const chunk = this.#chunk;
    const { mask, refLogProbs } = this.#batch;
    const { beta, ratio, klPlacement } = this.#plan;
    const terms = this.#sequenceTerms(start, end, count);
    const klWeight = klPlacement === "loss" ? beta : 0;
    for (let t = start; t < end; ) {
      t = chunk.select(mask, t, end);
      if (chunk.n === 0) continue;
      this.#ratios(terms);
      this.#advantages(s, terms);
      this.#surrogate(terms);
      if (refLogProbs !== undefined) this.#kl(terms);
      this.#scatter(weight, refLogProbs === undefined ? 0 : klWeight, refLogProbs !== undefined);
    }
    const perToken = terms.sharedSlope / (ratio === "sequence" ? count : 1) - klWeight * terms.sharedKlSlope;
    if (perToken === 0) return;
    giveToAll(this.coefficients, mask, start, end, weight * perToken);
  }

  #sequenceTerms(start: number, end: number, count: number): SequenceTerms {
    const { logProbs, oldLogProbs, refLogProbs, samplerLogProbs, mask } = this.#batch;
    const { ratio, samplerCorrection: correction } = this.#plan;
    const difference = (a: typeof logProbs, b: typeof logProbs) => sumDifference(a, b, mask, start, end);
    const sum = ratio === "token" ? 0 : difference(logProbs, oldLogProbs);
    const withKl = this.#sharedKl && refLogProbs !== undefined;
    const priced = this.#plan.klPlacement === "advantage";
    return {
      logRatio: ratio === "product" ? sum : sum / count,
      gap: withKl ? difference(logProbs, refLogProbs) : 0,
      oldGap: withKl && priced ? difference(oldLogProbs, refLogProbs) : 0,
      samplerWeight:
        correction?.level === "sequence" && samplerLogProbs
          ? samplerWeight(correction, difference(oldLogProbs, samplerLogProbs))
          : 1,
      sharedSlope: 0,
      sharedKlSlope: 0,
    };
  }

  /** Importance ratios of the chunk; log-ratios stay as they are before the clamp. */
  #ratios(terms: SequenceTerms): void {
    const { n, logRatios, ratios } = this.#chunk;
    const { ratio, logRatioClamp: clamp } = this.#plan;
    let sum = 0;
    let logSum = 0;
    if (ratio === "token") {
      this.#chunk.gatherDifference(this.#batch.logProbs, this.#batch.oldLogProbs, logRatios);
      for (let k = 0; k < n; k++) {
        const logRatio = clamp === Infinity ? logRatios[k] : Math.max(-clamp, Math.min(clamp, logRatios[k]));
        ratios[k] = Math.exp(logRatio);
        sum += ratios[k];
        logSum += logRatio;
      }
    } else {
      const logRatio = Math.max(-clamp, Math.min(clamp, terms.logRatio));
      logRatios.fill(terms.logRatio, 0, n);
      ratios.fill(Math.exp(logRatio), 0, n);
      sum = n * ratios[0];
      logSum = n * logRatio;
    }
    this.sums.tokens += n;
    this.sums.ratio += sum;
    this.sums.logRatio += logSum;
  }

  #advantages(s: number, terms: SequenceTerms): void {
    const chunk = this.#chunk;
    const { n, advantages } = chunk;
    const { perSequence, klPlacement, beta } = this.#plan;
    const priced = klPlacement === "advantage" && beta !== 0 && this.#batch.refLogProbs !== undefined;
    if (perSequence) {
      const advantage = this.#batch.advantages[s];
      advantages.fill(advantage, 0, n);
      if (!priced) {
        this.sums.advantage += n * advantage;
        this.sums.advantageSize += n * Math.abs(advantage);
        return;
      }
    } else chunk.gather(this.#batch.advantages, advantages);
    if (priced && this.#batch.refLogProbs !== undefined) {
      // The price is taken at π_old, so it carries no gradient.
      this.#estimates(terms.oldGap, this.#batch.oldLogProbs, this.#batch.refLogProbs);
      for (let k = 0; k < n; k++) advantages[k] -= beta * chunk.estimates[k];
    }
    let sum = 0;
    let size = 0;
    for (let k = 0; k < n; k++) {
      sum += advantages[k];
      size += Math.abs(advantages[k]);
    }
    this.sums.advantage += sum;
    this.sums.advantageSize += size;
  }

  #surrogate(terms: SequenceTerms): void {
    const chunk = this.#chunk;
    const plan = this.#plan;
    const { n, ratios, advantages, values, slopes, logRatios } = chunk;
    if (plan.surrogate === "cispo") {
      chunk.gather(this.#batch.logProbs, chunk.logProbs);
      cispoKernel(plan, n, ratios, advantages, chunk.logProbs, values, slopes, this.clips);
    } else {
      if (plan.surrogate === "clip") clipKernel(plan, n, ratios, advantages, values, slopes, this.clips);
      else sapoKernel(plan.temperatures, n, ratios, advantages, values, slopes);
      if (plan.logRatioClamp < Infinity) {
        for (let k = 0; k < n; k++) if (Math.abs(logRatios[k]) > plan.logRatioClamp) slopes[k] = 0;
      }
    }
    this.#weigh(terms);
    if (this.#sharedRatio && plan.surrogate !== "cispo") {
      for (let k = 0; k < n; k++) terms.sharedSlope += slopes[k];
      slopes.fill(0, 0, n);
    }
  }

  /** Applies what multiplies the surrogate but carries no gradient: sampler correction and entropy mask. */
  #weigh(terms: SequenceTerms): void {
    const { n, index, values, slopes } = this.#chunk;
    const { oldLogProbs, samplerLogProbs, entropies } = this.#batch;
    const { samplerCorrection: correction, topEntropy } = this.#plan;
    const sums = this.sums;
    if (samplerLogProbs !== undefined) {
      for (let k = 0; k < n; k++) {
        const logRatio = oldLogProbs[index[k]] - samplerLogProbs[index[k]];
        const weight = correction?.level === "token" ? samplerWeight(correction, logRatio) : terms.samplerWeight;
        values[k] *= weight;
        slopes[k] *= weight;
        sums.samplerGap += Math.abs(logRatio);
        sums.samplerWeight += weight;
      }
    }
    if (entropies !== undefined) {
      for (let k = 0; k < n; k++) {
        const entropy = entropies[index[k]];
        sums.entropy += entropy;
        if (topEntropy === undefined) continue;
        if (entropy >= this.#entropyThreshold) sums.kept++;
        else {
          values[k] = 0;
          slopes[k] = 0;
        }
      }
    }
  }

  /** KL estimates and their slopes; with `klImportance` times the ratio, by the product rule. */
  #kl(terms: SequenceTerms): void {
    const chunk = this.#chunk;
    const { n, estimates, klSlopes, ratios, logRatios } = chunk;
    const { beta, klImportance, klPlacement, logRatioClamp } = this.#plan;
    const refLogProbs = this.#batch.refLogProbs as Float32Array;
    this.#estimates(terms.gap, this.#batch.logProbs, refLogProbs);
    if (!klImportance) {
      if (!this.#sharedKl) return;
      terms.sharedKlSlope += n * klSlopes[0];
      klSlopes.fill(0, 0, n);
      return;
    }
    const weight = klPlacement === "loss" ? beta : 0;
    for (let k = 0; k < n; k++) {
      const ratio = ratios[k];
      const ratioSlope = Math.abs(logRatios[k]) <= logRatioClamp ? ratio : 0;
      const byRatio = ratioSlope * estimates[k];
      const byGap = ratio * klSlopes[k];
      if (this.#sharedRatio) terms.sharedSlope -= weight * byRatio;
      if (this.#sharedKl) terms.sharedKlSlope += byGap;
      estimates[k] *= ratio;
      klSlopes[k] = (this.#sharedRatio ? 0 : byRatio) + (this.#sharedKl ? 0 : byGap);
    }
  }

  /** Estimates and slopes of each token's a − b, or of the sequence's own gap: then one exponential is enough. */
  #estimates(gap: number, a: FloatArray, b: FloatArray): void {
    const { n, gaps, estimates, klSlopes } = this.#chunk;
    if (!this.#sharedKl) {
      this.#chunk.gatherDifference(a, b, gaps);
      klKernel(this.#plan, n, gaps, estimates, klSlopes);
      return;
    }
    gaps[0] = gap;
    klKernel(this.#plan, 1, gaps, estimates, klSlopes);
    estimates.fill(estimates[0], 1, n);
    klSlopes.fill(klSlopes[0], 1, n);
  }

  #scatter(weight: number, klWeight: number, withKl: boolean): void {
    const { n, index, values, slopes, estimates, klSlopes } = this.#chunk;
    const { coefficients, sums } = this;
    let value = 0;
    for (let k = 0; k < n; k++) value += values[k];
    sums.policyLoss -= weight * value;
    if (!withKl) {
      for (let k = 0; k < n; k++) coefficients[index[k]] = weight * (0 - slopes[k]); // never −0
      return;
    }
    let kl = 0;
    for (let k = 0; k < n; k++) {
      kl += estimates[k];
      coefficients[index[k]] = weight * (klWeight * klSlopes[k] - slopes[k]);
    }
    sums.kl += kl;
    sums.klLoss += weight * klWeight * kl;
  }
}

function giveToAll(
  coefficients: Float32Array,
  mask: Uint8Array | Float32Array,
  start: number,
  end: number,
  share: number,
): void {
  for (let t = start; t < end; t++) if (mask[t] !== 0) coefficients[t] -= share;
}
