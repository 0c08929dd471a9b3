/**
 * The decoder as a function of symbolic tensors: Llama's block (RMSNorm, rotary attention with grouped queries, SwiGLU),
 * with Qwen2's bias where the configuration asks for it. Training, scoring, prefill and decoding differ only in the
 * attention that they hand in: `Attention`, or with `attention: "nsa"` a `SparseAttention`, whose branches have keys and
 * values of their own, all rotated.
 *
 * Names of sizes: R rows, T time, D hidden size, H query heads, K key-value heads, E head size, F intermediate size.
 *
 * @module
 */
import {
  add,
  gather,
  input,
  logSoftmax,
  matmul,
  mul,
  reshape,
  rmsNorm,
  rotary,
  rotaryTables,
  sigmoid,
  split,
  swish,
  type Tensor,
  transpose,
} from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import { weightShapes } from "../files/weights.ts";
import { longestRow } from "./rows.ts";
import { BRANCHES, type Branches, type Compression, type SparseAttention } from "./sparse/operands.ts";

/** Weights of the model as symbolic inputs, by our names (see `files/weights.ts`). */
export type SymbolicWeights = Readonly<Record<string, Tensor>>;

/** Full attention of one layer: query [R, H, T, E] (scaled by 1/√E), key and value [R, K, T, E] → [R, H, T, E]. */
export type Attention = (layer: number, query: Tensor, key: Tensor, value: Tensor) => Tensor;

/** Declares every weight as a graph input. */
export function declareWeights(config: TransformerConfig): SymbolicWeights {
  return Object.fromEntries(
    Object.entries(weightShapes(config)).map(([name, shape]) => [name, input(name, "float32", shape)]),
  );
}

/** silu(x W_gate) ⊙ x W_up, then W_down (Shazeer, arXiv 2002.05202). */
function swiglu(x: Tensor, gateUp: Tensor, down: Tensor, intermediateSize: number): Tensor {
  const [gate, up] = split(matmul(x, gateUp), [intermediateSize, intermediateSize], -1);
  return matmul(mul(swish(gate), up), down);
}

/** [R, T, heads · E] → [R, heads, T, E] */
function toHeads(x: Tensor, heads: number, headSize: number): Tensor {
  const [rows, time] = x.shape;
  return transpose(reshape(x, [rows, time, heads, headSize]), [0, 2, 1, 3]);
}

/** [R, heads, T, E] → [R, T, heads · E] */
function fromHeads(x: Tensor): Tensor {
  const [rows, heads, time, headSize] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [rows, time, Number(heads) * Number(headSize)]);
}

/** σ(x W + b), one for each branch: [R, T, D] → three times [R, H, T, 1]. */
function gatesOf(x: Tensor, weight: Tensor, bias: Tensor, heads: number): readonly Tensor[] {
  const [rows, time] = x.shape;
  const open = reshape(sigmoid(add(matmul(x, weight), bias)), [rows, time, heads, BRANCHES.length]);
  return split(transpose(open, [0, 2, 1, 3]), [1, 1, 1], 3);
}

function byBranch<T>([compressed, selected, window]: readonly T[]): Branches<T> {
  return { compressed, selected, window };
}

function phiWeights(weights: SymbolicWeights, name: string): Compression {
  const part = (of: string) => weights[`${name}.${of}`];
  return {
    position: part("position"),
    weight1: part("weight1"),
    bias1: part("bias1"),
    weight2: part("weight2"),
    bias2: part("bias2"),
  };
}

/**
 * Tokens and positions, both [R, T] → hidden states [R, T, D] after the final norm. `wrap` is called around each block:
 * `checkpoint` there keeps only what passes from block to block.
 */
export function decoder(
  config: TransformerConfig,
  weights: SymbolicWeights,
  tokens: Tensor,
  positions: Tensor,
  attention: Attention | SparseAttention,
  wrap: (block: () => Tensor) => Tensor = (block) => block(),
): Tensor {
  const { heads, keyValueHeads, headSize, intermediateSize, normEpsilon } = config;
  // As many entries as the longest row: ONNX Runtime refuses rows longer than the table, whatever their positions.
  const tables = rotaryTables(longestRow(config), headSize, config.ropeTheta);
  const branches = isSparse(config) ? BRANCHES.length : 1;
  const widths = [heads * headSize, ...new Array(2 * branches).fill(keyValueHeads * headSize)];

  const attentionBlock = (x: Tensor, layer: number): Tensor => {
    const name = `layers.${layer}`;
    let qkv = matmul(x, weights[`${name}.qkv`]);
    if (config.qkvBias) qkv = add(qkv, weights[`${name}.qkvBias`]);
    const [q, ...kv] = split(qkv, widths, -1);
    const query = rotary(toHeads(mul(q, 1 / Math.sqrt(headSize)), heads, headSize), positions, tables);
    const keys = kv
      .filter((_, i) => i % 2 === 0)
      .map((k) => rotary(toHeads(k, keyValueHeads, headSize), positions, tables));
    const values = kv.filter((_, i) => i % 2 === 1).map((v) => toHeads(v, keyValueHeads, headSize));
    const attended = isSparse(config)
      ? (attention as SparseAttention)(layer, {
          query,
          keys: byBranch(keys),
          values: byBranch(values),
          gates: byBranch(gatesOf(x, weights[`${name}.gates`], weights[`${name}.gatesBias`], heads)),
          compression: {
            keys: phiWeights(weights, `${name}.compressKeys`),
            values: phiWeights(weights, `${name}.compressValues`),
          },
        })
      : (attention as Attention)(layer, query, keys[0], values[0]);
    return matmul(fromHeads(attended), weights[`${name}.attentionOutput`]);
  };

  let x = gather(weights.embedding, tokens);
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}`;
    const before = x;
    x = wrap(() => {
      const mixed = add(before, attentionBlock(rmsNorm(before, weights[`${name}.attentionNorm`], normEpsilon), layer));
      const normed = rmsNorm(mixed, weights[`${name}.mlpNorm`], normEpsilon);
      return add(mixed, swiglu(normed, weights[`${name}.gateUp`], weights[`${name}.down`], intermediateSize));
    });
  }
  return rmsNorm(x, weights.finalNorm, normEpsilon);
}

/** The output head's matrix, [D, V]: its own, or the embedding transposed. */
export function headMatrix(config: TransformerConfig, weights: SymbolicWeights): Tensor {
  return config.tieEmbeddings ? transpose(weights.embedding, [1, 0]) : weights.head;
}

/** Log-probabilities over the vocabulary of some hidden states: [n, D] → [n, V]. */
export function vocabularyLogProbs(config: TransformerConfig, weights: SymbolicWeights, hidden: Tensor): Tensor {
  const scaled = mul(hidden, input("inverseTemperature", "float32", []));
  return logSoftmax(matmul(scaled, headMatrix(config, weights)));
}
