/**
 * The decoder with a value head instead of its vocabulary: one score for each position.
 *
 * @module
 */
import { asMatrix, buildModel, checkpoint, input, matmul, pullback, reshape, type Tensor } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { weightShapes } from "../files/weights.ts";
import { decoder } from "../model/decoder.ts";
import { attentionOf, gradientName } from "../model/graphs.ts";
import { layoutOf, type Slot, totalSize } from "../policy/parameters.ts";

/** The head's name among the weights; its shape is [D, 1]. */
export const VALUE_HEAD = "valueHead";

/** The configuration without an output head of its own: there is nothing to predict. */
export function headless(config: TransformerConfig): TransformerConfig {
  return { ...config, tieEmbeddings: true };
}

/** The decoder's weights, then the value head. */
export function scorerLayout(config: TransformerConfig): Slot[] {
  const layout = layoutOf(headless(config));
  const size = config.hiddenSize;
  return [...layout, { name: VALUE_HEAD, shape: [size, 1], offset: totalSize(layout), size }];
}

/** Options of {@linkcode valueModel}. */
export interface ValueModelOptions {
  /** Tokens in a row. Default: any number. */
  time?: number;
  /** Also compute Σ coefficient · ∇ score: an output `grad(<weight>)` for each weight. */
  gradients?: boolean;
  checkpointBlocks?: boolean;
  queryChunk?: number;
  portable?: boolean;
}

/**
 * Scores rows of packed segments: `score_t = h_t · w`, h the hidden states after the final norm. Inputs: `tokens`,
 * `positions`, `segments`, all int32 [rows, time]; with gradients `coefficients` float32 [rows, time]. Outputs: `scores`
 * [rows · time] and, as asked, gradients.
 */
export function valueModel(config: TransformerConfig, options: ValueModelOptions): Uint8Array {
  const { time = "time", gradients, checkpointBlocks, queryChunk, portable } = options;
  const shape = ["rows", time];
  const [tokens, positions, segments] = ["tokens", "positions", "segments"].map((name) => input(name, "int32", shape));
  const shapes = { ...weightShapes(headless(config)), [VALUE_HEAD]: [config.hiddenSize, 1] };
  const weights = Object.fromEntries(
    Object.entries(shapes).map(([name, weightShape]) => [name, input(name, "float32", weightShape)]),
  );
  const attention = attentionOf(config, segments, queryChunk);
  const hidden = decoder(config, weights, tokens, positions, attention, checkpointBlocks ? checkpoint : undefined);
  const flat = asMatrix(hidden);
  const scores = reshape(matmul(flat, weights[VALUE_HEAD]), [flat.shape[0]]);
  const outputs: Record<string, Tensor> = { scores };
  if (gradients) {
    const cotangent = reshape(input("coefficients", "float32", shape), [flat.shape[0]]);
    const names = Object.keys(weights);
    const found = pullback(
      [{ output: scores, cotangent }],
      names.map((name) => weights[name]),
    );
    names.forEach((name, i) => {
      outputs[gradientName(name)] = found[i];
    });
  }
  return buildModel({ outputs, portable });
}
