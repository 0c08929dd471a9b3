/**
 * φ, which makes one key (or value) of the l keys of a block.
 *
 * @module
 */
import { add, matmul, multiplyDims, reshape, slice, swish, type Tensor, transpose } from "@gradus/autodiff";
import type { Sparsity } from "../../files/sparsity.ts";
import type { Compression } from "./operands.ts";

/** SiLU(z + position · weight1 + bias1) · weight2 + bias2, of z = x · weight1: [R, K, C, N] → [R, K, C, E]. */
function rest(z: Tensor, { position, weight1, bias1, weight2, bias2 }: Compression): Tensor {
  const [l, heads, headSize] = position.shape;
  const flat = reshape(transpose(position, [1, 0, 2]), [heads, multiplyDims(l, headSize)]);
  const shift = reshape(add(matmul(flat, weight1), bias1), [1, heads, 1, weight1.shape[1]]);
  return add(matmul(swish(add(z, shift)), weight2), bias2);
}

/**
 * φ(x) = SiLU(flatten(x + position) · weight1 + bias1) · weight2 + bias2 of every complete block of a row, i.e. of the l
 * tokens from c·d on: [R, K, T, E] → [R, K, C, E], T a multiple of d and at least l.
 *
 * Each stride of d tokens is multiplied once with each of the l/d parts of weight1, and the products of a block's strides
 * are added: blocks overlap, but nothing is copied.
 */
export function compressRows(
  x: Tensor,
  weights: Compression,
  { compressionBlock, compressionStride }: Required<Sparsity>,
): Tensor {
  const [rows, heads, time, headSize] = x.shape;
  const parts = compressionBlock / compressionStride;
  const strides = Number(time) / compressionStride;
  const width = compressionStride * Number(headSize);
  const hidden = Number(weights.weight1.shape[1]);
  const flat = reshape(x, [rows, heads, strides, width]);
  const blocks = strides - parts + 1;
  // [l·E, N] → [d·E, l/d · N]
  const sideBySide = reshape(transpose(reshape(weights.weight1, [parts, width, hidden]), [1, 0, 2]), [
    width,
    parts * hidden,
  ]);
  const products = matmul(flat, sideBySide);
  const terms = Array.from({ length: parts }, (_, i) =>
    slice(slice(products, 2, i, i + blocks), 3, i * hidden, (i + 1) * hidden),
  );
  return rest(
    terms.reduce((sum, term) => add(sum, term)),
    weights,
  );
}

/** φ of one block: its l keys [R, K, l, E] → [R, K, 1, E]. */
export function compressBlock(x: Tensor, weights: Compression): Tensor {
  const [rows, heads, l, headSize] = x.shape;
  const flat = reshape(x, [rows, heads, 1, multiplyDims(l, headSize)]);
  return rest(matmul(flat, weights.weight1), weights);
}
