export type {
  AttentionGradients,
  AttentionInput,
  AttentionOutput,
  BackendName,
  Branches,
  Compression,
  CompressionWeights,
  Data,
  DecodeInput,
  Extent,
  Float16,
  ForwardInput,
  GpuClass,
  GpuJsMode,
  Gradients,
  Half,
  Residuals,
  SparseAttentionOptions,
  SparseCache,
} from "./contract.ts";
export { createSparseAttention } from "./create.ts";
export { SparseAttention } from "./sparse_attention.ts";
