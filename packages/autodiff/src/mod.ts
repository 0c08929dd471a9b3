/**
 * Differentiate ONNX graphs and run them on ONNX Runtime: symbolic tensors → graph → gradients → session.
 *
 * @module
 */
export * from "./ir/dims.ts";
export { constant, type DType, describe, input, type Node, scalar, type Tensor } from "./ir/tensor.ts";
export { type ImportedModel, readModel } from "./onnx/decode.ts";
export { type DifferentiateOptions, differentiate } from "./onnx/differentiate.ts";
export { buildModel, type ModelOptions, OPSET } from "./onnx/encode.ts";
export * from "./ops/mod.ts";
export * from "./optimizer/mod.ts";
export * from "./session/mod.ts";
export { checkpoint } from "./vjp/checkpoint.ts";
export * from "./vjp/gradients.ts";
export { rules } from "./vjp/rules.ts";
export * from "./vjp/split.ts";
