/**
 * Names and shapes of the model's weights, and their translation to and from Hugging Face's.
 *
 * PyTorch keeps a linear layer as [out, in] and Hugging Face keeps query, key, value, gate and up apart; here matrices
 * are [in, out] and those that read the same input are one, so that a block needs four matrix products. Translation
 * only moves numbers: there and back is exact.
 *
 * Sizes: V vocabulary, D hidden, H query heads, K key/value heads, S head size, F intermediate.
 */
import type { TransformerConfig } from "./config.ts";
import { isSparse, sparsityOf } from "./sparsity.ts";
import { transposeBlock } from "./transpose.ts";

/** The model's weights by name, each row-major. Matrices are [in, out], so that a layer is `x · W`. */
export type Weights = Record<string, Float32Array>;

/**
 * The names and shapes of all weights, in the one order that everything here keeps (files, optimiser state, sums).
 *
 * | name | shape | |
 * |---|---|---|
 * | `embedding` | [V, D] | |
 * | `layers.i.attentionNorm` | [D] | |
 * | `layers.i.qkv` | [D, (H + 2K)·S] | columns: query heads, key heads, value heads |
 * | `layers.i.qkvBias` | [(H + 2K)·S] | only with `qkvBias` |
 * | `layers.i.attentionOutput` | [H·S, D] | |
 * | `layers.i.mlpNorm` | [D] | |
 * | `layers.i.gateUp` | [D, 2F] | columns: gate, up |
 * | `layers.i.down` | [F, D] | |
 * | `finalNorm` | [D] | |
 * | `head` | [D, V] | absent with `tieEmbeddings` |
 *
 * With `attention: "nsa"`, l tokens in a compressed block and N = `compressionHidden`:
 *
 * | name | shape | |
 * |---|---|---|
 * | `layers.i.qkv`, `qkvBias` | [D, (H + 6K)·S] | query heads, then keys and values of compressed, selected, window |
 * | `layers.i.gates`, `gatesBias` | [D, 3H] | of each head: compressed, selected, window |
 * | `layers.i.compressKeys.position` | [l, K, S] | φ(x) = SiLU((x + position)·weight1 + bias1)·weight2 + bias2 |
 * | `layers.i.compressKeys.weight1`, `bias1` | [l·S, N] | |
 * | `layers.i.compressKeys.weight2`, `bias2` | [N, S] | |
 * | `layers.i.compressValues.…` | | the same for values |
 *
 * @param config A valid configuration.
 * @returns Name → shape, in order.
 *
 * @example
 * ```ts
 * import { weightShapes } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const shapes = weightShapes({
 *   vocabSize: 258, hiddenSize: 64, layers: 1, heads: 4, keyValueHeads: 2, headSize: 16, intermediateSize: 128,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 512,
 * });
 * deepEqual(shapes["layers.0.qkv"], [64, 128]);
 * ```
 */
export function weightShapes(config: TransformerConfig): Record<string, number[]> {
  const { vocabSize, hiddenSize, heads, keyValueHeads, headSize, intermediateSize } = config;
  const branches = isSparse(config) ? 3 : 1;
  const qkvSize = (heads + 2 * branches * keyValueHeads) * headSize;
  const shapes: Record<string, number[]> = { embedding: [vocabSize, hiddenSize] };
  for (let i = 0; i < config.layers; i++) {
    const layer = `layers.${i}`;
    shapes[`${layer}.attentionNorm`] = [hiddenSize];
    shapes[`${layer}.qkv`] = [hiddenSize, qkvSize];
    if (config.qkvBias) shapes[`${layer}.qkvBias`] = [qkvSize];
    if (isSparse(config)) {
      const { compressionBlock, compressionHidden } = sparsityOf(config);
      shapes[`${layer}.gates`] = [hiddenSize, 3 * heads];
      shapes[`${layer}.gatesBias`] = [3 * heads];
      for (const phi of ["compressKeys", "compressValues"]) {
        shapes[`${layer}.${phi}.position`] = [compressionBlock, keyValueHeads, headSize];
        shapes[`${layer}.${phi}.weight1`] = [compressionBlock * headSize, compressionHidden];
        shapes[`${layer}.${phi}.bias1`] = [compressionHidden];
        shapes[`${layer}.${phi}.weight2`] = [compressionHidden, headSize];
        shapes[`${layer}.${phi}.bias2`] = [headSize];
      }
    }
    shapes[`${layer}.attentionOutput`] = [heads * headSize, hiddenSize];
    shapes[`${layer}.mlpNorm`] = [hiddenSize];
    shapes[`${layer}.gateUp`] = [hiddenSize, 2 * intermediateSize];
    shapes[`${layer}.down`] = [intermediateSize, hiddenSize];
  }
  shapes.finalNorm = [hiddenSize];
  if (!config.tieEmbeddings) shapes.head = [hiddenSize, vocabSize];
  return shapes;
}

/** A float32 tensor as in a checkpoint. */
export interface CheckpointTensor {
  shape: number[];
  data: Float32Array;
}

/**
 * Translate weights to Hugging Face's names and layout (Llama and Qwen2 use the same).
 *
 * @param config The model's configuration.
 * @param weights All of `weightShapes(config)`.
 * @returns New tensors, by Hugging Face name, in file order; no `lm_head.weight` with tied embeddings.
 * @throws {RangeError} If a weight is missing, unknown or of the wrong size; the message names it.
 *
 * @example
 * ```ts
 * import { toHuggingFaceWeights, weightShapes } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const config = {
 *   vocabSize: 258, hiddenSize: 8, layers: 1, heads: 2, keyValueHeads: 1, headSize: 4, intermediateSize: 16,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 512,
 * };
 * const weights = Object.fromEntries(
 *   Object.entries(weightShapes(config)).map(([name, shape]) => {
 *     return [name, new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5)];
 *   }),
 * );
 * const tensors = toHuggingFaceWeights(config, weights);
 * deepEqual(tensors["model.layers.0.self_attn.k_proj.weight"].shape, [4, 8]);
 * ```
 */
export function toHuggingFaceWeights(config: TransformerConfig, weights: Weights): Record<string, CheckpointTensor> {
  const shapes = weightShapes(config);
  for (const [name, shape] of Object.entries(shapes)) {
    const size = product(shape);
    const found = weights[name]?.length;
    if (found !== size) {
      throw new RangeError(
        `Cannot translate the weights: ${name} must have ${size} numbers ([${shape.join(", ")}]), found ${found ?? "none"}`,
      );
    }
  }
  for (const name of Object.keys(weights)) {
    if (!Object.hasOwn(shapes, name)) throw new RangeError(`Cannot translate the weights: found an unknown ${name}`);
  }
  const tensors: Record<string, CheckpointTensor> = {};
  for (const part of parts(config)) {
    const source = weights[part.ours];
    const data = new Float32Array(product(part.shape));
    if (part.kind === "copy") data.set(source.subarray(part.start, part.start + data.length));
    else {
      const [outputs, inputs] = part.shape;
      // ours [inputs, stride], from column `start` → theirs [outputs, inputs]
      transposeBlock(source, part.stride, part.start, inputs, outputs, data, inputs, 0);
    }
    tensors[part.theirs] = { shape: part.shape, data };
  }
  return tensors;
}

/**
 * Translate Hugging Face's tensors to our weights.
 *
 * `rotary_emb.inv_freq` buffers of old files are passed over, and so is an `lm_head.weight` that repeats the tied
 * embedding.
 *
 * @param config The model's configuration.
 * @param tensors By Hugging Face name.
 * @returns New arrays, in the order of `weightShapes(config)`.
 * @throws {RangeError} If a tensor is missing, unknown or of the wrong shape; the message names it.
 *
 * @example
 * ```ts
 * import { fromHuggingFaceWeights, toHuggingFaceWeights, weightShapes } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const config = {
 *   vocabSize: 258, hiddenSize: 8, layers: 1, heads: 2, keyValueHeads: 1, headSize: 4, intermediateSize: 16,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 512,
 * };
 * const weights = Object.fromEntries(
 *   Object.entries(weightShapes(config)).map(([name, shape]) => {
 *     return [name, new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5)];
 *   }),
 * );
 * deepEqual(fromHuggingFaceWeights(config, toHuggingFaceWeights(config, weights)), weights);
 * ```
 */
export function fromHuggingFaceWeights(config: TransformerConfig, tensors: Record<string, CheckpointTensor>): Weights {
  const wanted = parts(config);
  const missing = wanted.filter(({ theirs }) => !Object.hasOwn(tensors, theirs));
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    throw new RangeError(`Cannot translate the weights: ${missing[0].theirs}${more} is missing`);
  }
  for (const { theirs, shape } of wanted) {
    const { shape: found, data } = tensors[theirs];
    if (found.length !== shape.length || found.some((n, i) => n !== shape[i]) || data.length !== product(shape)) {
      throw new RangeError(
        `Cannot translate the weights: ${theirs} must have shape [${shape.join(", ")}], found [${found.join(", ")}]`,
      );
    }
  }
  refuseUnknown(config, new Set(wanted.map(({ theirs }) => theirs)), tensors);

  const weights: Weights = {};
  for (const [name, shape] of Object.entries(weightShapes(config))) weights[name] = new Float32Array(product(shape));
  for (const part of wanted) {
    const { data } = tensors[part.theirs];
    if (part.kind === "copy") weights[part.ours].set(data, part.start);
    else {
      const [outputs, inputs] = part.shape;
      transposeBlock(data, inputs, 0, outputs, inputs, weights[part.ours], part.stride, part.start);
    }
  }
  return weights;
}

/** One Hugging Face tensor, and where its numbers live in our weights. */
interface Part {
  theirs: string;
  shape: number[];
  ours: string;
  /** `copy`: the same order, from element `start`; `transpose`: columns from `start` on of rows of `stride`. */
  kind: "copy" | "transpose";
  start: number;
  stride: number;
}

function parts(config: TransformerConfig): Part[] {
  const { vocabSize, hiddenSize, heads, keyValueHeads, headSize, intermediateSize, layers } = config;
  const [q, kv] = [heads * headSize, keyValueHeads * headSize];
  const copy = (theirs: string, ours: string, shape: number[], start = 0): Part => {
    return { theirs, shape, ours, kind: "copy", start, stride: 0 };
  };
  const linear = (
    theirs: string,
    ours: string,
    shape: [number, number],
    start = 0,
    stride: number = shape[0],
  ): Part => {
    return { theirs, shape, ours, kind: "transpose", start, stride };
  };

  const list = [copy("model.embed_tokens.weight", "embedding", [vocabSize, hiddenSize])];
  for (let i = 0; i < layers; i++) {
    const theirs = `model.layers.${i}`;
    const ours = `layers.${i}`;
    list.push(copy(`${theirs}.input_layernorm.weight`, `${ours}.attentionNorm`, [hiddenSize]));
    const branches = isSparse(config) ? ["compressed.", "selected.", "window."] : [""];
    const columns: [string, number, number][] = [
      ["q", q, 0],
      ...branches.flatMap((branch, b): [string, number, number][] => [
        [`${branch}k`, kv, q + 2 * b * kv],
        [`${branch}v`, kv, q + (2 * b + 1) * kv],
      ]),
    ];
    for (const [name, size, start] of columns) {
      const projection = `${theirs}.self_attn.${name}_proj`;
      const stride = q + 2 * branches.length * kv;
      list.push(linear(`${projection}.weight`, `${ours}.qkv`, [size, hiddenSize], start, stride));
      if (config.qkvBias) list.push(copy(`${projection}.bias`, `${ours}.qkvBias`, [size], start));
    }
    if (isSparse(config)) {
      const { compressionBlock, compressionHidden } = sparsityOf(config);
      list.push(
        linear(`${theirs}.self_attn.gate_proj.weight`, `${ours}.gates`, [3 * heads, hiddenSize]),
        copy(`${theirs}.self_attn.gate_proj.bias`, `${ours}.gatesBias`, [3 * heads]),
      );
      for (const [phi, mlp] of [
        ["compressKeys", "k_mlp"],
        ["compressValues", "v_mlp"],
      ]) {
        const [from, to] = [`${ours}.${phi}`, `${theirs}.self_attn.compressed.${mlp}`];
        list.push(
          copy(`${to}.position`, `${from}.position`, [compressionBlock, keyValueHeads, headSize]),
          linear(`${to}.0.weight`, `${from}.weight1`, [compressionHidden, compressionBlock * headSize]),
          copy(`${to}.0.bias`, `${from}.bias1`, [compressionHidden]),
          linear(`${to}.2.weight`, `${from}.weight2`, [headSize, compressionHidden]),
          copy(`${to}.2.bias`, `${from}.bias2`, [headSize]),
        );
      }
    }
    list.push(
      linear(`${theirs}.self_attn.o_proj.weight`, `${ours}.attentionOutput`, [hiddenSize, q]),
      copy(`${theirs}.post_attention_layernorm.weight`, `${ours}.mlpNorm`, [hiddenSize]),
    );
    const gateUp: [number, number] = [intermediateSize, hiddenSize];
    list.push(
      linear(`${theirs}.mlp.gate_proj.weight`, `${ours}.gateUp`, gateUp, 0, 2 * intermediateSize),
      linear(`${theirs}.mlp.up_proj.weight`, `${ours}.gateUp`, gateUp, intermediateSize, 2 * intermediateSize),
      linear(`${theirs}.mlp.down_proj.weight`, `${ours}.down`, [hiddenSize, intermediateSize]),
    );
  }
  list.push(copy("model.norm.weight", "finalNorm", [hiddenSize]));
  if (!config.tieEmbeddings) list.push(linear("lm_head.weight", "head", [vocabSize, hiddenSize]));
  return list;
}

function refuseUnknown(config: TransformerConfig, known: Set<string>, tensors: Record<string, CheckpointTensor>): void {
  for (const name of Object.keys(tensors)) {
    if (known.has(name) || name.endsWith("rotary_emb.inv_freq")) continue;
    if (name === "lm_head.weight" && config.tieEmbeddings) {
      const embedding = tensors["model.embed_tokens.weight"].data;
      const head = tensors[name].data;
      if (head.length === embedding.length && head.every((x, i) => x === embedding[i])) continue;
      throw new RangeError(
        "Cannot translate the weights: lm_head.weight differs from the embedding that it is tied to",
      );
    }
    throw new RangeError(`Cannot translate the weights: found an unknown ${name}`);
  }
}

function product(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
