/** File formats: safetensors, Hugging Face checkpoints, configurations, and bytes as tokens. */
export { ByteTokenizer, type ByteTokenizerOptions } from "./byte_tokenizer.ts";
export { fromHuggingFace, type TransformerConfig, toHuggingFace, validateConfig } from "./config.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";
export {
  type Checkpoint,
  type CheckpointContent,
  type LoadOptions,
  loadCheckpoint,
  type StorageType,
  saveCheckpoint,
} from "./hf_checkpoint.ts";
export {
  type Dtype,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type Tensor,
  type TensorData,
  toFloat32,
} from "./safetensors.ts";
export { readSafetensors, writeSafetensors } from "./safetensors_file.ts";
export type { Sparsity } from "./sparsity.ts";
export {
  type CheckpointTensor,
  fromHuggingFaceWeights,
  toHuggingFaceWeights,
  type Weights,
  weightShapes,
} from "./weights.ts";
