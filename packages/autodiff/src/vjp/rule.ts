/** What a rule of differentiation is, and what the rules share. */
import type { Dim } from "../ir/dims.ts";
import type { Attribute, Node, Tensor } from "../ir/tensor.ts";
import { reshape, sum } from "../ops/mod.ts";

/** The place at which a rule is applied: the node, with shorthands. */
export interface Site {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  /** First output. */
  readonly output: Tensor;
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Cotangents of all outputs; `undefined` stands for zero. */
  readonly cotangents: readonly (Tensor | undefined)[];
}

/**
 * A vector-Jacobian product: from the cotangent `g` of the first output (the others are in `site.cotangents`) to the
 * cotangents of the inputs, in order; `undefined` stands for zero.
 */
export type VjpRule = (site: Site, g: Tensor) => readonly (Tensor | undefined)[];

/** Sums a cotangent over the axes along which an operand was stretched, back to the operand's shape. */
export function unbroadcast(g: Tensor, operand: Tensor): Tensor {
  const lead = g.shape.length - operand.shape.length;
  const axes: number[] = [];
  g.shape.forEach((dim: Dim, axis) => {
    if (axis < lead || (operand.shape[axis - lead] === 1 && dim !== 1)) axes.push(axis);
  });
  if (axes.length === 0) return g;
  return reshape(sum(g, { axes, keep: true }), operand.shape);
}
