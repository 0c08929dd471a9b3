// The cache of decoding for gpu.js: in arrays here, of which each step takes to the device what it attends to, and no more.
import type { Branches, Compression, SparseCache } from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import { createDecodeCache, type DecodeCache } from "../cpu/decode.ts";
import { selectTop } from "../cpu/selection.ts";
import { compressedRangeAt, type Layout, layoutOf, type Pattern } from "../layout.ts";
import type { Attended } from "./attention.ts";
import { compress } from "./compress.ts";
import type { GpuJs } from "./runtime.ts";
import type { Stretches } from "./stretches.ts";

type F = Float32Array;

/** The CPU's cache, filled with what gpu.js compresses. */
export class ArrayCache implements SparseCache {
  readonly batch: number;
  readonly capacity: number;
  readonly heads: Heads;
  readonly pattern: Pattern;
  readonly arrays: DecodeCache<F>;
  readonly #gpu: GpuJs;

  constructor(
    gpu: GpuJs,
    batch: number,
    capacity: number,
    compression: { keys?: Compression<F>; values?: Compression<F> },
    heads: Heads,
    pattern: Pattern,
  ) {
    this.#gpu = gpu;
    this.batch = batch;
    this.capacity = capacity;
    this.heads = heads;
    this.pattern = pattern;
    this.arrays = createDecodeCache(new Float32Array(0), { batch, capacity, compression }, heads, pattern);
  }

  get length(): number {
    return this.arrays.length;
  }

  /** Appends `time` tokens to each row, and the compressed blocks that they complete. */
  async append(tokens: { keys: Branches<F>; values: Branches<F> }, time: number): Promise<void> {
    const { arrays, pattern, heads } = this;
    const { batch, capacity, compressedCapacity, compression, length } = arrays;
    const { kvHeads, headDim, valueDim } = heads;
    for (const [name, dim] of [
      ["keys", headDim],
      ["values", valueDim],
    ] as const)
      for (const branch of ["compressed", "selected", "window"] as const)
        for (let row = 0; row < batch; row++) {
          const width = kvHeads * dim;
          const part = tokens[name][branch].subarray(row * time * width, (row + 1) * time * width);
          arrays[name][branch].set(part, (row * capacity + length) * width);
        }
    arrays.length += time;
    const first = compressedRangeAt(length - 1, pattern);
    const count = compressedRangeAt(length + time - 1, pattern) - first;
    if (!count) return;
    const many = (count - 1) * pattern.compressionStride + pattern.compressionBlock;
    const layout = layoutOf(Int32Array.of(0, many), pattern);
    for (const [name, to, dim] of [
      ["keys", arrays.compressedKeys, headDim],
      ["values", arrays.compressedValues, valueDim],
    ] as const)
      for (let row = 0; row < batch; row++) {
        const width = kvHeads * dim;
        const at = (row * capacity + first * pattern.compressionStride) * width;
        const raw = arrays[name].compressed.subarray(at, at + many * width);
        const made = await compress(this.#gpu, raw, compression[name], { kvHeads, dim }, layout, pattern);
        to.set(made.compressed, (row * compressedCapacity + first) * width);
      }
  }

  dispose(): void {}
}

/** Outputs of the three branches for the last token of each row. */
export async function attendLast(
  { arrays, heads, pattern }: ArrayCache,
  query: F,
  branchOf: (
    inputs: { query: F; keys: F; values: F },
    stretches: Stretches,
    layout?: Layout,
  ) => Promise<{ branch: { attended: Attended }; importance: F }>,
): Promise<F[]> {
  const { batch, capacity, length, compressedCapacity } = arrays;
  const { kvHeads, headDim, valueDim } = heads;
  const visible = compressedRangeAt(length - 1, pattern);

  /** Attention over the keys at `placesOf(row, kvHead)`, taken out of the cache. */
  const over = async (
    from: { keys: F; values: F },
    placesOf: (row: number, kvHead: number) => ArrayLike<number>,
    layout?: Layout,
  ) => {
    const places = Array.from({ length: batch * kvHeads }, (_, at) => placesOf(Math.floor(at / kvHeads), at % kvHeads));
    const span = Math.max(1, ...places.map(({ length }) => length));
    const gather = (array: F, dim: number) => {
      const taken = new Float32Array(batch * span * kvHeads * dim);
      for (const [at, own] of places.entries())
        for (let i = 0; i < own.length; i++) {
          const [row, kvHead] = [Math.floor(at / kvHeads), at % kvHeads];
          const start = (own[i] * kvHeads + kvHead) * dim;
          taken.set(array.subarray(start, start + dim), ((row * span + i) * kvHeads + kvHead) * dim);
        }
      return taken;
    };
    const firsts = Float32Array.from(places, (_, at) => Math.floor(at / kvHeads) * span);
    const ends = Float32Array.from(places, (own, at) => firsts[at] + own.length);
    const keys = batch * span;
    const stretches = { count: 1, span, firsts, ends, tokens: batch, keys, kvHeads, blockOf: (key: number) => key };
    return branchOf(
      { query, keys: gather(from.keys, headDim), values: gather(from.values, valueDim) },
      stretches,
      layout,
    );
  };
  const count = (first: number, length: number) => Int32Array.from({ length }, (_, i) => first + i);

  // Each row as a segment of which only the last token asks.
  const own: Layout = {
    ...layoutOf(Int32Array.of(0, length), pattern),
    tokens: batch,
    starts: Int32Array.from({ length: batch + 1 }, (_, row) => row + 1 - length),
    segmentOf: Int32Array.from({ length: batch }, (_, row) => row),
  };
  const small = { keys: arrays.compressedKeys, values: arrays.compressedValues };
  const compressed = await over(small, (row) => count(row * compressedCapacity, visible), own);
  const blocks = selectTop(compressed.importance, kvHeads, own, pattern);
  const { selectedBlocks, selectionBlock, window } = pattern;
  const chosen = (row: number, kvHead: number) => {
    const found: number[] = [];
    const at = (row * kvHeads + kvHead) * selectedBlocks;
    for (const block of blocks.subarray(at, at + selectedBlocks))
      for (let i = block * selectionBlock; block >= 0 && i < Math.min(length, (block + 1) * selectionBlock); i++)
        found.push(row * capacity + i);
    return found;
  };
  const branch = (name: "selected" | "window") => ({ keys: arrays.keys[name], values: arrays.values[name] });
  const selected = await over(branch("selected"), chosen);
  const recent = Math.min(length, window);
  const windowed = await over(branch("window"), (row) => count(row * capacity + length - recent, recent));
  return [compressed, selected, windowed].map((made) => made.branch.attended.output);
}
