// One token at a time: a cache of keys, values and compressed blocks, and attention of the last token over it.
import { compressedRangeAt, layoutOf, type Pattern } from "../layout.ts";
import { attend, type Heads, type Numbers, zeros } from "./attention.ts";
import { type Compression, compress } from "./compression.ts";
import type { Branches } from "./native_sparse_attention.ts";
import { importanceOf, selectTop } from "./selection.ts";

/** Keys and values of `batch` rows that all have `length` tokens; row b starts at b · capacity. */
export interface DecodeCache<N extends Numbers = Numbers> {
  batch: number;
  capacity: number;
  length: number;
  compression: { keys?: Compression<N>; values?: Compression<N> };
  keys: Branches<N>;
  values: Branches<N>;
  /** Compressed keys and values; row b starts at b · compressedCapacity. */
  compressedKeys: N;
  compressedValues: N;
  compressedCapacity: number;
}

/** An empty cache of the kind of array that `like` is. */
export function createDecodeCache<N extends Numbers>(
  like: N,
  sizes: { batch: number; capacity: number; compression?: DecodeCache<N>["compression"] },
  { kvHeads, headDim, valueDim }: Heads,
  pattern: Pattern,
): DecodeCache<N> {
  const { batch, capacity, compression = {} } = sizes;
  const compressedCapacity = compressedRangeAt(capacity - 1, pattern);
  const branches = (dim: number): Branches<N> => {
    const one = () => zeros(like, batch * capacity * kvHeads * dim);
    return { compressed: one(), selected: one(), window: one() };
  };
  const compressedKeys = zeros(like, batch * compressedCapacity * kvHeads * headDim);
  const compressedValues = zeros(like, batch * compressedCapacity * kvHeads * valueDim);
  const [keys, values] = [branches(headDim), branches(valueDim)];
  return {
    batch,
    capacity,
    length: 0,
    compression,
    keys,
    values,
    compressedKeys,
    compressedValues,
    compressedCapacity,
  };
}

/** Appends `time` tokens to each row, `[batch, time, kvHeads, dim]`, and the compressed blocks that they complete. */
export function appendTokens<N extends Numbers>(
  cache: DecodeCache<N>,
  { keys, values }: { keys: Branches<N>; values: Branches<N> },
  time: number,
  { kvHeads, headDim, valueDim }: Heads,
  pattern: Pattern,
): void {
  const { batch, capacity, length, compressedCapacity } = cache;
  for (const [from, to, dim] of [
    [keys, cache.keys, headDim],
    [values, cache.values, valueDim],
  ] as const)
    for (const branch of ["compressed", "selected", "window"] as const)
      for (let row = 0; row < batch; row++) {
        const width = kvHeads * dim;
        const part = from[branch].subarray(row * time * width, (row + 1) * time * width);
        to[branch].set(part, (row * capacity + length) * width);
      }
  const first = compressedRangeAt(length - 1, pattern);
  const end = compressedRangeAt(length + time - 1, pattern);
  cache.length += time;
  if (first === end) return;
  const begin = first * pattern.compressionStride;
  const tokens = (end - first - 1) * pattern.compressionStride + pattern.compressionBlock;
  const layout = layoutOf(Int32Array.from([0, tokens]), pattern);
  for (const [raw, weights, to, dim] of [
    [cache.keys.compressed, cache.compression.keys, cache.compressedKeys, headDim],
    [cache.values.compressed, cache.compression.values, cache.compressedValues, valueDim],
  ] as const)
    for (let row = 0; row < batch; row++) {
      const at = (row * capacity + begin) * kvHeads * dim;
      const stretch = raw.subarray(at, at + tokens * kvHeads * dim) as N;
      const made = compress(stretch, weights, { kvHeads, dim }, layout, pattern);
      to.set(made, (row * compressedCapacity + first) * kvHeads * dim);
    }
}

/** Attention of the last token of each row: `query` `[batch, queryHeads, headDim]`, `gates` `[batch, queryHeads, 3]`. */
export function attendLast<N extends Numbers>(
  cache: DecodeCache<N>,
  query: N,
  gates: N,
  heads: Heads,
  pattern: Pattern,
): N {
  const { batch, capacity, length, compressedCapacity } = cache;
  const { queryHeads, kvHeads, headDim, valueDim } = heads;
  const output = zeros(query, batch * queryHeads * valueDim);
  const visible = compressedRangeAt(length - 1, pattern);
  // The row as a segment of which only the last token asks.
  const layout = layoutOf(Int32Array.from([0, length]), pattern);
  const count = (first: number, end: number) => Int32Array.from({ length: end - first }, (_, i) => first + i);
  for (let row = 0; row < batch; row++) {
    const q = query.subarray(row * queryHeads * headDim, (row + 1) * queryHeads * headDim) as N;
    const part = (numbers: N, start: number, dim: number) => numbers.subarray(start * kvHeads * dim) as N;
    const branch = (name: "selected" | "window") => ({
      query: q,
      keys: part(cache.keys[name], row * capacity, headDim),
      values: part(cache.values[name], row * capacity, valueDim),
    });
    const keys = part(cache.compressedKeys, row * compressedCapacity, headDim);
    const values = part(cache.compressedValues, row * compressedCapacity, valueDim);
    const seen = count(0, visible);
    const compressed = attend({ query: q, keys, values }, heads, () => seen);
    const own = { ...layout, tokens: 1, starts: Int32Array.of(1 - length, 1), segmentOf: Int32Array.of(0) };
    const ranges = { ofToken: Int32Array.of(0, visible), ofKey: new Int32Array(0) };
    const importance = importanceOf({ query: q, keys, logSumExp: compressed.logSumExp }, heads, own, pattern, ranges);
    const blocks = selectTop(importance, kvHeads, own, pattern);
    const last = length - 1;
    const keysOf = (kvHead: number) => {
      const n = pattern.selectedBlocks;
      const found: number[] = [];
      for (const block of blocks.subarray(kvHead * n, (kvHead + 1) * n))
        for (let i = 0; block >= 0 && i < pattern.selectionBlock; i++)
          if (block * pattern.selectionBlock + i <= last) found.push(block * pattern.selectionBlock + i);
      return found;
    };
    const selected = attend(branch("selected"), heads, (_, kvHead) => keysOf(kvHead));
    const window = count(Math.max(0, length - pattern.window), length);
    const windowed = attend(branch("window"), heads, () => window);
    for (let i = 0; i < queryHeads * valueDim; i++) {
      const gate = (row * queryHeads + Math.floor(i / valueDim)) * 3;
      output[row * queryHeads * valueDim + i] =
        gates[gate] * compressed.output[i] +
        gates[gate + 1] * selected.output[i] +
        gates[gate + 2] * windowed.output[i];
    }
  }
  return output;
}
