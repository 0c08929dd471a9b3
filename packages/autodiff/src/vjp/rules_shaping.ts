/** Rules of operators that move, cut and join: the cotangent travels the way back. */
import { normalizeAxis } from "../infer/broadcast.ts";
import { addDims, type Dim, subtractDims } from "../ir/dims.ts";
import type { Tensor } from "../ir/tensor.ts";
import { apply, concat, dims, full, padZeros, reshape, slice, split, transpose } from "../ops/mod.ts";
import { type Site, unbroadcast, type VjpRule } from "./rule.ts";

const back: VjpRule = ({ inputs: [x] }, g) => [reshape(g, x.shape)];

/** The integers of input `index`, or of an attribute as older operator sets have it. */
function numbers({ node, inputs, attributes }: Site, index: number, attribute: string): number[] | undefined {
  const values = inputs[index]?.value ?? (attributes[attribute] as number[] | undefined);
  return values?.map((value) => {
    if (typeof value !== "number")
      throw new TypeError(`Cannot differentiate ${node.operator}: ${attribute} "${value}" is symbolic`);
    return value;
  });
}

/** Pads the cotangent with zeros where the slice left something out, one axis after the other. */
const sliceRule: VjpRule = (site, g) => {
  const { inputs, node } = site;
  const [x, startsInput, , axesInput, stepsInput] = inputs;
  const starts = numbers(site, 1, "starts")!;
  const axes = axesInput ? numbers(site, 3, "axes")! : starts.map((_, i) => i);
  const steps = stepsInput ? numbers(site, 4, "steps")! : starts.map(() => 1);
  if (!startsInput || steps.some((step) => step !== 1))
    throw new TypeError(`Cannot differentiate ${node.operator} with steps ${steps}: expected 1`);
  let whole = g;
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, x.shape.length);
    const size = x.shape[axis];
    const start = starts[i];
    let before: Dim = start < 0 ? addDims(size, start) : start;
    if (typeof size === "number" && typeof before === "number") before = Math.min(Math.max(before, 0), size);
    const after = subtractDims(subtractDims(size, before), whole.shape[axis]);
    if (before !== 0 || after !== 0) whole = padZeros(whole, axis, before, after);
  });
  return [whole];
};

/** Rules by operator. */
export const shaping: Record<string, VjpRule> = {
  Reshape: back,
  Flatten: back,
  Squeeze: back,
  Unsqueeze: back,
  Transpose: ({ inputs: [x], attributes }, g) => {
    const order = (attributes.perm as number[] | undefined) ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
    return [
      transpose(
        g,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  Expand: ({ inputs: [x] }, g) => [unbroadcast(g, x)],
  Tile: ({ inputs: [x, repeats] }, g) => {
    // [r·n] is [r, n] in row-major order: reshape and sum over the repeats.
    const shape = x.shape.flatMap((dim, axis) => [repeats.value![axis], dim]);
    const axes = x.shape.map((_, axis) => 2 * axis);
    return [reshape(apply("ReduceSum", [reshape(g, shape), dims(axes)], { keepdims: 0 }), x.shape)];
  },
  Slice: sliceRule,
  Concat: ({ inputs, attributes }, g) => {
    const axis = Number(attributes.axis);
    return split(
      g,
      inputs.map((part) => part.shape.at(axis)!),
      axis,
    );
  },
  Split: ({ outputs, cotangents, attributes }, g) => {
    const parts = outputs.map((part, i) => cotangents[i] ?? full(part.shape, 0, (g ?? part).dtype));
    return [concat(parts, Number(attributes.axis ?? 0))];
  },
  Pad: ({ node, inputs: [x, pads], attributes }, g) => {
    if ((attributes.mode ?? "constant") !== "constant")
      throw new TypeError(`Cannot differentiate ${node.operator} with mode="${attributes.mode}"`);
    const sizes = pads.value!;
    return [
      x.shape.reduce<Tensor>((inner, dim, axis) => {
        if (sizes[axis] === 0 && sizes[axis + x.shape.length] === 0) return inner;
        return slice(inner, axis, Number(sizes[axis]), addDims(dim, sizes[axis]));
      }, g),
    ];
  },
  Trilu: ({ node, inputs: [, k] }, g) => [apply("Trilu", [g, k], node.attributes)],
};
