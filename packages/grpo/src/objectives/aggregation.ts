/**
 * The one reducer: how token losses become a batch's loss. Every objective's loss is `Σ_t w_t · loss_t` with the
 * weights made here, and nothing else divides by anything. With the whole batch's totals, the losses (and the
 * coefficients, and the metrics) of its micro-batches add up to those of the batch, however it is split.
 *
 * @module
 */

import { checkNumber, checkObject, checkOneOf } from "../check.ts";
import type { BatchTotals, Countable } from "./batch.ts";
import { count } from "./batch.ts";

/**
 * How token losses are averaged. B sequences, `n_i` trained tokens in sequence i, N = Σ n_i:
 *
 * | name | weight of a token of sequence i | source |
 * |---|---|---|
 * | `"grpo"` | 1 / (B · n_i) | DeepSeekMath: mean over sequences of their token means |
 * | `"bnpo"` | 1 / N | token mean over the batch |
 * | `"dr_grpo"` | 1 / (B · maxLength) | Dr. GRPO: no length bias; needs `maxLength` |
 * | `"dapo"` | 1 / N | DAPO: token mean over the *global* batch |
 * | `"luspo"` | 1 / B | LUSPO: mean over sequences of their token *sums*, so a sequence's loss is multiplied by its length |
 *
 * Trainers that reduce each micro-batch by itself make `"bnpo"` depend on the split; here it cannot, so it equals
 * `"dapo"`. Sequences without a trained token count in B, as in TRL.
 */
export type Aggregation = "grpo" | "bnpo" | "dr_grpo" | "dapo" | "luspo";

/** Options of the reducer, shared by all objectives. */
export interface AggregationOptions {
  aggregation?: Aggregation;
  /** The longest completion allowed, in tokens. Required by `"dr_grpo"`, unused by the others. */
  maxLength?: number;
  /** Totals of the whole batch when this is one micro-batch of it. Default: this batch's own. */
  total?: BatchTotals;
}

/** Names of the aggregations, and of the options of the reducer. */
const aggregations: readonly Aggregation[] = ["grpo", "bnpo", "dr_grpo", "dapo", "luspo"];
export const aggregationNames: readonly string[] = ["aggregation", "maxLength", "total"];

/** Checks the values of the reducer's options. */
export function checkAggregation(task: string, { aggregation = "grpo", maxLength, total }: AggregationOptions): void {
  checkOneOf(task, "aggregation", aggregation, aggregations);
  if (aggregation === "dr_grpo" && maxLength === undefined) {
    throw new TypeError(`Cannot ${task}: aggregation "dr_grpo" needs maxLength, found none`);
  }
  if (maxLength !== undefined) checkNumber(task, "maxLength", maxLength, "above 0", (value) => value > 0);
  if (total === undefined) return;
  checkObject(task, "total", total);
  checkNumber(task, "total.sequences", total.sequences);
  checkNumber(task, "total.tokens", total.tokens);
}

/** The weights of a batch, and the totals that its means divide by. */
export interface Reduction {
  /** Weight of each trained token of sequence s. n entries. */
  readonly weights: Float64Array;
  /** Trained tokens of sequence s. n entries. */
  readonly counts: Int32Array;
  readonly total: BatchTotals;
}

/**
 * Makes the weights, of options that {@link checkAggregation} has passed.
 */
export function reduction(
  batch: Countable,
  aggregation: Aggregation,
  { maxLength, total: whole }: AggregationOptions,
  maskTruncated = false,
): Reduction {
  const own = count(batch, maskTruncated);
  const total = whole ?? own;
  const counts = own.perSequence;
  const weights = new Float64Array(counts.length);
  switch (aggregation) {
    case "grpo":
      for (let s = 0; s < weights.length; s++) weights[s] = counts[s] === 0 ? 0 : 1 / (total.sequences * counts[s]);
      break;
    case "bnpo":
    case "dapo":
      weights.fill(total.tokens === 0 ? 0 : 1 / total.tokens);
      break;
    case "dr_grpo":
      weights.fill(1 / (total.sequences * (maxLength as number)));
      break;
    case "luspo":
      weights.fill(1 / total.sequences);
      break;
  }
  return { weights, counts, total };
}
