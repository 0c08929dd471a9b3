/**
 * The decoder as one ONNX file in the form that transformers.js feeds (and Hugging Face's Optimum writes): a prompt or
 * a further token, with the keys and values of everything before.
 *
 * @module
 */
import {
  addDims,
  and,
  asMatrix,
  buildModel,
  cast,
  concat,
  constant,
  cumulativeSum,
  equal,
  greaterOrEqual,
  input,
  maskBias,
  matmul,
  reshape,
  split,
  type Tensor,
  unsqueeze,
} from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import { type Weights, weightShapes } from "../files/weights.ts";
import { groupedAttend } from "../model/attention.ts";
import { declareWeights, decoder, headMatrix } from "../model/decoder.ts";

/** Protocol buffers end at 2 GiB; some of it is not weights. */
const LARGEST = 2 ** 31 - 2 ** 24;

/** What to add to the scores, [batch, 1, sequence, past + sequence]: causal, and nothing where the mask is 0. */
function biasOf(attentionMask: Tensor): Tensor {
  const seen = cast(attentionMask, "int32");
  // 1, 2, 3, … along the sequence: how far each key is from the beginning, padding included.
  const ones = cast(greaterOrEqual(seen, constant([0], [], "int32")), "int32");
  const places = cumulativeSum(ones, 1);
  const [, queries] = split(places, ["past", "sequence"], 1);
  const causal = greaterOrEqual(unsqueeze(queries, [2]), unsqueeze(places, [1]));
  const visible = unsqueeze(equal(seen, constant([1], [], "int32")), [1]);
  return maskBias(unsqueeze(and(causal, visible), [1]));
}

/**
 * The model with its weights inside, in operators of plain ONNX (opset 18).
 *
 * Inputs: `input_ids` int64 [batch, sequence], `attention_mask` int64 [batch, past + sequence], `position_ids` int64
 * [batch, sequence], and for each layer i `past_key_values.i.key` and `.value` float32 [batch, K, past, E]. Outputs:
 * `logits` float32 [batch, sequence, V], and `present.i.key`, `present.i.value` [batch, K, past + sequence, E].
 * Throws `RangeError` where the weights are more than the 2 GiB that one ONNX file may have, and for sparse attention.
 */
export function exportModel(config: TransformerConfig, weights: Weights): Uint8Array {
  const { keyValueHeads, headSize, vocabSize } = config;
  if (isSparse(config))
    throw new RangeError(`Cannot export to ONNX: attention "nsa" is unknown to transformers.js, expected "full"`);
  const shapes = weightShapes(config);
  const bytes = 4 * Object.values(weights).reduce((sum, { length }) => sum + length, 0);
  if (bytes > LARGEST) {
    throw new RangeError(`Cannot export to ONNX: the weights take ${bytes} bytes, one file holds at most ${LARGEST}`);
  }
  const tokens = input("input_ids", "int64", ["batch", "sequence"]);
  const attentionMask = input("attention_mask", "int64", ["batch", addDims("past", "sequence")]);
  const positions = input("position_ids", "int64", ["batch", "sequence"]);
  const past = Array.from({ length: config.layers }, (_, layer) =>
    ["key", "value"].map((part) =>
      input(`past_key_values.${layer}.${part}`, "float32", ["batch", keyValueHeads, "past", headSize]),
    ),
  );
  const bias = biasOf(attentionMask);
  const symbolic = declareWeights(config);
  const present: Record<string, Tensor> = {};
  const hidden = decoder(config, symbolic, tokens, positions, (layer, query, key, value) => {
    const keys = concat([past[layer][0], key], 2);
    const values = concat([past[layer][1], value], 2);
    present[`present.${layer}.key`] = keys;
    present[`present.${layer}.value`] = values;
    return groupedAttend(query, keys, values, bias);
  });
  const logits = reshape(matmul(asMatrix(hidden), headMatrix(config, symbolic)), ["batch", "sequence", vocabSize]);
  return buildModel({
    outputs: { logits, ...present },
    inputs: [tokens, attentionMask, positions, ...past.flat()],
    initializers: Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, data: weights[name] }]),
    ),
    portable: true,
  });
}
