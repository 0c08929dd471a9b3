/** What the tests of this package share: small models, batches, and comparisons. */
import assert from "node:assert/strict";
import type { TransformerConfig } from "../files/config.ts";
import type { SegmentedBatch } from "../model/rows.ts";
import type { PolicyCore } from "../policy/core.ts";

/** Grouped queries, own head: Llama's shape. */
export const llama: TransformerConfig = {
  vocabSize: 29,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 4,
  intermediateSize: 24,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tieEmbeddings: false,
  qkvBias: false,
  maxPositions: 192,
};

/** Bias and tied embeddings: Qwen2's shape. */
export const qwen2: TransformerConfig = { ...llama, keyValueHeads: 1, qkvBias: true, tieEmbeddings: true };

/** Native Sparse Attention with small blocks, so that sequences of a hundred tokens leave a choice. */
export const sparse: TransformerConfig = {
  ...llama,
  layers: 1, // its graphs are large: compiling them is what takes time
  attention: "nsa",
  sparsity: {
    compressionBlock: 8,
    compressionStride: 4,
    compressionHidden: 8,
    selectionBlock: 16,
    selectedBlocks: 4,
    initialBlocks: 1,
    localBlocks: 2,
    window: 12,
  },
};

/** Scales up every matrix, so that a model with random weights has strong opinions, and its gradients are not tiny. */
export function sharpen(core: PolicyCore, factor = 3): PolicyCore {
  for (const weight of Object.values(core.weights))
    for (let i = 0; i < weight.length; i++) if (weight[i] !== 1) weight[i] *= factor;
  return core;
}

/** Sequences end to end; each token predicts the next, the last one of a sequence nothing. */
export function batchOf(sequences: readonly ArrayLike<number>[]): SegmentedBatch {
  const segments = Int32Array.from([0, ...sequences.map(({ length }) => length)]);
  for (let i = 1; i < segments.length; i++) segments[i] += segments[i - 1];
  const each = (value: (tokens: ArrayLike<number>, t: number) => number) =>
    Int32Array.from(sequences.flatMap((tokens) => Array.from(tokens, (_, t) => value(tokens, t))));
  return {
    tokens: each((tokens, t) => tokens[t]),
    labels: each((tokens, t) => (t + 1 < tokens.length ? tokens[t + 1] : -100)),
    positions: each((_, t) => t),
    segments,
  };
}

/** Numbers in [0, 1) from a small generator (mulberry32): the same in every run. */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A sequence of random tokens. */
export function randomTokens(length: number, { vocabSize }: TransformerConfig, random: () => number): Int32Array {
  return Int32Array.from({ length }, () => Math.floor(random() * vocabSize));
}

/** Largest |a − b|. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference; // NaN too
  }
  return largest;
}

/** Fails where two lists differ by more than `tolerance`, absolutely. */
export function assertClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what = "numbers"): void {
  const difference = largestDifference(a, b);
  assert.ok(difference <= tolerance, `${what} differ by ${difference}, expected at most ${tolerance}`);
}

/** Fails where gradients differ by more than `tolerance` of the largest entry of any of them. */
export function assertSameGradients(
  a: Readonly<Record<string, Float32Array>>,
  b: Readonly<Record<string, Float32Array>>,
  tolerance: number,
): void {
  assert.deepEqual(Object.keys(a), Object.keys(b));
  const scale = Math.max(...Object.values(b).map((weight) => weight.reduce((m, x) => Math.max(m, Math.abs(x)), 0)));
  assert.ok(scale > 0, "gradients are zero");
  for (const name of Object.keys(a)) assertClose(a[name], b[name], tolerance * scale, `gradients of ${name}`);
}

/** A copy of the accumulated gradient, which is then cleared. */
export function takeGradients(core: PolicyCore): Record<string, Float32Array> {
  const copy = Object.fromEntries(Object.entries(core.gradients).map(([name, data]) => [name, data.slice()]));
  core.step({ learningRate: 0 }); // clears it and changes no weight
  return copy;
}
