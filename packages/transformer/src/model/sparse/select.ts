/**
 * From the compressed branch's probabilities to the blocks that a query attends to.
 *
 * @module
 */
import type { Sparsity } from "../../files/sparsity.ts";

/**
 * How much of compressed block c lies in selection block j, in strides: what the probability of c counts in the importance
 * of j. At l = 32, d = 16, l' = 64: 1, 2, 2, 2, 1 for c = 4j − 1 … 4j + 3. (Equation 9 of the paper, its indices read
 * from 0, would mostly sum over the block before.)
 */
export function overlap(c: number, j: number, sizes: Required<Sparsity>): number {
  const { compressionBlock: l, compressionStride: d, selectionBlock } = sizes;
  const shared = Math.min(c * d + l, (j + 1) * selectionBlock) - Math.max(c * d, j * selectionBlock);
  return Math.max(0, shared) / d;
}

/** The same for all compressed and selection blocks of a row, [C, B] flat. */
export function overlapMatrix(compressed: number, selection: number, sizes: Required<Sparsity>): Float32Array {
  return Float32Array.from({ length: compressed * selection }, (_, i) =>
    overlap(Math.floor(i / selection), i % selection, sizes),
  );
}
