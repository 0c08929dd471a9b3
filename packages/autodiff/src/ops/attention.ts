/** Parts of attention: masks, rotary position embedding, scaled dot products. */
import { constant, type DType, type Tensor } from "../ir/tensor.ts";
import { apply } from "./apply.ts";
import { add, cast, equal, greaterOrEqual, where } from "./elementwise.ts";
import { matmul, swapLast } from "./linear.ts";
import { softmax } from "./reduce.ts";
import { unsqueeze } from "./shape.ts";

/** Added to the scores of pairs that may not attend: far below any score, and still finite so that no row becomes NaN. */
export const MASKED = -1e9;

/** [queries, keys] booleans: key j may be seen by query i where j ≤ i + offset. */
export function causalMask(queries: number, keys: number, offset: number = keys - queries): Tensor {
  const row = constant(
    Array.from({ length: queries }, (_, i) => i + offset),
    [queries, 1],
    "int32",
  );
  const column = constant(
    Array.from({ length: keys }, (_, j) => j),
    [1, keys],
    "int32",
  );
  return greaterOrEqual(row, column);
}

/** [.., queries, keys] booleans: query and key belong to the same segment. Segments are given as ids, [.., time]. */
export function segmentMask(querySegments: Tensor, keySegments: Tensor): Tensor {
  return equal(unsqueeze(querySegments, [-1]), unsqueeze(keySegments, [-2]));
}

/** What to add to the scores: 0 where the mask holds, {@linkcode MASKED} elsewhere. */
export function maskBias(mask: Tensor, dtype: DType = "float32"): Tensor {
  return where(mask, constant([0], [], dtype), constant([MASKED], [], dtype));
}

/** softmax(q kᵀ + bias) v over the last two axes. The caller scales q, by 1/√d as a rule. */
export function attend(query: Tensor, key: Tensor, value: Tensor, bias?: Tensor): Tensor {
  const scores = matmul(query, swapLast(key));
  return matmul(softmax(bias ? add(scores, bias) : scores), value);
}

/** Cosines and sines of the rotary embedding for positions 0 to `positions` − 1, each [positions, headSize / 2]. */
export function rotaryTables(
  positions: number,
  headSize: number,
  theta: number,
  dtype: DType = "float32",
): { cos: Tensor; sin: Tensor } {
  const half = headSize / 2;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position / theta ** ((2 * i) / headSize);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  const shape = [positions, half];
  return { cos: constant(cos, shape, dtype), sin: constant(sin, shape, dtype) };
}

/**
 * Rotary position embedding (Su et al., arXiv 2104.09864, the two halves of a head rotated against each other as in
 * Llama): [batch, heads, time, headSize] and positions [batch, time] → same shape.
 */
export function rotary(x: Tensor, positions: Tensor, tables: { cos: Tensor; sin: Tensor }): Tensor {
  return apply("RotaryEmbedding", [x, cast(positions, "int64"), tables.cos, tables.sin], { interleaved: 0 });
}
