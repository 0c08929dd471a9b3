/**
 * Lines 9 to 11 of Algorithm 1: advantages, the objective, its gradient.
 *
 * The objective always sees its whole batch at once, so how the policy's calls are split cannot change it.
 *
 * @module
 */

import { grpo } from "../objectives/grpo.ts";
import type { GrpoMetrics } from "../objectives/grpo_options.ts";
import { advantagesOf } from "./judge.ts";
import type { Batch, LogProbs } from "./policy.ts";
import type { Exploration, RolloutBatch } from "./rollout.ts";
import { rolloutBatch, selectSequences } from "./rollout.ts";
import type { GrpoTrainerOptions, Prompt } from "./trainer_options.ts";

/** An exploration, ready to be learned from. Arrays are in the layout of `batch`. */
export interface Lesson {
  readonly batch: RolloutBatch;
  readonly advantages: Float32Array;
  readonly advantagesPer: "sequence" | "token";
  readonly truncated: Uint8Array;
  readonly oldLogProbs: Float32Array;
  readonly refLogProbs?: Float32Array;
  readonly entropies?: Float32Array;
}

/** What {@link accumulate} did. */
export interface GradientReport {
  readonly loss: number;
  readonly metrics: GrpoMetrics;
  /** |log π at sampling − log π in training|: its sum and its maximum over `compared` tokens, in nats. */
  readonly gap: { readonly sum: number; readonly max: number; readonly compared: number };
}

/** Makes advantages, and asks the reference (and, where old log-probabilities are recomputed, the policy) once. */
export async function prepare<P extends Prompt>(
  options: GrpoTrainerOptions<P>,
  exploration: Exploration,
): Promise<Lesson> {
  const { groups } = exploration;
  const rollouts = groups.flatMap(({ prompt, completions }) => completions.map((each) => ({ ...each, prompt })));
  const batch = rolloutBatch(rollouts);
  const truncated = Uint8Array.from(rollouts, ({ finishReason }) => Number(finishReason === "length"));
  const everything = Array.from(rollouts.keys());
  const refLogProbs = options.reference && (await score(options, batch, everything, options.reference)).logProbs;
  const { recomputeOldLogProbs = options.objective?.samplerCorrection !== undefined } = options;
  const { entropies: withEntropies = options.objective?.topEntropy !== undefined } = options;
  let { oldLogProbs } = batch;
  let entropies: Float32Array | undefined;
  if (recomputeOldLogProbs || withEntropies) {
    const scored = await score(options, batch, everything, options.policy, withEntropies);
    if (recomputeOldLogProbs) oldLogProbs = scored.logProbs;
    ({ entropies } = scored);
  }
  return { batch, truncated, oldLogProbs, refLogProbs, entropies, ...advantagesOf(groups, batch.segments, options) };
}

/**
 * Adds the gradient of the objective over some sequences of a lesson to the policy's. `fresh` says that the policy has
 * not changed since: then log π is log π_old, and one pass through the graph is enough.
 */
export async function accumulate<P extends Prompt>(
  options: GrpoTrainerOptions<P>,
  lesson: Lesson,
  sequences: readonly number[],
  fresh: boolean,
): Promise<GradientReport> {
  const { policy, reference, objective = {} } = options;
  const { batch, advantages, advantagesPer, truncated, oldLogProbs, refLogProbs, entropies } = lesson;
  const selected = selectSequences(batch, sequences);
  const pick = (values: Float32Array) => Float32Array.from(selected.places, (t) => values[t]);
  const old = pick(oldLogProbs);
  const ownAdvantages =
    advantagesPer === "token" ? pick(advantages) : Float32Array.from(sequences, (s) => advantages[s]);
  const all = Array.from(sequences.keys());
  const withReference = reference !== undefined && refLogProbs !== undefined;
  const scored = fresh ? undefined : await score(options, selected.batch, all, policy, entropies !== undefined);
  const objectiveBatch = {
    logProbs: scored?.logProbs ?? old,
    oldLogProbs: old,
    ...(withReference ? { refLogProbs: pick(refLogProbs) } : {}),
    ...(oldLogProbs === batch.oldLogProbs ? {} : { samplerLogProbs: pick(batch.oldLogProbs) }),
    ...(entropies ? { entropies: scored?.entropies ?? pick(entropies) } : {}),
    advantages: ownAdvantages,
    mask: Uint8Array.from(selected.places, (t) => batch.mask[t]),
    segments: selected.batch.segments,
    truncated: Uint8Array.from(sequences, (s) => truncated[s]),
  };
  const { loss, coefficients, metrics } = grpo(objectiveBatch, {
    ...objective,
    ...(withReference ? {} : { beta: 0 }),
    advantagesPer,
  });

  // A sequence without a coefficient has no gradient: it need not be computed.
  const { segments } = selected.batch;
  const active = all.filter((s) => coefficients.subarray(segments[s], segments[s + 1]).some((c) => c !== 0));
  const gap = { sum: 0, max: 0, compared: 0 };
  for (const part of microBatches(segments, active, options.microBatchTokens)) {
    const { batch: micro, places } = selectSequences(selected.batch, part);
    const own = Float32Array.from(places, (t) => coefficients[t]);
    const { temperature } = options.sampling;
    const { logProbs } = await policy.backward(micro, own, { temperature });
    places.forEach((t, i) => {
      if (micro.labels[i] === -100) return;
      const distance = Math.abs(logProbs[i] - batch.oldLogProbs[selected.places[t]]);
      gap.sum += distance;
      gap.max = Math.max(gap.max, distance);
      gap.compared++;
    });
  }
  return { loss, metrics, gap };
}

/** Log-probabilities of some sequences, asked for in micro-batches. */
async function score<P extends Prompt>(
  { microBatchTokens, sampling: { temperature } }: GrpoTrainerOptions<P>,
  batch: Batch,
  sequences: readonly number[],
  model: Pick<GrpoTrainerOptions<P>["policy"], "logProbs">,
  entropies = false,
): Promise<LogProbs> {
  const size = batch.tokens.length;
  const result = { logProbs: new Float32Array(size), entropies: new Float32Array(entropies ? size : 0) };
  for (const part of microBatches(batch.segments, sequences, microBatchTokens)) {
    const { batch: micro, places } = selectSequences(batch, part);
    const scored = await model.logProbs(micro, { temperature, ...(entropies ? { entropies } : {}) });
    if (entropies && scored.entropies === undefined) {
      throw new TypeError("Cannot learn: policy.logProbs was asked for entropies, found none in what it returned");
    }
    places.forEach((t, i) => {
      result.logProbs[t] = scored.logProbs[i];
      if (entropies) result.entropies[t] = scored.entropies?.[i] ?? Number.NaN;
    });
  }
  return entropies ? result : { logProbs: result.logProbs };
}

/** Splits sequences, in their order, into runs of at most `limit` tokens (or of one sequence, if that is longer). */
export function microBatches(segments: Int32Array, sequences: readonly number[], limit?: number): number[][] {
  const parts: number[][] = [];
  let tokens = Infinity;
  for (const s of sequences) {
    const length = segments[s + 1] - segments[s];
    if (tokens + length > (limit ?? Infinity) || parts.length === 0) {
      parts.push([]);
      tokens = 0;
    }
    parts[parts.length - 1].push(s);
    tokens += length;
  }
  return parts;
}
