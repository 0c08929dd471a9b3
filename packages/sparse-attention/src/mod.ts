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
  ForwardInput,
  Gradients,
  Residuals,
  SparseAttentionOptions,
  SparseCache,
} from "./contract.ts";
export { createSparseAttention, SparseAttention } from "./create.ts";
