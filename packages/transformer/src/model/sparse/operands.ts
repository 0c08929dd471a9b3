/**
 * What Native Sparse Attention (Yuan et al., arXiv 2502.11089) reads: a query, keys and values of each branch, gates, and
 * the weights of φ.
 *
 * Names of sizes: R rows, T time, H query heads, K key-value heads, G = H / K, E head size; C compressed blocks, B selection
 * blocks; l, d, l', n, w as in `Sparsity`.
 *
 * @module
 */
import type { Tensor } from "@gradus/autodiff";

/** The three branches, in the order in which weights and gates have them. */
export const BRANCHES = ["compressed", "selected", "window"] as const;

/** One thing for each branch. */
export interface Branches<T> {
  compressed: T;
  selected: T;
  window: T;
}

/** Weights of φ, see `weightShapes`. */
export interface Compression {
  position: Tensor;
  weight1: Tensor;
  bias1: Tensor;
  weight2: Tensor;
  bias2: Tensor;
}

/** Operands of one layer's attention. */
export interface SparseOperands {
  /** [R, H, T, E], rotated, scaled by 1/√E. */
  query: Tensor;
  /** [R, K, T, E], rotated in every branch: φ reads rotated keys. */
  keys: Branches<Tensor>;
  /** [R, K, T, E] */
  values: Branches<Tensor>;
  /** [R, H, T, 1] each, in (0, 1). */
  gates: Branches<Tensor>;
  compression: { keys: Compression; values: Compression };
}

/** Attention of one layer: → [R, H, T, E]. */
export type SparseAttention = (layer: number, operands: SparseOperands) => Tensor;
