/**
 * Arranges the segments of a batch in rows of one length. Attention never crosses a segment, so their order is free:
 * putting whole segments into short rows makes attention cost tokens · row length instead of tokens · context.
 *
 * @module
 */
import type { TransformerConfig } from "../files/config.ts";
import { isSparse, sparsityOf } from "../files/sparsity.ts";

/** Sequences end to end: see `Batch` in the policy's interface. */
export interface SegmentedBatch {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
  readonly positions: Int32Array;
  /** Cumulative lengths, n + 1 entries. */
  readonly segments: Int32Array;
}

/** Rows of equal length, flat: entry r · time + t. */
export interface Rows {
  readonly time: number;
  readonly count: number;
  readonly tokens: Int32Array;
  /** 0 where nothing is predicted. */
  readonly labels: Int32Array;
  readonly positions: Int32Array;
  /** An id for each segment in its row, from 1; 0 is padding. */
  readonly segments: Int32Array;
  /** Which token of the batch stands here, −1 for padding. */
  readonly source: Int32Array;
}

/** Throws where the parts of a batch do not belong together. `vocabSize` bounds tokens and labels. */
export function checkBatch(
  batch: SegmentedBatch,
  { vocabSize, maxPositions }: { vocabSize: number; maxPositions: number },
): void {
  const { tokens, labels, positions, segments } = batch;
  for (const [name, array] of Object.entries({ labels, positions })) {
    if (array.length !== tokens.length)
      throw new RangeError(`Cannot use batch: ${name} has ${array.length} entries, expected ${tokens.length}`);
  }
  if (segments.length < 1 || segments[0] !== 0 || segments[segments.length - 1] !== tokens.length) {
    throw new RangeError(
      `Cannot use batch: segments must run from 0 to ${tokens.length}, found ${segments[0]} to ${segments[segments.length - 1]}`,
    );
  }
  for (let i = 1; i < segments.length; i++) {
    if (segments[i] < segments[i - 1])
      throw new RangeError(`Cannot use batch: segments[${i}] = ${segments[i]} is less than the one before`);
  }
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] < 0 || tokens[i] >= vocabSize)
      throw new RangeError(`Cannot use batch: tokens[${i}] = ${tokens[i]}, expected 0 to ${vocabSize - 1}`);
    if (labels[i] >= vocabSize)
      throw new RangeError(`Cannot use batch: labels[${i}] = ${labels[i]}, expected less than ${vocabSize}`);
    if (positions[i] < 0 || positions[i] >= maxPositions) {
      throw new RangeError(`Cannot use batch: positions[${i}] = ${positions[i]}, expected 0 to ${maxPositions - 1}`);
    }
  }
}

/**
 * Smallest row length that we compile a graph for and that holds `length` tokens: 32, 48, 64, 96, 128, … rounded up to a
 * multiple of `align`.
 */
export function rowLength(length: number, align = 1): number {
  let size = 32;
  while (size < length) size = size & (size - 1) ? (size / 3) * 4 : (size / 2) * 3;
  return roundUp(size, align);
}

/** At what places of a row segments may begin: multiples of this. Sparse attention wants its blocks on one grid. */
export function alignmentOf(config: TransformerConfig): number {
  return isSparse(config) ? sparsityOf(config).selectionBlock : 1;
}

/** The longest row that a model can be given. */
export function longestRow(config: TransformerConfig): number {
  return rowLength(config.maxPositions, alignmentOf(config));
}

function roundUp(length: number, align: number): number {
  return Math.ceil(length / align) * align;
}

/**
 * Segments sorted into rows, then rows into groups of at most `maxTokens` tokens. Long and short segments get rows of
 * their own length, so that one long sequence does not make attention expensive for all; a length with less than half a
 * group of tokens joins the next longer one, because every run of a graph has its price. Segments begin at multiples of
 * `align`.
 */
export function arrangeRows(batch: SegmentedBatch, maxTokens: number, align = 1): Rows[] {
  const { segments } = batch;
  const groups: Rows[] = [];
  const emit = (members: readonly number[], time: number) => {
    const bins = fillRows(members, segments, time, align);
    const perGroup = Math.max(1, Math.floor(maxTokens / time));
    for (let from = 0; from < bins.length; from += perGroup) {
      groups.push(makeRows(batch, bins.slice(from, from + perGroup), time, align));
    }
  };
  const classes = byRowLength(segments, align);
  let [waiting, tokens]: [number[], number] = [[], 0];
  classes.forEach(([time, members], i) => {
    waiting = waiting.concat(members);
    tokens += members.reduce((total, s) => total + segments[s + 1] - segments[s], 0);
    if (tokens < maxTokens / 2 && i < classes.length - 1) return;
    emit(waiting, time);
    [waiting, tokens] = [[], 0];
  });
  return groups;
}

/** The segments that need rows of each length, shortest first. Empty segments are left out. */
function byRowLength(segments: Int32Array, align: number): [time: number, members: number[]][] {
  const classes = new Map<number, number[]>();
  for (let s = 0; s + 1 < segments.length; s++) {
    const length = segments[s + 1] - segments[s];
    if (length === 0) continue;
    const time = rowLength(length, align);
    const members = classes.get(time);
    if (members) members.push(s);
    else classes.set(time, [s]);
  }
  return [...classes].sort(([a], [b]) => a - b);
}

/** First-fit decreasing. Rows are few and short, so the plain search is fast enough. */
function fillRows(members: readonly number[], segments: Int32Array, time: number, align: number): number[][] {
  const length = (s: number) => roundUp(segments[s + 1] - segments[s], align);
  const sorted = [...members].sort((a, b) => length(b) - length(a) || a - b);
  const bins: number[][] = [];
  const free: number[] = [];
  let firstOpen = 0;
  const smallest = length(sorted[sorted.length - 1]);
  for (const s of sorted) {
    while (firstOpen < bins.length && free[firstOpen] < smallest) firstOpen++;
    let bin = firstOpen;
    while (bin < bins.length && free[bin] < length(s)) bin++;
    if (bin === bins.length) {
      bins.push([]);
      free.push(time);
    }
    bins[bin].push(s);
    free[bin] -= length(s);
  }
  return bins;
}

function makeRows(batch: SegmentedBatch, bins: readonly (readonly number[])[], time: number, align: number): Rows {
  const size = bins.length * time;
  const rows = {
    time,
    count: bins.length,
    tokens: new Int32Array(size),
    labels: new Int32Array(size),
    positions: new Int32Array(size),
    segments: new Int32Array(size),
    source: new Int32Array(size).fill(-1),
  };
  bins.forEach((bin, row) => {
    let at = row * time;
    bin.forEach((s, index) => {
      for (let from = batch.segments[s]; from < batch.segments[s + 1]; from++, at++) {
        rows.tokens[at] = batch.tokens[from];
        rows.labels[at] = Math.max(0, batch.labels[from]);
        rows.positions[at] = batch.positions[from];
        rows.segments[at] = index + 1;
        rows.source[at] = from;
      }
      at = roundUp(at, align);
    });
  });
  return rows;
}
