/** Picking and placing by index. Indices are integers without gradient. */
import { sizeOf } from "../ir/dims.ts";
import { constant, type DType, type Tensor } from "../ir/tensor.ts";
import { apply } from "./apply.ts";
import { add, cast, equal, less, where } from "./elementwise.ts";
import { asMatrix, matmul, swapLast } from "./linear.ts";
import { expand, reshape, squeeze, unsqueeze } from "./shape.ts";

/** Slices of `x` along an axis, one for each index: an embedding table's rows, for axis 0. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return apply("Gather", [x, indices], { axis });
}

/** Element `indices[.., j]` of each row: [.., n] and [.., m] → [.., m]. */
export function gatherElements(x: Tensor, indices: Tensor, axis = -1): Tensor {
  return apply("GatherElements", [x, indices], { axis });
}

/** `x` with element `indices[.., j]` of each row replaced by `updates[.., j]`; no index may be there twice in a row. */
export function scatterElements(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  return apply("ScatterElements", [x, indices, updates], { axis });
}

/** One element of each row: [.., n] and [..] → [..]. */
export function pick(x: Tensor, indices: Tensor): Tensor {
  return squeeze(gatherElements(x, unsqueeze(indices, [-1])), [-1]);
}

/** Up to this many rows a product with a matrix of zeros and ones is faster than adding one element after the other. */
const COUNTED_ROWS = 1024;

/** [n, rows]: 1 where the index is the row. Negative indices count from the end. */
function rowCounts(indices: Tensor, rows: number, dtype: DType): Tensor {
  const flat = reshape(indices, [sizeOf(indices.shape), 1]);
  const places = where(less(flat, 0), add(flat, rows), flat);
  const numbers = constant(
    Int32Array.from({ length: rows }, (_, row) => row),
    [1, rows],
    indices.dtype,
  );
  return cast(equal(places, numbers), dtype);
}

/**
 * `x` with `updates` added at rows `indices` (repeated ones accumulate): [V, ..], [n], [n, ..] → [V, ..].
 *
 * Not ScatterND, whose threads in ONNX Runtime's CPU provider add to the same row at once and lose updates (seen with
 * 1.30 and 2 threads: errors larger than the gradient). ScatterElements adds one element after the other, in order.
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  if (typeof x.shape[0] === "number" && x.shape[0] <= COUNTED_ROWS && x.shape.length === 2) {
    return add(x, matmul(swapLast(rowCounts(indices, x.shape[0], updates.dtype)), asMatrix(updates)));
  }
  const count = sizeOf(indices.shape);
  const row = x.shape.slice(1);
  const rows = reshape(cast(indices, "int64"), [count, ...row.map(() => 1)]);
  const flat = reshape(updates, [count, ...row]);
  return apply("ScatterElements", [x, expand(rows, flat.shape), flat], { axis: 0, reduction: "add" });
}

/**
 * Rows of `x` of which it is known where each goes, so that the gradient picks, too, and adds nothing up by index:
 * x [N, ..], indices [P] → [P, ..], with `uses` [N, m] such that row i of `x` went to the places `uses[i]`; −1 stands for
 * none. Places that no row names must not matter, for nothing comes back from them.
 *
 * With `complete` there is no −1 among the uses, which saves a pass over memory.
 *
 * Not Gather, whose gradient adds one element after the other (27 ns each; see {@linkcode scatterAdd}).
 */
export function gatherRows(
  x: Tensor,
  indices: Tensor,
  uses: Tensor,
  { complete = false }: { complete?: boolean } = {},
): Tensor {
  return apply("GatherRows", [x, indices, uses], { complete: Number(complete) });
}

/** 1 at the index, 0 elsewhere, along a new last axis. */
export function oneHot(indices: Tensor, depth: number, dtype: DType = "float32"): Tensor {
  const values = constant([0, 1], [2], dtype);
  return apply("OneHot", [cast(indices, "int64"), constant([depth], [1], "int64"), values], { axis: -1 });
}
