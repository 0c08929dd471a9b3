/** Rules of operators that pick or place by index: what was picked is added back, what was placed is picked. */
import { normalizeAxis } from "../infer/broadcast.ts";
import { sizeOf } from "../ir/dims.ts";
import type { Tensor } from "../ir/tensor.ts";
import {
  apply,
  cast,
  dims,
  expand,
  full,
  gather,
  greaterOrEqual,
  maximum,
  mul,
  neg,
  reshape,
  scatterAdd,
  sum,
  where,
  zerosLike,
} from "../ops/mod.ts";
import type { Site, VjpRule } from "./rule.ts";

/** Of the cotangent of a scatter, what belongs to its first operand: all if it adds, else what was not overwritten. */
function notOverwritten({ node, inputs: [, indices, updates], attributes }: Site, g: Tensor): Tensor {
  const reduction = attributes.reduction ?? "none";
  if (reduction === "add") return g;
  if (reduction !== "none") throw new TypeError(`Cannot differentiate ${node.operator} with reduction="${reduction}"`);
  return apply(node.operator, [g, indices, zerosLike(updates)], attributes);
}

/** Rules by operator. */
export const indexing: Record<string, VjpRule> = {
  Gather: ({ inputs: [x, indices], attributes }, g) => {
    const axis = normalizeAxis(Number(attributes.axis ?? 0), x.shape.length);
    const zeros = full(x.shape, 0, g.dtype);
    if (axis === 0) return [scatterAdd(zeros, indices, g)];
    // Along another axis: spread the indices, as one row, over the whole slice, then add element by element.
    const count = sizeOf(indices.shape);
    const picked = reshape(g, [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
    const row = reshape(
      cast(indices, "int64"),
      picked.shape.map((_, i) => (i === axis ? count : 1)),
    );
    return [apply("ScatterElements", [zeros, expand(row, picked.shape), picked], { axis, reduction: "add" })];
  },
  GatherElements: ({ inputs: [x, indices], attributes }, g) => {
    const zeros = full(x.shape, 0, g.dtype);
    return [apply("ScatterElements", [zeros, indices, g], { axis: Number(attributes.axis ?? 0), reduction: "add" })];
  },
  /** Σ over the uses of each row; where there is none, nothing. */
  GatherRows: ({ inputs: [x, , uses], attributes }, g) => {
    if (attributes.complete === 1) {
      const all = gather(g, uses);
      return [uses.shape[1] === 1 ? reshape(all, x.shape) : sum(all, { axes: [1] })];
    }
    const row = x.shape.slice(1).map(() => 1);
    const picked = gather(g, maximum(uses, 0));
    const used = reshape(greaterOrEqual(uses, 0), [...uses.shape, ...row]);
    return [sum(where(used, picked, 0), { axes: [1] })];
  },
  GatherND: ({ node, inputs: [x, indices], attributes }, g) => {
    if (Number(attributes.batch_dims ?? 0) !== 0)
      throw new TypeError(`Cannot differentiate ${node.operator} with batch_dims`);
    const depth = Number(indices.shape.at(-1));
    const [leading, rest] = [x.shape.slice(0, depth), x.shape.slice(depth)];
    // Tuples of indices as places in the flattened leading axes (the remainder counts negative ones from the end).
    const strides = dims(leading.map((_, i) => sizeOf(leading.slice(i + 1))));
    const places = sum(mul(apply("Mod", [cast(indices, "int64"), dims(leading)]), strides), { axes: [-1] });
    return [reshape(scatterAdd(full([sizeOf(leading), ...rest], 0, g.dtype), places, g), x.shape)];
  },
  ScatterND: (site, g) => {
    const indices = site.inputs[1];
    return [notOverwritten(site, g), undefined, apply("GatherND", [g, indices])];
  },
  ScatterElements: (site, g) => {
    const [indices, axis] = [site.inputs[1], Number(site.attributes.axis ?? 0)];
    return [notOverwritten(site, g), undefined, apply("GatherElements", [g, indices], { axis })];
  },
  /** A rotation's transpose is the rotation the other way: negative sines. */
  RotaryEmbedding: ({ node, inputs: [, positions, cosines, sines] }, g) => [
    apply("RotaryEmbedding", [g, positions, cosines, neg(sines)], node.attributes),
  ],
};
