// The backend "cpu": the oracle's loops on float32 arrays, sums in float64.
import type { Backend, Request } from "../backend.ts";
import type { AttentionInput, Branches, Compression, Data, ForwardInput, Residuals, SparseCache } from "../contract.ts";

import { causalRanges, compressedRanges, type Layout, type Pattern } from "../layout.ts";
import { type Attended, attend, attendBackward, type Heads, type Visible, zeros } from "./attention.ts";
import { compress, compressBackward } from "./compression.ts";
import { appendTokens, attendLast, createDecodeCache, type DecodeCache } from "./decode.ts";
import {
  type SparseInputs,
  type SparseResiduals,
  sparseAttention,
  sparseAttentionBackward,
} from "./native_sparse_attention.ts";
import { importanceOf, selectTop } from "./selection.ts";
import { visibleInBlocks, visibleInRanges } from "./visible.ts";

type F = Float32Array;

class CpuResiduals<K extends Residuals["kind"], T> implements Residuals {
  readonly kind: K;
  readonly blocks: Int32Array | undefined;
  readonly state: T;
  constructor(kind: K, state: T, blocks?: Int32Array) {
    this.kind = kind;
    this.state = state;
    this.blocks = blocks;
  }
  dispose(): void {}
}

interface OneAttention {
  input: { query: F; keys: F; values: F };
  seen: Visible;
  attended: Attended<F>;
  /** For compressed attention: what was compressed. */
  raw?: { keys: F; values: F; layout: Layout; compression: { keys?: Compression<F>; values?: Compression<F> } };
}

/** Makes the backend. */
export function cpuBackend(heads: Heads, pattern: Pattern): Backend {
  const keySizes = { kvHeads: heads.kvHeads, dim: heads.headDim };
  const valueSizes = { kvHeads: heads.kvHeads, dim: heads.valueDim };
  return {
    name: "cpu",
    device: "JavaScript",
    async forward(input: ForwardInput, layout: Layout) {
      const { output, residuals } = sparseAttention(input as SparseInputs<F>, heads, layout, pattern);
      return { output, residuals: new CpuResiduals("sparse", residuals, residuals.blocks) };
    },
    async backward(residuals: Residuals, outputGradient: Data) {
      const { state } = residuals as CpuResiduals<"sparse", SparseResiduals<F>>;
      const gradients = sparseAttentionBackward(state, outputGradient as F, heads, pattern);
      return { ...gradients, compression: gradients.compression! };
    },
    async attend(input: AttentionInput, { kind, layout, blocks, compression = {} }: Request) {
      const given = input as { query: F; keys: F; values: F };
      const state = { input: given } as OneAttention;
      if (kind === "compressed") {
        const phi = compression as { keys?: Compression<F>; values?: Compression<F> };
        state.raw = { keys: given.keys, values: given.values, layout, compression: phi };
        state.input = {
          query: given.query,
          keys: compress(given.keys, phi.keys, keySizes, layout, pattern),
          values: compress(given.values, phi.values, valueSizes, layout, pattern),
        };
        state.seen = visibleInRanges(compressedRanges(layout, pattern));
      } else if (kind === "selected")
        state.seen = visibleInBlocks(blocks as Int32Array, layout, pattern, heads.kvHeads);
      else state.seen = visibleInRanges(causalRanges(layout, kind === "window" ? pattern.window : Infinity));
      state.attended = attend(state.input, heads, state.seen);
      return { ...state.attended, residuals: new CpuResiduals(kind, state) };
    },
    async attendBackward(residuals: Residuals, outputGradient: Data) {
      const { input, seen, attended, raw } = (residuals as CpuResiduals<"full", OneAttention>).state;
      const into = {
        query: zeros(input.query, input.query.length),
        keys: zeros(input.query, input.keys.length),
        values: zeros(input.query, input.values.length),
      };
      attendBackward(input, heads, seen, attended, outputGradient as F, into);
      if (!raw) return into;
      const keys = zeros(raw.keys, raw.keys.length);
      const values = zeros(raw.values, raw.values.length);
      const { layout, compression } = raw;
      return {
        query: into.query,
        keys,
        values,
        compression: {
          keys: compressBackward(raw.keys, compression.keys, keySizes, layout, pattern, into.keys, keys),
          values: compressBackward(raw.values, compression.values, valueSizes, layout, pattern, into.values, values),
        },
      };
    },
    async importance({ query, keys, compression }, layout: Layout) {
      const compressed = compress(keys as F, compression as Compression<F>, keySizes, layout, pattern);
      const ranges = compressedRanges(layout, pattern);
      const values = zeros(compressed, layout.compressedBlocks * heads.kvHeads);
      const input = { query: query as F, keys: compressed, values };
      const { logSumExp } = attend(input, { ...heads, valueDim: 1 }, visibleInRanges(ranges));
      return importanceOf({ query: query as F, keys: compressed, logSumExp }, heads, layout, pattern, ranges);
    },
    async select(importance: Data, layout: Layout) {
      return selectTop(importance as F, heads.kvHeads, layout, pattern);
    },
    async createCache(batch: number, capacity: number, compression: Request["compression"]) {
      const sizes = { batch, capacity, compression: compression as DecodeCache<F>["compression"] };
      return Object.assign(createDecodeCache(new Float32Array(0), sizes, heads, pattern), { dispose() {} });
    },
    async append(cache: SparseCache, tokens: { keys: Branches<Data>; values: Branches<Data> }, time: number) {
      appendTokens(
        cache as DecodeCache<F> & SparseCache,
        tokens as { keys: Branches<F>; values: Branches<F> },
        time,
        heads,
        pattern,
      );
    },
    async attendLast(cache: SparseCache, query: Data, gates: Data) {
      return attendLast(cache as DecodeCache<F> & SparseCache, query as F, gates as F, heads, pattern);
    },
    dispose() {},
  };
}
