/** Rules of operators that pick or place by index: what was picked is added back, what was placed is picked. */
import { apply, cast, full, neg, reshape, scatterAdd, unsqueeze } from "../ops/mod.ts";
import type { VjpRule } from "./rule.ts";

/** Rules by operator. */
export const indexing: Record<string, VjpRule> = {
  Gather: ({ node, inputs: [x, indices], attributes }, g) => {
    const axis = Number(attributes.axis ?? 0);
    const zeros = full(x.shape, 0, g.dtype);
    if (axis === 0) return [scatterAdd(zeros, indices, g)];
    if (indices.shape.length > 1)
      throw new TypeError(
        `Cannot differentiate ${node.operator} over axis ${axis} with indices of rank ${indices.shape.length}`,
      );
    // Along another axis: spread the indices over the whole slice, then add element by element.
    const from = axis < 0 ? axis + x.shape.length : axis;
    const picked = indices.shape.length === 0 ? unsqueeze(g, [from]) : g;
    const row = reshape(
      cast(indices, "int64"),
      picked.shape.map((dim, i) => (i === from ? dim : 1)),
    );
    const spread = apply("Expand", [row, apply("Shape", [picked])]);
    return [apply("ScatterElements", [zeros, spread, picked], { axis: from, reduction: "add" })];
  },
  GatherElements: ({ inputs: [x, indices], attributes }, g) => {
    const zeros = full(x.shape, 0, g.dtype);
    return [apply("ScatterElements", [zeros, indices, g], { axis: Number(attributes.axis ?? 0), reduction: "add" })];
  },
  GatherND: ({ node, inputs: [x, indices], attributes }, g) => {
    if (Number(attributes.batch_dims ?? 0) !== 0)
      throw new TypeError(`Cannot differentiate ${node.operator} with batch_dims`);
    return [apply("ScatterND", [full(x.shape, 0, g.dtype), indices, g], { reduction: "add" })];
  },
  ScatterND: ({ node, inputs: [, indices], attributes }, g) => {
    if (attributes.reduction !== "add")
      throw new TypeError(`Cannot differentiate ${node.operator} with reduction="${attributes.reduction ?? "none"}"`);
    return [g, undefined, apply("GatherND", [g, indices])];
  },
  ScatterElements: ({ node, inputs: [, indices], attributes }, g) => {
    if (attributes.reduction !== "add")
      throw new TypeError(`Cannot differentiate ${node.operator} with reduction="${attributes.reduction ?? "none"}"`);
    return [g, undefined, apply("GatherElements", [g, indices], { axis: Number(attributes.axis ?? 0) })];
  },
  /** A rotation's transpose is the rotation the other way: negative sines. */
  RotaryEmbedding: ({ node, inputs: [, positions, cosines, sines] }, g) => [
    apply("RotaryEmbedding", [g, positions, cosines, neg(sines)], node.attributes),
  ],
};
