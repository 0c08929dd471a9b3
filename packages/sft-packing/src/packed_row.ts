/**
 * A packed context as a row with the column names of Hugging Face's trainers.
 *
 * @module
 */

import { alignLabels, type PackedBatch } from "./pack.ts";
import { IGNORE } from "./sequence.ts";

/** A packed context as a row of a dataset: what TRL's packed datasets have, and labels. */
export interface PackedRow {
  readonly input_ids: Int32Array;
  /** Aligned: each token itself, or −100 where it is not learnt. */
  readonly labels: Int32Array;
  readonly position_ids: Int32Array;
  readonly seq_lengths: Int32Array;
  /** The labels of the packed batch. */
  readonly shift_labels?: Int32Array;
}

/** How to write rows. */
export interface PackedRowOptions {
  /**
   * Also write the shifted labels, as `shift_labels` (the name by which transformers' losses take them): needed where a
   * sequence was split, since aligned labels cannot say what a piece's last position predicts. Default false.
   */
  shiftLabels?: boolean;
}

/**
 * The row of a batch with shifted labels.
 *
 * @throws {RangeError} The batch's labels are not shifted, or say what a piece's last token predicts, which is lost
 * without `shiftLabels`.
 *
 * @example
 * ```ts
 * const [batch] = pack([promptCompletion([1], [2, 3]), promptCompletion([4], [5])], { contextLength: 8 });
 * packedRow(batch).labels; // [-100, 2, 3, -100, 5]
 * packedRow(batch).seq_lengths; // [3, 2]
 * ```
 */
export function packedRow(
  { tokens, labels, positions, segments }: PackedBatch,
  { shiftLabels = false }: PackedRowOptions = {},
): PackedRow {
  for (let s = 0; s + 1 < segments.length; s++) {
    const last = segments[s + 1] - 1;
    for (let t = segments[s]; t < last; t++) {
      if (labels[t] !== IGNORE && labels[t] !== tokens[t + 1]) {
        throw new RangeError(
          `Cannot write the context: labels[${t}] must be −100 or the next token, ${tokens[t + 1]}, found ${labels[t]} (write batches with shifted labels)`,
        );
      }
    }
    if (labels[last] !== IGNORE && !shiftLabels) {
      throw new RangeError(
        `Cannot write the context: its position ${last} ends a piece of a split sequence and predicts ${labels[last]}, which aligned labels cannot say; set shiftLabels`,
      );
    }
  }
  const lengths = Int32Array.from({ length: segments.length - 1 }, (_, s) => segments[s + 1] - segments[s]);
  return {
    input_ids: tokens,
    labels: alignLabels(labels, segments),
    position_ids: positions,
    seq_lengths: lengths,
    ...(shiftLabels && { shift_labels: labels }),
  };
}

/** A row as files give it: plain arrays or typed ones. */
export interface PackedRowLike {
  readonly input_ids: ArrayLike<number>;
  readonly labels?: ArrayLike<number> | null;
  readonly seq_lengths: ArrayLike<number>;
  readonly shift_labels?: ArrayLike<number> | null;
}

/**
 * The batch of a row; of a dataset packed by TRL as well. Without labels every token but each segment's first is learnt.
 *
 * @throws {RangeError} The lengths or the labels do not fit the tokens.
 *
 * @example
 * ```ts
 * fromPackedRow({ input_ids: [1, 2, 3], seq_lengths: [2, 1] }).labels; // [2, -100, -100]
 * ```
 */
export function fromPackedRow(row: PackedRowLike): PackedBatch {
  const tokens = Int32Array.from(row.input_ids);
  const segments = new Int32Array(row.seq_lengths.length + 1);
  for (let s = 0; s < row.seq_lengths.length; s++) segments[s + 1] = segments[s] + row.seq_lengths[s];
  const end = segments[segments.length - 1];
  if (end !== tokens.length) {
    throw new RangeError(`Cannot read the context: seq_lengths must sum to ${tokens.length} tokens, found ${end}`);
  }
  const given = row.shift_labels ?? row.labels;
  if (given && given.length !== tokens.length) {
    throw new RangeError(`Cannot read the context: expected ${tokens.length} labels, found ${given.length}`);
  }
  const aligned = row.labels ?? row.input_ids;
  const labels = row.shift_labels ? Int32Array.from(row.shift_labels) : new Int32Array(tokens.length).fill(IGNORE);
  const positions = new Int32Array(tokens.length);
  for (let s = 0; s + 1 < segments.length; s++) {
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      positions[t] = t - segments[s];
      if (!row.shift_labels && t + 1 < segments[s + 1]) labels[t] = aligned[t + 1];
    }
  }
  return { tokens, labels, positions, segments };
}
