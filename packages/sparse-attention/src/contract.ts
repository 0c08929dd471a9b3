// What the package promises, whatever computes it.

import type { Compression, CompressionWeights } from "./cpu/compression.ts";
import type { Branches } from "./cpu/native_sparse_attention.ts";
import type { GpuClass, GpuJsMode } from "./gpujs/runtime.ts";

export type { Branches, Compression, CompressionWeights, GpuClass, GpuJsMode };

/**
 * Flat, row-major float32 numbers: a typed array, or with the backend "webgpu" a buffer of its device (usage STORAGE,
 * COPY_SRC, COPY_DST). Whoever gives the query as a buffer gets buffers back, which then are theirs to destroy.
 */
export type Data = Float32Array | GPUBuffer;

/**
 * Queries, keys and values may be float16 instead: their bits, a `Float16Array` where there is one, or `{ float16: buffer }`, a
 * buffer of the device with two in 32 bits. Results are float32, arrays for arrays. With `precision: "f16"` such inputs are
 * read as they are; else they are converted, which is exact.
 */
export type Half = Uint16Array | Float16 | { float16: GPUBuffer };

/** What is needed of a `Float16Array`, which TypeScript's libraries of 2023 lack. */
export interface Float16 extends ArrayBufferView {
  readonly length: number;
  readonly [Symbol.toStringTag]: "Float16Array";
}

/** What computes. */
export type BackendName = "cpu" | "webgpu" | "gpu.js";

/** What is chosen at creation. */
export interface SparseAttentionOptions {
  /** "auto" (default): WebGPU where there is an adapter, else "cpu". */
  backend?: "auto" | BackendName;
  /** A WebGPU device to compute on; by default one is opened, with all that its adapter offers, and closed by `dispose`. */
  device?: GPUDevice;
  /**
   * "f16": the backend "webgpu" stores queries, keys and values (not gates, gradients, results) as float16, half the bytes
   * to keep and to read, and computes in float32; numbers beyond ±65,504 are cut. Default "f32". Others compute in float32.
   */
  precision?: "f32" | "f16";
  /**
   * Whether the backend "webgpu" reduces by subgroup operations. Default: where the device has them and is no software; `true`
   * is an error where it has none.
   */
  subgroups?: boolean;
  /** For the backend "gpu.js": what it computes on; default the first that is there of these. */
  gpuJsMode?: GpuJsMode;
  /** The class of npm's gpu.js; default the global `GPU` of its script, else `import("gpu.js")`. A bundler needs it here. */
  GPU?: GpuClass;
  /** Heads of the query. */
  queryHeads: number;
  /** Heads of keys and values; it divides `queryHeads`. */
  kvHeads: number;
  /** Numbers in a query or key. */
  headDim: number;
  /** Numbers in a value; default `headDim`. */
  valueDim?: number;
  /** What scores are multiplied with; default 1 / √headDim. */
  scale?: number;
  /** l: tokens of a compressed block; default 32. */
  compressionBlock?: number;
  /** d: tokens from one compressed block to the next; divides l and l'; default 16. */
  compressionStride?: number;
  /** l': tokens of a selection block, at least l; default 64. */
  selectionBlock?: number;
  /** n: blocks that a query attends to; default 16. */
  selectedBlocks?: number;
  /** How many of the n are the segment's first; default 1. */
  initialBlocks?: number;
  /** How many of the n are the query's own and those before; default 2. */
  localBlocks?: number;
  /** w: keys of the window, the query's own included; default 512. */
  window?: number;
  /** Whether typed arrays are searched for NaN and infinities, which are refused; default true. Buffers never are. */
  checkNumbers?: boolean;
  /**
   * Called with each WebGPU kernel's label and milliseconds, which are the device's own where it has timestamp queries. Kernels
   * then run one by one, each waited for: for benchmarks.
   */
  onKernel?: (kernel: { label: string; workgroups: number; milliseconds: number }) => void;
}

/** Rows of a batch, and segments in them. */
export interface Extent {
  /** Rows; default 1. */
  batch?: number;
  /** Cumulative lengths of packed segments over all rows together, from 0 to batch · time; default: each row is one. */
  segments?: Int32Array;
  /** Tokens in a row; needed when the query is a buffer, else it follows from its length. */
  time?: number;
}

/** Input of `forward`. */
export interface ForwardInput<D extends Data = Data, I = D | Half> extends Extent {
  /** `[batch, time, queryHeads, headDim]` */
  query: I;
  /** Each branch's own keys, `[batch, time, kvHeads, headDim]`; the same array may stand for several. */
  keys: Branches<I>;
  /** `[batch, time, kvHeads, valueDim]` */
  values: Branches<I>;
  /** `[batch, time, queryHeads, 3]`: compressed, selected, window; in [0, 1] by intent, not by force. */
  gates: D;
  /** Weights of φ for keys and for values; the mean where there are none. */
  compression?: { keys?: Compression<D>; values?: Compression<D> };
}

/** What the forward pass keeps for `backward`. */
export interface Residuals {
  readonly kind: "sparse" | "full" | "window" | "selected" | "compressed";
  /** The blocks that each query attended to, `[batch, time, kvHeads, n]`, −1 where there were fewer: see `read`. */
  readonly blocks?: Int32Array | GPUBuffer;
  /** Frees what it holds on the device; typed arrays and buffers that came in or went out stay. */
  dispose(): void;
}

/** Input of one attention. */
export interface AttentionInput<D extends Data = Data, I = D | Half> extends Extent {
  /** `[batch, time, queryHeads, headDim]` */
  query: I;
  /** `[batch, time, kvHeads, headDim]` */
  keys: I;
  /** `[batch, time, kvHeads, valueDim]` */
  values: I;
}

/** Output of one attention. */
export interface AttentionOutput<D extends Data = Data> {
  /** `[batch, time, queryHeads, valueDim]` */
  output: D;
  /** `[batch, time, queryHeads]`: ln Σ exp(score), −∞ where nothing is seen. */
  logSumExp: D;
  residuals: Residuals;
}

/** Gradients of the inputs, each of its input's shape. */
export interface Gradients<D extends Data = Data> {
  query: D;
  keys: Branches<D>;
  values: Branches<D>;
  gates: D;
  compression: { keys?: Compression<D>; values?: Compression<D> };
}

/** Gradients of one attention's inputs; `compression` for `compressedAttention` only. */
export interface AttentionGradients<D extends Data = Data> {
  query: D;
  keys: D;
  values: D;
  compression?: { keys?: Compression<D>; values?: Compression<D> };
}

/** A new token of each row, for `decode`. */
export interface DecodeInput<D extends Data = Data, I = D | Half> {
  /** `[batch, queryHeads, headDim]` */
  query: I;
  /** `[batch, kvHeads, headDim]` */
  keys: Branches<I>;
  /** `[batch, kvHeads, valueDim]` */
  values: Branches<I>;
  /** `[batch, queryHeads, 3]` */
  gates: D;
}

/** Keys, values and compressed blocks of rows that grow token by token. Made by `createCache`. */
export interface SparseCache {
  readonly batch: number;
  /** Tokens that a row can hold. */
  readonly capacity: number;
  /** Tokens that each row holds. */
  readonly length: number;
  dispose(): void;
}
