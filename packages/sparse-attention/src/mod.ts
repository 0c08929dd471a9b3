export type {
  AttentionGradients,
  AttentionInput,
  AttentionOutput,
  BackendName,
  Branches,
  Compression,
  CompressionWeights,
  Data,
  Extent,
  ForwardInput,
  Gradients,
  Residuals,
  SparseAttentionOptions,
} from "./contract.ts";
export { createSparseAttention, SparseAttention } from "./create.ts";
