/**
 * Sequences packed end to end into contexts, with boundaries that keep attention, positions and labels of neighbours
 * apart.
 *
 * @module
 */

import { checkSequences } from "./check.ts";
import type { PackingOptions, PackingPlan } from "./plan.ts";
import { planPacking } from "./plan.ts";
import type { TokenSequence } from "./sequence.ts";
import { IGNORE } from "./sequence.ts";

/** One context; the `Batch` that `@gradus/grpo`'s `Policy` takes. No padding: as long as its tokens. */
export interface PackedBatch {
  readonly tokens: Int32Array;
  /** The token that each position should predict, already shifted; −100 where nothing is trained. See {@link PackOptions}. */
  readonly labels: Int32Array;
  /** Position of each token in its piece: restarts at 0 at each segment. */
  readonly positions: Int32Array;
  /** Cumulative lengths: n + 1 entries, the first 0, the last `tokens.length`. Attention must not cross them. */
  readonly segments: Int32Array;
}

/** How to pack, and how to write the labels. */
export interface PackOptions extends PackingOptions {
  /**
   * `"shifted"` (default): `labels[t]` is the token that position t learns to predict, `tokens[t + 1]`. `"aligned"`:
   * `labels[t]` is `tokens[t]` itself where it is to be learnt, and −100 at each segment's first token, as Hugging Face's
   * trainers expect, which shift them inside. Where a sequence was split, aligned labels cannot say that a piece's last
   * position predicts the next piece's first token: those predictions are lost.
   */
  labels?: "shifted" | "aligned";
}

/**
 * Packs sequences into contexts of at most `contextLength` tokens.
 *
 * Labels are shifted: position t learns to predict token t + 1 where that token is to be learnt, so the first token of
 * a sequence is never a label and its last position always has −100. A sequence that is split over contexts loses no
 * label: the last position of a piece still predicts the first token of the next, though that next piece starts
 * without its context. A truncated sequence ends where it is cut.
 *
 * @param sequences Training examples; the masks are not shifted, see {@link TokenSequence}.
 * @throws {RangeError} A sequence exceeds the context length (and `overlong` is `"error"`), or its labels do not fit
 * its tokens.
 * @throws {TypeError} `sequences` is not a list of examples, or an option is unknown.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) section 3.2 for `"random-concat"`.
 *
 * @example
 * ```ts
 * const [batch] = pack([promptCompletion([1, 2], [3, 4]), { tokens: Int32Array.of(5, 6) }], { contextLength: 8 });
 * batch.tokens; //    [1, 2, 3, 4, 5, 6]
 * batch.labels; //    [-100, 3, 4, -100, 6, -100]
 * batch.positions; // [0, 1, 2, 3, 0, 1]
 * batch.segments; //  [0, 4, 6]
 * ```
 */
export function pack(sequences: readonly TokenSequence[], options: PackOptions = {}): PackedBatch[] {
  checkSequences(sequences);
  const plan = planPacking(
    sequences.map(({ tokens }) => tokens.length),
    options,
  );
  return Array.from({ length: plan.report.contexts }, (_, context) => packContext(sequences, plan, context, options));
}

/**
 * Builds one context of a plan; for data too large to hold every context at once, and to keep the plan's report.
 *
 * @throws {RangeError} There is no such context, or a sequence's labels do not fit its tokens.
 *
 * @example
 * ```ts
 * const sequences = [{ tokens: Int32Array.of(1, 2, 3) }];
 * const plan = planPacking(sequences.map(({ tokens }) => tokens.length), { contextLength: 2, overlong: "truncate" });
 * plan.report.truncated; // 1
 * packContext(sequences, plan, 0).tokens; // [1, 2]
 * ```
 */
export function packContext(
  sequences: readonly TokenSequence[],
  plan: PackingPlan,
  context: number,
  { labels: convention = "shifted" }: Pick<PackOptions, "labels"> = {},
): PackedBatch {
  if (convention !== "shifted" && convention !== "aligned") {
    throw new TypeError(`Cannot pack: labels must be "shifted" or "aligned", found ${convention}`);
  }
  if (!(Number.isInteger(context) && context >= 0 && context < plan.report.contexts)) {
    throw new RangeError(`Cannot pack context ${context}: the plan has ${plan.report.contexts}`);
  }
  const first = plan.contexts[context];
  const last = plan.contexts[context + 1];
  const segments = new Int32Array(last - first + 1);
  for (let p = first; p < last; p++) segments[p - first + 1] = segments[p - first] + plan.length[p];
  const size = segments[segments.length - 1];
  const batch = { tokens: new Int32Array(size), labels: new Int32Array(size), positions: new Int32Array(size) };
  for (let p = first; p < last; p++) {
    const index = plan.sequence[p];
    checkSequence(sequences, plan, p);
    const { tokens, labels } = sequences[index];
    const start = plan.start[p];
    const to = start + plan.length[p];
    // A plan that truncates does not split: each piece is the end of its sequence, and what was cut is not a label.
    const end = plan.report.truncated > 0 ? to : tokens.length;
    const at = segments[p - first] - start;
    for (let i = start; i < to; i++) {
      batch.tokens[at + i] = tokens[i];
      batch.positions[at + i] = i - start;
      batch.labels[at + i] = i + 1 < end ? (labels ?? tokens)[i + 1] : IGNORE;
    }
  }
  return { ...batch, labels: convention === "aligned" ? alignLabels(batch.labels, segments) : batch.labels, segments };
}

/** Shifted labels moved to the tokens that they name; each segment's first gets −100. */
export function alignLabels(labels: Int32Array, segments: Int32Array): Int32Array {
  const aligned = new Int32Array(labels.length);
  aligned.set(labels.subarray(0, -1), 1);
  for (let s = 0; s + 1 < segments.length; s++) aligned[segments[s]] = IGNORE;
  return aligned;
}

function checkSequence(sequences: readonly TokenSequence[], plan: PackingPlan, piece: number): void {
  const index = plan.sequence[piece];
  if (index >= sequences.length) {
    throw new RangeError(`Cannot pack sequence ${index}: it is in the plan, found ${sequences.length} sequences`);
  }
  const sequence = sequences[index];
  const end = plan.start[piece] + plan.length[piece];
  if (end > sequence.tokens.length) {
    throw new RangeError(
      `Cannot pack sequence ${index}: the plan needs at least ${end} tokens, found ${sequence.tokens.length}`,
    );
  }
  checkLabels(sequence, index, plan.start[piece], end);
}

/** Checks the labels from token `start` to the one that token `end − 1` predicts. */
export function checkLabels(
  { tokens, labels }: TokenSequence,
  index: number,
  start = 0,
  end: number = tokens.length,
): void {
  if (labels === undefined) return;
  if (labels.length !== tokens.length) {
    throw new RangeError(`Cannot pack sequence ${index}: expected ${tokens.length} labels, found ${labels.length}`);
  }
  for (let i = start; i < Math.min(end + 1, labels.length); i++) {
    if (labels[i] !== IGNORE && labels[i] !== tokens[i]) {
      throw new RangeError(
        `Cannot pack sequence ${index}: labels[${i}] must be −100 or the token there, ${tokens[i]}, found ${labels[i]} (labels are shifted by pack, not before)`,
      );
    }
  }
}
