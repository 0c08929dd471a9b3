/**
 * The graphs that a policy runs, each as an ONNX model whose inputs include the weights.
 *
 * @module
 */
import {
  asMatrix,
  buildModel,
  checkpoint,
  gather,
  input,
  mul,
  pullback,
  reshape,
  streamedLogProbs,
  type Tensor,
  tokenLogProbs,
} from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse, sparsityOf } from "../files/sparsity.ts";
import { cachedAttention, type LayerCache, rowAttention } from "./attention.ts";
import { type Attention, declareWeights, decoder, headMatrix, vocabularyLogProbs } from "./decoder.ts";
import { cachedSparseAttention, STATE_PARTS, type StatePart, stateName } from "./sparse/decode.ts";
import type { SparseAttention } from "./sparse/operands.ts";
import { compressedOf, sparseRowAttention } from "./sparse/rows.ts";

/** Options of {@linkcode rowModel}. */
export interface RowModelOptions {
  /** Tokens in a row. Default: any number, the same graph for all; long rows want to be told, see `queryChunk`. */
  time?: number;
  /** Also compute Σ coefficient · ∇ log π: an output `grad(<weight>)` for each weight. */
  gradients?: boolean;
  /** Also put out entropies. */
  entropies?: boolean;
  /** Keep only what passes between blocks for the backward pass, and compute the rest again. */
  checkpointBlocks?: boolean;
  /** Never hold the logits of more than this many tokens; 0 holds them all. */
  headChunk?: number;
  queryChunk?: number;
  /** Use plain ONNX operators only, for devices that lack parts of ONNX Runtime's own. Default false: those are faster. */
  portable?: boolean;
}

/** The attention of rows that a configuration asks for. Sparse attention wants to know how long rows are. */
export function attentionOf(
  config: TransformerConfig,
  segments: Tensor,
  queryChunk?: number,
): Attention | SparseAttention {
  return isSparse(config)
    ? sparseRowAttention(segments, sparsityOf(config), { queryChunk })
    : rowAttention(segments, { queryChunk });
}

/** Name of the output that holds a weight's gradient. */
export function gradientName(weight: string): string {
  return `grad(${weight})`;
}

/**
 * Scores rows of packed segments. Inputs: `tokens`, `positions`, `segments`, `labels`, all int32 [rows, time];
 * `inverseTemperature` []; with gradients `coefficients` float32 [rows, time]. Outputs: `logProbs` [rows · time], and
 * as asked `entropies` [rows · time] and gradients.
 */
export function rowModel(config: TransformerConfig, options: RowModelOptions): Uint8Array {
  const { time = "time", headChunk = 0 } = options;
  const shape = ["rows", time];
  const [tokens, positions, segments, labels] = ["tokens", "positions", "segments", "labels"].map((name) =>
    input(name, "int32", shape),
  );
  const inverseTemperature = input("inverseTemperature", "float32", []);
  const weights = declareWeights(config);
  const attention = attentionOf(config, segments, options.queryChunk);
  const hidden = decoder(
    config,
    weights,
    tokens,
    positions,
    attention,
    options.checkpointBlocks ? checkpoint : undefined,
  );
  const scaled = mul(asMatrix(hidden), inverseTemperature);
  const targets = reshape(labels, [scaled.shape[0]]);
  const head = headMatrix(config, weights);
  const { logProbs, entropies } =
    headChunk > 0
      ? streamedLogProbs(scaled, head, targets, { chunk: headChunk })
      : tokenLogProbs(scaled, head, targets);

  const outputs: Record<string, Tensor> = { logProbs };
  if (options.entropies) outputs.entropies = entropies;
  if (options.gradients) {
    const coefficients = reshape(input("coefficients", "float32", shape), [scaled.shape[0]]);
    const names = Object.keys(weights);
    const gradients = pullback(
      [{ output: logProbs, cotangent: coefficients }],
      names.map((name) => weights[name]),
    );
    names.forEach((name, i) => {
      outputs[gradientName(name)] = gradients[i];
    });
  }
  return buildModel({ outputs, portable: options.portable });
}

/** Names of a layer's cache tensors among the inputs and outputs of the sampling models. */
export function cacheName(
  layer: number,
  part: "promptKeys" | "promptValues" | "ownKeys" | "ownValues" | "newKeys" | "newValues",
): string {
  return `${part}.${layer}`;
}

/**
 * Reads prompts. Inputs: `tokens`, `positions`, `segments` int32 [groups, prompt] (a prompt begins its row; what follows
 * has other segment ids), `last` int32 [groups], the place of each prompt's last token in the flattened rows. Outputs:
 * `logProbs` [groups, V] of the next token, and each layer's `promptKeys.i`, `promptValues.i` [groups, K, prompt, E]; with
 * sparse attention those of the selected branch, and besides keys and values of the window, those that are compressed, and
 * the compressed ones (`windowKeys.i`, `recentKeys.i`, `blockKeys.i` …).
 */
export function prefillModel(config: TransformerConfig, time?: number): Uint8Array {
  const shape = ["groups", time ?? "prompt"];
  const [tokens, positions, segments] = ["tokens", "positions", "segments"].map((name) => input(name, "int32", shape));
  const last = input("last", "int32", ["groups"]);
  const weights = declareWeights(config);
  const outputs: Record<string, Tensor> = {};
  const hidden = decoder(
    config,
    weights,
    tokens,
    positions,
    isSparse(config) ? sparsePrefill(config, segments, outputs) : fullPrefill(segments, outputs),
  );
  outputs.logProbs = vocabularyLogProbs(config, weights, gather(asMatrix(hidden), last));
  return buildModel({ outputs });
}

function fullPrefill(segments: Tensor, outputs: Record<string, Tensor>): Attention {
  const attention = rowAttention(segments);
  return (layer, query, key, value) => {
    outputs[cacheName(layer, "promptKeys")] = key;
    outputs[cacheName(layer, "promptValues")] = value;
    return attention(layer, query, key, value);
  };
}

/** The selected branch's keys and values are the prompt's caches; what the others need, `SparseState` takes out. */
function sparsePrefill(config: TransformerConfig, segments: Tensor, outputs: Record<string, Tensor>): SparseAttention {
  const sizes = sparsityOf(config);
  const attention = sparseRowAttention(segments, sizes);
  return (layer, operands) => {
    const { keys, values } = operands;
    const blocks = compressedOf(operands, sizes);
    const named: Record<StatePart, Tensor> = {
      windowKeys: keys.window,
      windowValues: values.window,
      recentKeys: keys.compressed,
      recentValues: values.compressed,
      blockKeys: blocks.keys,
      blockValues: blocks.values,
    };
    for (const part of STATE_PARTS) outputs[stateName(part, layer)] = named[part];
    outputs[cacheName(layer, "promptKeys")] = keys.selected;
    outputs[cacheName(layer, "promptValues")] = values.selected;
    return attention(layer, operands);
  };
}

/** Weights as they become part of a model file. */
export type WeightData = Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>;

/**
 * One more token for every row. Inputs: `tokens`, `positions` int32 [rows, 1], the caches (see `LayerCache`),
 * `promptBias` [groups, 1, 1, prompt], `ownBias` [own]. Outputs: `logProbs` [rows, V], `newKeys.i`, `newValues.i`
 * [rows, K, 1, E]. Rows come group by group. With sparse attention the inputs are those of `cachedSparseAttention`.
 */
export function decodeModel(config: TransformerConfig, initializers?: WeightData): Uint8Array {
  if (isSparse(config)) return sparseDecodeModel(config, initializers);
  const { keyValueHeads, headSize } = config;
  const rows = "groups*samples";
  // The first input with both symbols as axes of their own: that is where their values are read off.
  const promptBias = input("promptBias", "float32", ["groups", 1, 1, "prompt"]);
  const ownBias = input("ownBias", "float32", ["own"]);
  const slots = input("slots", "float32", ["samples"]);
  const tokens = input("tokens", "int32", [rows, 1]);
  const positions = input("positions", "int32", [rows, 1]);
  const weights = declareWeights(config);
  const caches: LayerCache[] = Array.from({ length: config.layers }, (_, layer) => ({
    promptKeys: input(cacheName(layer, "promptKeys"), "float32", ["groups", keyValueHeads, "prompt", headSize]),
    promptValues: input(cacheName(layer, "promptValues"), "float32", ["groups", keyValueHeads, "prompt", headSize]),
    ownKeys: input(cacheName(layer, "ownKeys"), "float32", [rows, keyValueHeads, "own", headSize]),
    ownValues: input(cacheName(layer, "ownValues"), "float32", [rows, keyValueHeads, "own", headSize]),
  }));
  const outputs: Record<string, Tensor> = {};
  const attention = cachedAttention(caches, promptBias, ownBias, "samples", (layer, key, value) => {
    outputs[cacheName(layer, "newKeys")] = key;
    outputs[cacheName(layer, "newValues")] = value;
  });
  const hidden = decoder(config, weights, tokens, positions, attention);
  outputs.logProbs = vocabularyLogProbs(config, weights, asMatrix(hidden));
  return buildModel({ outputs, initializers, inputs: [slots] });
}

function sparseDecodeModel(config: TransformerConfig, initializers?: WeightData): Uint8Array {
  const { keyValueHeads, headSize } = config;
  const tokens = input("tokens", "int32", ["rows", 1]);
  const positions = input("positions", "int32", ["rows", 1]);
  const weights = declareWeights(config);
  const cache = (layer: number, part: "promptKeys" | "promptValues" | "ownKeys" | "ownValues") =>
    input(
      cacheName(layer, part),
      "float32",
      part.startsWith("own") ? ["rows", keyValueHeads, "own", headSize] : ["groups", keyValueHeads, "prompt", headSize],
    );
  const caches = Array.from({ length: config.layers }, (_, layer) => ({
    promptKeys: cache(layer, "promptKeys"),
    promptValues: cache(layer, "promptValues"),
    ownKeys: cache(layer, "ownKeys"),
    ownValues: cache(layer, "ownValues"),
  }));
  const outputs: Record<string, Tensor> = {};
  const attention = cachedSparseAttention(config, caches, (name, entry) => {
    outputs[name] = entry;
  });
  const hidden = decoder(config, weights, tokens, positions, attention);
  outputs.logProbs = vocabularyLogProbs(config, weights, asMatrix(hidden));
  return buildModel({ outputs, initializers });
}
