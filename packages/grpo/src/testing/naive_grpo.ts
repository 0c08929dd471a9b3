/**
 * The loss of `grpo` from its definition, one token at a time. Shares no code with the fast one.
 *
 * `frozen` is where the stop-gradient sg(·) takes its values: the loss as a function of `batch` with `frozen` fixed has
 * the derivative that the coefficients claim, and at `batch = frozen` it is the loss.
 *
 * @module
 */

import type { GrpoBatch, GrpoOptions } from "../objectives/grpo_options.ts";

const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const estimators = {
  k1: (d: number) => d,
  k2: (d: number) => d ** 2 / 2,
  k3: (d: number) => Math.exp(-d) + d - 1,
};

export function naiveGrpo(batch: GrpoBatch, frozen: GrpoBatch, options: GrpoOptions, entropyThreshold: number): number {
  const { surrogate = "clip", epsilonLow = 0.2, epsilonHigh = 0.2, ratio = "token", beta = 0.04 } = options;
  const { upperBound = Infinity, dualClip = Infinity, logRatioClamp = Infinity } = options;
  const { kl = "k3", klGradient = kl, klLogClamp = Infinity, klClamp = Infinity } = options;
  const { temperatures = { positive: 1, negative: 1.05 }, samplerCorrection } = options;
  const ref = batch.refLogProbs as Float64Array;
  const sampler = batch.samplerLogProbs as Float64Array;

  const sequences = Array.from({ length: batch.segments.length - 1 }, (_, s) =>
    Array.from({ length: batch.segments[s + 1] - batch.segments[s] }, (_, i) => batch.segments[s] + i).filter(
      (t) => batch.mask[t] !== 0 && !(options.maskTruncated && batch.truncated?.[s]),
    ),
  );
  const tokens = sum(sequences.map((sequence) => sequence.length));

  const lossOf = (sequence: number[], t: number, s: number): number => {
    const n = sequence.length;
    const logRatioIn = (at: GrpoBatch): number => {
      const total = sum(sequence.map((u) => at.logProbs[u] - at.oldLogProbs[u]));
      const own = at.logProbs[t] - at.oldLogProbs[t];
      return ratio === "token" ? own : ratio === "product" ? total : total / n;
    };
    const clampLog = (x: number) => clamp(x, -logRatioClamp, logRatioClamp);
    const r = (() => {
      if (ratio !== "sequence-token") return Math.exp(clampLog(logRatioIn(batch)));
      const straight = logRatioIn(frozen) + batch.logProbs[t] - frozen.logProbs[t];
      return Math.exp(clampLog(straight));
    })();
    const estimate = (d: number): number => {
      const inner = clamp(d, -klLogClamp, klLogClamp);
      return clamp(estimators[kl](inner), -klClamp, klClamp);
    };
    const gapIn = (logProbs: ArrayLike<number>): number =>
      options.klLevel === "sequence" ? sum(sequence.map((u) => logProbs[u] - ref[u])) : logProbs[t] - ref[t];
    let advantage = batch.advantages[options.advantagesPer === "sequence" ? s : t];
    if (options.klPlacement === "advantage") advantage -= beta * estimate(gapIn(batch.oldLogProbs));

    let objective: number;
    if (surrogate === "clip") {
      objective = Math.min(Math.min(r, upperBound) * advantage, clamp(r, 1 - epsilonLow, 1 + epsilonHigh) * advantage);
      if (advantage < 0) objective = Math.max(objective, dualClip * advantage);
    } else if (surrogate === "cispo") {
      const weight = clamp(Math.exp(clampLog(logRatioIn(frozen))), 1 - epsilonLow, 1 + epsilonHigh);
      objective = weight * advantage * batch.logProbs[t];
    } else {
      const tau = advantage > 0 ? temperatures.positive : temperatures.negative;
      objective = ((4 / tau) * advantage) / (1 + Math.exp(-tau * (r - 1)));
    }
    if (samplerCorrection) {
      const { level, mode, cap = 3, floor = 0 } = samplerCorrection;
      const members = level === "token" ? [t] : sequence;
      const w = Math.exp(sum(members.map((u) => batch.oldLogProbs[u] - sampler[u])));
      objective *= mode === "truncate" ? Math.min(w, cap) : w < floor || w > cap ? 0 : w;
    }
    if (options.topEntropy !== undefined && (batch.entropies as Float64Array)[t] < entropyThreshold) objective = 0;

    let price = 0;
    if (options.klPlacement !== "advantage") {
      const [d, d0] = [gapIn(batch.logProbs), gapIn(frozen.logProbs)];
      price = estimate(d);
      if (klGradient !== kl) {
        // Straight-through: the value of one estimator, the slope of another, both stopped by the clamps.
        const stopped = Math.abs(d0) > klLogClamp || Math.abs(estimators[kl](d0)) > klClamp;
        price = estimate(d0) + (stopped ? 0 : estimators[klGradient](d) - estimators[klGradient](d0));
      }
      if (options.klImportance) price *= r;
    }
    return -objective + beta * price;
  };

  const B = sequences.length;
  const perSequence = sequences.map((sequence, s) => sum(sequence.map((t) => lossOf(sequence, t, s))));
  switch (options.aggregation ?? "grpo") {
    case "grpo":
      return sum(perSequence.map((loss, s) => loss / Math.max(1, sequences[s].length))) / B;
    case "dr_grpo":
      return sum(perSequence) / (B * (options.maxLength as number));
    case "luspo":
      return sum(perSequence.map((loss, s) => (loss / Math.max(1, sequences[s].length)) * sequences[s].length)) / B;
    default:
      return sum(perSequence) / Math.max(1, tokens);
  }
}
