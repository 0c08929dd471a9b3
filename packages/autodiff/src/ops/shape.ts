/** Operators that move, cut and join without computing. Sizes may be symbolic. */
import { addDims, type Dim, type Shape } from "../ir/dims.ts";
import { constant, createNode, type DType, scalar, type Tensor } from "../ir/tensor.ts";
import { apply, applyAll } from "./apply.ts";

/** A vector of sizes as a tensor: a constant if all are numbers, else the pseudo-operator `Dims`, computed as the graph runs. */
export function dims(sizes: Shape): Tensor {
  if (sizes.every((size) => typeof size === "number")) return constant(sizes as number[], [sizes.length], "int64");
  return createNode("Dims", [], {}, [{ dtype: "int64", shape: [sizes.length], value: sizes }]).outputs[0];
}

function same(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/**
 * Same elements in row-major order, another shape. One size may be −1: what is left.
 *
 * ```ts
 * import { input, reshape } from "@gradus/autodiff";
 * const x = input("x", "float32", ["batch", 128, 256]);
 * reshape(x, ["batch", 128, 4, 64]).shape; // ["batch", 128, 4, 64]
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (same(x.shape, shape)) return x;
  const symbolic = shape.filter((size) => typeof size === "string");
  // One unknown size is what ONNX calls −1; that needs no arithmetic on shapes when the graph runs.
  if (symbolic.length === 1 && !shape.includes(-1)) {
    const sizes = shape.map((size) => (typeof size === "string" ? -1 : size));
    return apply("Reshape", [x, constant(sizes, [shape.length], "int64", { value: shape })]);
  }
  return apply("Reshape", [x, dims(shape)]);
}

/** Reorders the axes: output axis i is input axis `order[i]`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return order.every((axis, i) => axis === i) ? x : apply("Transpose", [x], { perm: order });
}

/** Inserts axes of size 1 at these places of the result. */
export function unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
  return apply("Unsqueeze", [x, constant(axes, [axes.length], "int64")]);
}

/** Removes axes of size 1. */
export function squeeze(x: Tensor, axes: readonly number[]): Tensor {
  return apply("Squeeze", [x, constant(axes, [axes.length], "int64")]);
}

/** Repeats axes of size 1 until the shape is reached. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return same(x.shape, shape) ? x : apply("Expand", [x, dims(shape)]);
}

/** Elements `start` to `end` (not included; default: all that follow) along an axis. Negative ones count from the end. */
export function slice(x: Tensor, axis: number, start: number, end: Dim = Number.MAX_SAFE_INTEGER): Tensor {
  const one = (value: Dim) => (typeof value === "number" ? constant([value], [1], "int64") : dims([value]));
  return apply("Slice", [x, one(start), one(end), one(axis)]);
}

/** Joins tensors along an axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  return parts.length === 1 ? parts[0] : apply("Concat", parts, { axis });
}

/** Cuts a tensor along an axis into parts of these sizes. */
export function split(x: Tensor, sizes: readonly Dim[], axis: number): readonly Tensor[] {
  return applyAll("Split", [x, dims(sizes)], { axis }, { outputs: sizes.length });
}

/** Surrounds with zeros: `before` and `after` elements along one axis. */
export function padZeros(x: Tensor, axis: number, before: Dim, after: Dim): Tensor {
  const rank = x.shape.length;
  const pads: Dim[] = new Array(2 * rank).fill(0);
  pads[axis < 0 ? axis + rank : axis] = before;
  pads[(axis < 0 ? axis + rank : axis) + rank] = after;
  return apply("Pad", [x, dims(pads), scalar(0, x.dtype)]);
}

/** A tensor filled with one value. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  return apply("ConstantOfShape", [dims(shape)], { value: { dtype, shape: [1], data: [value] } });
}

/** A tensor of zeros like another. */
export function zerosLike(x: Tensor): Tensor {
  return full(x.shape, 0, x.dtype);
}

/** Shifts along an axis by one place towards the end; the first place becomes zero, the last element is lost. */
export function shiftByOne(x: Tensor, axis: number): Tensor {
  const padded = padZeros(x, axis, 1, 0);
  return slice(padded, axis, 0, addDims(x.shape[axis < 0 ? axis + x.shape.length : axis], 0));
}
