/** Rules of operators that move, cut and join: the cotangent travels the way back. */
import { normalizeAxis } from "../infer/broadcast.ts";
import { addDims, type Dim, multiplyDims, subtractDims } from "../ir/dims.ts";
import { constant, scalar, type Tensor } from "../ir/tensor.ts";
import { apply, concat, dims, expand, full, padZeros, reshape, split, transpose } from "../ops/mod.ts";
import { type Site, unbroadcast, type VjpRule } from "./rule.ts";

const back: VjpRule = ({ inputs: [x] }, g) => [reshape(g, x.shape)];

/** The integers of input `index`, which must not be symbolic. */
function numbers({ node, inputs }: Site, index: number, what: string): number[] {
  return inputs[index].value!.map((value) => {
    if (typeof value !== "number")
      throw new TypeError(`Cannot differentiate ${node.operator}: ${what} "${value}" is symbolic`);
    return value;
  });
}

/** Undoes a slice with a step along one axis: its elements return to every `step`-th place, zeros fill the gaps. */
function spread({ node, inputs: [x] }: Site, g: Tensor, axis: number, start: Dim, step: number): Tensor {
  const [size, count] = [x.shape[axis], g.shape[axis]];
  if (typeof size !== "number" || typeof count !== "number" || typeof start !== "number")
    throw new TypeError(`Cannot differentiate ${node.operator} with step ${step} along the symbolic size "${size}"`);
  const first = step > 0 ? Math.max(start, 0) : Math.min(start, size - 1);
  const places = Array.from({ length: count }, (_, i) => first + i * step);
  const row = constant(
    places,
    g.shape.map((_, i) => (i === axis ? count : 1)),
    "int64",
  );
  const shape = g.shape.map((dim, i) => (i === axis ? size : dim));
  return apply("ScatterElements", [full(shape, 0, g.dtype), expand(row, g.shape), g], { axis });
}

/** Puts the cotangent back, one axis after the other: zeros go where the slice left something out. */
const sliceRule: VjpRule = (site, g) => {
  const [x, startsInput, , axesInput, stepsInput] = site.inputs;
  const starts = startsInput.value!;
  const axes = axesInput ? numbers(site, 3, "axes") : starts.map((_, i) => i);
  const steps = stepsInput ? numbers(site, 4, "steps") : starts.map(() => 1);
  let whole = g;
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, x.shape.length);
    const size = x.shape[axis];
    const start = starts[i];
    let before = typeof start === "number" && start < 0 ? addDims(size, start) : start;
    if (steps[i] !== 1) {
      whole = spread(site, whole, axis, before, steps[i]);
      return;
    }
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
  Pad: ({ node, inputs: [, pads, , axes], attributes }, g) => {
    if ((attributes.mode ?? "constant") !== "constant")
      throw new TypeError(`Cannot differentiate ${node.operator} with mode="${attributes.mode}"`);
    // Padding by as much less than nothing cuts off what was added.
    const back = dims(pads.value!.map((size) => multiplyDims(size, -1)));
    return [apply("Pad", [g, back, scalar(0, g.dtype), axes])];
  },
  Trilu: ({ node, inputs: [, k] }, g) => [apply("Trilu", [g, k], node.attributes)],
};
