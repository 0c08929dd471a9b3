/** Normalisations over the last axis. */
import type { Tensor } from "../ir/tensor.ts";
import { applyAll } from "./apply.ts";

/** (x − mean x) / √(var x + ε) · weight + bias, over the last axis (Ba et al., arXiv 1607.06450). */
export function layerNorm(x: Tensor, weight: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  return applyAll("LayerNormalization", bias ? [x, weight, bias] : [x, weight], attributes, { outputs: 3 })[0];
}

/** x / √(mean x² + ε) · weight, over the last axis (Zhang & Sennrich, arXiv 1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-6): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  return applyAll("SimplifiedLayerNormalization", [x, weight], attributes, { outputs: 2 })[0];
}
