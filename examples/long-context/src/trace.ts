/**
 * One layer's attention as the model computes it on ONNX Runtime, in the form that `@gradus/sparse-attention` takes: the same
 * numbers through other kernels must give the same.
 */
import { openSession } from "@gradus/autodiff";
import type { Branches, Compression, SparseAttentionOptions } from "@gradus/sparse-attention";
import {
  attentionTraceModel,
  type Sparsity,
  type TransformerConfig,
  type Weights,
  weightShapes,
} from "@gradus/transformer";

/** What one layer's attention read and wrote, over rows of `time` tokens. */
export interface LayerTrace {
  /** [tokens, H, E], scaled by 1/√E. */
  query: Float32Array;
  /** [tokens, K, E] */
  keys: Branches<Float32Array>;
  values: Branches<Float32Array>;
  /** [tokens, H, 3] */
  gates: Float32Array;
  compression: { keys: Compression<Float32Array>; values: Compression<Float32Array> };
  /** [tokens, H, E] */
  output: Float32Array;
}

/** The options with which `createSparseAttention` computes what the model does. Its queries are scaled already. */
export function kernelOptions(config: TransformerConfig, sizes: Required<Sparsity>): SparseAttentionOptions {
  const { compressionHidden: _, ...pattern } = sizes;
  return {
    queryHeads: config.heads,
    kvHeads: config.keyValueHeads,
    headDim: config.headSize,
    scale: 1,
    ...pattern,
  };
}

/** Runs rows through the model and keeps what each layer's attention saw. `segments` are ids, 0 for padding. */
export async function traceAttention(
  config: TransformerConfig,
  weights: Weights,
  {
    tokens,
    positions,
    segments,
    time,
  }: { tokens: Int32Array; positions: Int32Array; segments: Int32Array; time: number },
): Promise<LayerTrace[]> {
  const session = await openSession(attentionTraceModel(config, time));
  const shape = [tokens.length / time, time];
  const shapes = weightShapes(config);
  const named = Object.fromEntries(
    Object.entries(weights).map(([name, data]) => [name, { data, shape: shapes[name] }]),
  );
  const outputs = await session.run({
    ...named,
    tokens: { data: tokens, shape },
    positions: { data: positions, shape },
    segments: { data: segments, shape },
  });
  await session.dispose();
  const number = (name: string): Float32Array => outputs[name].data as Float32Array;
  return Array.from({ length: config.layers }, (_, layer) => {
    const of = (part: string): Branches<Float32Array> => ({
      compressed: number(`${part}.compressed.${layer}`),
      selected: number(`${part}.selected.${layer}`),
      window: number(`${part}.window.${layer}`),
    });
    const open = of("gates");
    const gates = new Float32Array(3 * open.window.length);
    [open.compressed, open.selected, open.window].forEach((branch, b) => {
      branch.forEach((gate, i) => {
        gates[3 * i + b] = gate;
      });
    });
    const phi = (name: string): Compression<Float32Array> => {
      const part = (of: string) => weights[`layers.${layer}.${name}.${of}`];
      return {
        position: part("position"),
        weight1: part("weight1"),
        bias1: part("bias1"),
        weight2: part("weight2"),
        bias2: part("bias2"),
      };
    };
    return {
      query: number(`query.${layer}`),
      keys: of("keys"),
      values: of("values"),
      gates,
      compression: { keys: phi("compressKeys"), values: phi("compressValues") },
      output: number(`output.${layer}`),
    };
  });
}
