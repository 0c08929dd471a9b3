/** Reductions, and operators along one axis. */
import { normalizeAxis } from "../infer/broadcast.ts";
import { constant, type Tensor } from "../ir/tensor.ts";
import { apply, applyAll } from "./apply.ts";

/** Which axes to reduce (default: all) and whether they stay with size 1 (default: no). */
export interface ReduceOptions {
  axes?: readonly number[];
  keep?: boolean;
}

function reduction(operator: string, x: Tensor, { axes, keep = false }: ReduceOptions): Tensor {
  if (axes && axes.length === 0) return x;
  const chosen = axes?.map((axis) => normalizeAxis(axis, x.shape.length));
  return apply(operator, [x, chosen && constant(chosen, [chosen.length], "int64")], { keepdims: Number(keep) });
}

/** Σ x */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduction("ReduceSum", x, options);
}
/** Mean of x. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduction("ReduceMean", x, options);
}
/** Largest of x. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduction("ReduceMax", x, options);
}
/** Smallest of x. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduction("ReduceMin", x, options);
}
/** ln Σ eˣ, without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduction("ReduceLogSumExp", x, options);
}
/** eˣ / Σ eˣ along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply("Softmax", [x], { axis });
}
/** x − ln Σ eˣ along an axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply("LogSoftmax", [x], { axis });
}
/** Running sum along an axis, the element itself included. */
export function cumulativeSum(x: Tensor, axis = -1): Tensor {
  return apply("CumSum", [x, constant([normalizeAxis(axis, x.shape.length)], [], "int64")]);
}
/** Index of the largest element along an axis (int64, no gradient). */
export function argMax(x: Tensor, axis = -1): Tensor {
  return apply("ArgMax", [x], { axis, keepdims: 0 });
}
/** The k largest along an axis, in descending order, and their indices. The indices carry no gradient. */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const [values, indices] = applyAll("TopK", [x, constant([k], [1], "int64")], { axis }, { outputs: 2 });
  return { values, indices };
}
