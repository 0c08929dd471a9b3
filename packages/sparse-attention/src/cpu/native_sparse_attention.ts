// The whole of Native Sparse Attention (arXiv 2502.11089) in plain loops, forward and backward.
import { causalRanges, compressedRanges, type Layout, type Pattern, type Ranges } from "../layout.ts";
import {
  type Attended,
  attend,
  attendBackward,
  dot,
  type Heads,
  type Inputs,
  type Numbers,
  type Visible,
  zeros,
} from "./attention.ts";
import { type Compression, compress, compressBackward } from "./compression.ts";
import { importanceOf, selectTop } from "./selection.ts";
import { visibleInBlocks, visibleInRanges } from "./visible.ts";

/** One value for each branch. */
export interface Branches<T> {
  compressed: T;
  selected: T;
  window: T;
}

/** What `sparseAttention` attends over: queries, each branch's own keys and values, gates `[tokens, queryHeads, 3]`. */
export interface SparseInputs<N> {
  query: N;
  keys: Branches<N>;
  values: Branches<N>;
  /** In [0, 1], in the order compressed, selected, window. */
  gates: N;
  /** φ of keys and of values; the mean where there is none. */
  compression?: { keys?: Compression<N>; values?: Compression<N> };
}

/** What the forward pass leaves to the backward pass. */
export interface SparseResiduals<N extends Numbers> {
  inputs: SparseInputs<N>;
  layout: Layout;
  compressedKeys: N;
  compressedValues: N;
  /** `[tokens, kvHeads, n]` */
  blocks: Int32Array;
  branches: Branches<Attended<N>>;
}

/** Gradients: one for each input, of the same shape. */
export type SparseGradients<N> = SparseInputs<N>;

const names = ["compressed", "selected", "window"] as const;

/** o_t = Σ_branches gate · Attn(q_t, K, V), equation 5. `blocks` freezes the selection (for finite differences). */
export function sparseAttention<N extends Numbers>(
  inputs: SparseInputs<N>,
  heads: Heads,
  layout: Layout,
  pattern: Pattern,
  blocks?: Int32Array,
): { output: N; residuals: SparseResiduals<N> } {
  const { query, keys, values, gates, compression } = inputs;
  const { kvHeads, headDim, valueDim } = heads;
  const ranges = compressedRanges(layout, pattern);
  const k = compress(keys.compressed, compression?.keys, { kvHeads, dim: headDim }, layout, pattern);
  const v = compress(values.compressed, compression?.values, { kvHeads, dim: valueDim }, layout, pattern);
  const compressed = attend({ query, keys: k, values: v }, heads, visibleInRanges(ranges));
  const importance = () =>
    importanceOf({ query, keys: k, logSumExp: compressed.logSumExp }, heads, layout, pattern, ranges);
  const selection = blocks ?? selectTop(importance(), kvHeads, layout, pattern);
  const seen = visibleOf(selection, heads, layout, pattern, ranges);
  const branches = {
    compressed,
    selected: attend({ query, keys: keys.selected, values: values.selected }, heads, seen.selected),
    window: attend({ query, keys: keys.window, values: values.window }, heads, seen.window),
  };
  const output = zeros(query, layout.tokens * heads.queryHeads * valueDim);
  names.forEach((name, branch) => {
    const part = branches[name].output;
    for (let i = 0; i < output.length; i++) output[i] += gates[Math.floor(i / valueDim) * 3 + branch] * part[i];
  });
  const residuals = { inputs, layout, compressedKeys: k, compressedValues: v, blocks: selection, branches };
  return { output, residuals };
}

/** Gradients of all inputs. The selection has none: φ learns through the compressed branch. */
export function sparseAttentionBackward<N extends Numbers>(
  { inputs, layout, compressedKeys, compressedValues, blocks, branches }: SparseResiduals<N>,
  outputGradient: N,
  heads: Heads,
  pattern: Pattern,
): SparseGradients<N> {
  const { query, keys, values, gates, compression } = inputs;
  const { kvHeads, headDim, valueDim } = heads;
  const seen = visibleOf(blocks, heads, layout, pattern, compressedRanges(layout, pattern));
  const zerosOf = ({ compressed, selected, window }: Branches<N>): Branches<N> => ({
    compressed: zeros(query, compressed.length),
    selected: zeros(query, selected.length),
    window: zeros(query, window.length),
  });
  const into = { query: zeros(query, query.length), keys: zerosOf(keys), values: zerosOf(values) };
  const gatesGradient = zeros(query, gates.length);
  const k = zeros(query, compressedKeys.length);
  const v = zeros(query, compressedValues.length);
  const attended: Branches<[Inputs<N>, Inputs<N>]> = {
    compressed: [
      { query, keys: compressedKeys, values: compressedValues },
      { query: into.query, keys: k, values: v },
    ],
    selected: [
      { query, keys: keys.selected, values: values.selected },
      { query: into.query, keys: into.keys.selected, values: into.values.selected },
    ],
    window: [
      { query, keys: keys.window, values: values.window },
      { query: into.query, keys: into.keys.window, values: into.values.window },
    ],
  };
  names.forEach((name, branch) => {
    const gated = outputGradient.map((x, i) => x * gates[Math.floor(i / valueDim) * 3 + branch]) as N;
    for (let row = 0; row < gates.length / 3; row++)
      gatesGradient[row * 3 + branch] = dot(
        outputGradient,
        row * valueDim,
        branches[name].output,
        row * valueDim,
        valueDim,
      );
    const [from, to] = attended[name];
    attendBackward(from, heads, seen[name], branches[name], gated, to);
  });
  const sizes = { kvHeads, dim: headDim };
  const valueSizes = { kvHeads, dim: valueDim };
  return {
    ...into,
    gates: gatesGradient,
    compression: {
      keys: compressBackward(keys.compressed, compression?.keys, sizes, layout, pattern, k, into.keys.compressed),
      values: compressBackward(
        values.compressed,
        compression?.values,
        valueSizes,
        layout,
        pattern,
        v,
        into.values.compressed,
      ),
    },
  };
}

function visibleOf(
  blocks: Int32Array,
  { kvHeads }: Heads,
  layout: Layout,
  pattern: Pattern,
  compressed: Ranges,
): Branches<Visible> {
  return {
    compressed: visibleInRanges(compressed),
    selected: visibleInBlocks(blocks, layout, pattern, kvHeads),
    window: visibleInRanges(causalRanges(layout, pattern.window)),
  };
}
