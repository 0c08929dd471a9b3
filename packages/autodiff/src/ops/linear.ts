/** Matrix products. */
import { multiplyDims } from "../ir/dims.ts";
import type { Tensor } from "../ir/tensor.ts";
import { apply } from "./apply.ts";
import { reshape, transpose } from "./shape.ts";

/** Matrix product over the last two axes, as NumPy's: leading axes broadcast. [.., m, k] · [.., k, n] → [.., m, n]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return apply("MatMul", [a, b]);
}

/** Product of two matrices, each transposed first if asked. */
export function gemm(
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false }: { transA?: boolean; transB?: boolean } = {},
): Tensor {
  return apply("Gemm", [a, b], { transA: Number(transA), transB: Number(transB) });
}

/** Swaps the last two axes. */
export function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** All rows of a tensor as one matrix: [.., k] → [rows, k]. */
export function asMatrix(x: Tensor): Tensor {
  if (x.shape.length === 2) return x;
  const rows = x.shape.slice(0, -1).reduce((product, dim) => multiplyDims(product, dim), 1);
  return reshape(x, [rows, x.shape.at(-1)!]);
}
