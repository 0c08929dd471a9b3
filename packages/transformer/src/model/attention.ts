/**
 * The three attentions: over rows of packed segments (training and scoring), over a prompt (prefill, the same), and one
 * new token over caches (decoding).
 *
 * @module
 */
import {
  add,
  and,
  cast,
  causalMask,
  checkpoint,
  concat,
  cumulativeSum,
  type Dim,
  greaterOrEqual,
  maskBias,
  matmul,
  mul,
  multiplyDims,
  reshape,
  segmentMask,
  slice,
  softmax,
  split,
  sum,
  swapLast,
  type Tensor,
  transpose,
  unsqueeze,
} from "@gradus/autodiff";
import type { Attention } from "./decoder.ts";

/** Query heads folded over the key-value heads that they share: [R, K·g, T, E] → [R, K, g·T, E]. */
export function foldGroups(query: Tensor, keyValueHeads: number): Tensor {
  const [rows, heads, time, headSize] = query.shape;
  return reshape(query, [rows, keyValueHeads, multiplyDims(Number(heads) / keyValueHeads, time), headSize]);
}

/** softmax(q kᵀ + bias) v for grouped queries: bias [R, 1, queries, keys]. */
export function groupedAttend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor): Tensor {
  const [rows, heads, queries] = query.shape;
  const keyValueHeads = Number(key.shape[1]);
  const keys = key.shape[2];
  const folded = matmul(foldGroups(query, keyValueHeads), swapLast(key));
  const weights = softmax(add(reshape(folded, [rows, heads, queries, keys]), bias));
  const grouped = reshape(weights, [rows, keyValueHeads, folded.shape[2], keys]);
  return reshape(matmul(grouped, value), query.shape);
}

/** 0 where a key of the same segment stands at or before the query, for rows of any length: [R, 1, T, T]. */
function wholeRowBias(segments: Tensor): Tensor {
  const ones = cast(greaterOrEqual(segments, mul(segments, 0)), "int32");
  const places = cumulativeSum(ones, 1);
  const causal = greaterOrEqual(unsqueeze(places, [-1]), unsqueeze(places, [-2]));
  return maskBias(unsqueeze(and(segmentMask(segments, segments), causal), [1]));
}

/**
 * Causal attention within segments, for rows that hold whole segments: `segments` [R, T] has an id ≥ 0 for each token.
 * T may be symbolic: then one graph serves rows of every length. Where T is a number, rows longer than `queryChunk` are
 * done that many queries at a time, each against only the keys up to its own end, and
 * computed again in the backward pass: memory grows with T · queryChunk instead of T², work is halved.
 */
export function rowAttention(segments: Tensor, { queryChunk = 512 }: { queryChunk?: number } = {}): Attention {
  const time = segments.shape[1];
  if (typeof time === "string" || time <= queryChunk) {
    const bias = wholeRowBias(segments);
    return (_layer, query, key, value) => groupedAttend(query, key, value, bias);
  }
  const biasOf = (from: number, to: number) => {
    const same = segmentMask(slice(segments, 1, from, to), slice(segments, 1, 0, to));
    return maskBias(unsqueeze(and(same, causalMask(to - from, to)), [1]));
  };
  const chunks: { from: number; to: number; bias: Tensor }[] = [];
  for (let from = 0; from < time; from += queryChunk) {
    const to = Math.min(time, from + queryChunk);
    chunks.push({ from, to, bias: biasOf(from, to) });
  }
  return (_layer, query, key, value) =>
    concat(
      chunks.map(({ from, to, bias }) =>
        checkpoint(() => groupedAttend(slice(query, 2, from, to), slice(key, 2, 0, to), slice(value, 2, 0, to), bias)),
      ),
      2,
    );
}

/** Caches of one layer. Rows come group by group: R = groups · samples. */
export interface LayerCache {
  /** Prompt of each group, [groups, K, P, E]: shared by its samples. */
  promptKeys: Tensor;
  promptValues: Tensor;
  /** Tokens generated so far, [R, K, C, E]. */
  ownKeys: Tensor;
  ownValues: Tensor;
}

/**
 * Attention of one new token for each row over its group's prompt, its own generated tokens and itself. `promptBias`
 * [groups, 1, 1, P] and `ownBias` [C] hide what the caches do not hold. `onNew` receives the new key and value, [R, K, 1, E].
 */
export function cachedAttention(
  caches: readonly LayerCache[],
  promptBias: Tensor,
  ownBias: Tensor,
  samples: Dim,
  onNew: (layer: number, key: Tensor, value: Tensor) => void,
): Attention {
  return (layer, query, key, value) => {
    onNew(layer, key, value);
    const { promptKeys, promptValues, ownKeys, ownValues } = caches[layer];
    const [groups, keyValueHeads, prompt, headSize] = promptKeys.shape;
    const [rows, heads] = query.shape;
    const perHead = Number(heads) / Number(keyValueHeads);
    const own = ownKeys.shape[2];
    const byRow = reshape(query, [rows, keyValueHeads, perHead, headSize]);

    // All samples of a group ask the same keys: one product for the group instead of one for each row.
    const toGroup = (x: Tensor, last: Dim) =>
      reshape(transpose(reshape(x, [groups, samples, keyValueHeads, perHead, last]), [0, 2, 1, 3, 4]), [
        groups,
        keyValueHeads,
        -1,
        last,
      ]);
    const fromGroup = (x: Tensor, last: Dim) =>
      reshape(transpose(reshape(x, [groups, keyValueHeads, samples, perHead, last]), [0, 2, 1, 3, 4]), [
        rows,
        keyValueHeads,
        perHead,
        last,
      ]);

    const promptScores = add(matmul(toGroup(byRow, headSize), swapLast(promptKeys)), promptBias);
    const ownScores = add(matmul(byRow, swapLast(ownKeys)), ownBias);
    const newScore = sum(mul(byRow, key), { axes: [-1], keep: true });
    const weights = softmax(concat([fromGroup(promptScores, prompt), ownScores, newScore], -1));
    const [overPrompt, overOwn, overNew] = split(weights, [prompt, own, 1], -1);
    const fromPrompt = fromGroup(matmul(toGroup(overPrompt, prompt), promptValues), headSize);
    const attended = add(add(fromPrompt, matmul(overOwn, ownValues)), mul(overNew, value));
    return reshape(attended, [rows, heads, 1, headSize]);
  };
}
