/**
 * What goes into each layer's sparse attention and what comes out of it, for kernels elsewhere: `@gradus/sparse-attention`
 * computes the same from these numbers.
 *
 * @module
 */
import { buildModel, input, type Tensor, transpose } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse, sparsityOf } from "../files/sparsity.ts";
import { declareWeights, decoder } from "./decoder.ts";
import { BRANCHES, type SparseAttention } from "./sparse/operands.ts";
import { sparseRowAttention } from "./sparse/rows.ts";

/**
 * An ONNX model that runs rows of `time` tokens through a model with sparse attention. Inputs: `tokens`, `positions`,
 * `segments`, all int32 [rows, time], and the weights by the names of `weightShapes`. Outputs of each layer i:
 * `query.i` [rows, time, H, E], `keys.<branch>.i` and `values.<branch>.i` [rows, time, K, E], `gates.<branch>.i`
 * [rows, time, H, 1], `output.i` [rows, time, H, E], for the branches compressed, selected, window. Queries are rotated and
 * scaled by 1/√E, keys rotated.
 *
 * @param config A configuration with `attention: "nsa"`.
 * @param time Tokens in a row; a multiple of the selection block.
 * @throws {RangeError} If the attention is full, or a row is not made of whole selection blocks.
 *
 * @example
 * ```ts
 * import { attentionTraceModel } from "@gradus/transformer";
 *
 * const config = {
 *   vocabSize: 258, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 1, headSize: 16, intermediateSize: 64,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 128,
 *   attention: "nsa" as const,
 * };
 * const bytes = attentionTraceModel(config, 128); // for `openSession` of @gradus/autodiff
 * ```
 */
export function attentionTraceModel(config: TransformerConfig, time: number): Uint8Array {
  if (!isSparse(config))
    throw new RangeError(`Cannot trace attention: expected attention "nsa", found ${config.attention ?? "full"}`);
  const sizes = sparsityOf(config);
  if (!(time > 0) || time % sizes.selectionBlock !== 0)
    throw new RangeError(`Cannot trace attention: time must be a multiple of ${sizes.selectionBlock}, found ${time}`);
  const [tokens, positions, segments] = ["tokens", "positions", "segments"].map((name) =>
    input(name, "int32", ["rows", time]),
  );
  const attention = sparseRowAttention(segments, sizes);
  const outputs: Record<string, Tensor> = {};
  const byTime = (x: Tensor) => transpose(x, [0, 2, 1, 3]);
  const traced: SparseAttention = (layer, operands) => {
    const output = attention(layer, operands);
    outputs[`query.${layer}`] = byTime(operands.query);
    for (const branch of BRANCHES) {
      outputs[`keys.${branch}.${layer}`] = byTime(operands.keys[branch]);
      outputs[`values.${branch}.${layer}`] = byTime(operands.values[branch]);
      outputs[`gates.${branch}.${layer}`] = byTime(operands.gates[branch]);
    }
    outputs[`output.${layer}`] = byTime(output);
    return output;
  };
  decoder(config, declareWeights(config), tokens, positions, traced);
  return buildModel({ outputs });
}
