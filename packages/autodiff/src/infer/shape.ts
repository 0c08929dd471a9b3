/** Shape inference of operators that move, cut and join without computing. */
import { addDims, type Dim, divideDims, multiplyDims, sizeOf, subtractDims } from "../ir/dims.ts";
import type { ConstantData } from "../ir/tensor.ts";
import { broadcastShapes, normalizeAxis, unknownDim } from "./broadcast.ts";
import { type Application, type InferenceRule, integer, integers, need, needNumbers, needValue } from "./rule.ts";

function axesOf(site: Application, rank: number): number[] | undefined {
  const axes = site.inputs[1] ? needNumbers(site, 1) : integers(site, "axes");
  return axes?.map((axis) => normalizeAxis(axis, rank));
}

/** Start and length of a slice along an axis: clamped when the size is a number, taken at its word when it is symbolic. */
function sliceAxis(size: Dim, start: Dim, end: Dim, step: number): Dim {
  if (typeof size === "number" && typeof start === "number" && typeof end === "number") {
    const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
    const to = step > 0 ? clamp(end, 0, size) : end < -size ? -1 : clamp(end, -1, size);
    return Math.max(0, Math.ceil((to - from) / step));
  }
  if (step !== 1) return unknownDim(`slice(${size}, ${start}, ${end}, ${step})`);
  const toEnd = typeof end === "number" && end >= 2 ** 31 - 1;
  const last = toEnd ? size : typeof end === "number" && end < 0 ? addDims(size, end) : end;
  return subtractDims(last, typeof start === "number" && start < 0 ? addDims(size, start) : start);
}

/** The known content of a result whose elements are elements of an operand: `source` maps places to places. */
function pickValues(
  value: readonly Dim[],
  from: readonly Dim[],
  to: readonly Dim[],
  source: (place: number[]) => number[],
): Dim[] {
  let places: number[][] = [[]];
  for (const size of to)
    places = places.flatMap((place) => Array.from({ length: Number(size) }, (_, i) => [...place, i]));
  return places.map((place) => value[source(place).reduce((flat, at, axis) => flat * Number(from[axis]) + at, 0)]);
}

const slice: InferenceRule = (site) => {
  const data = need(site, 0);
  const starts = needValue(site, 1);
  const ends = needValue(site, 2);
  const axes = site.inputs[3] ? needNumbers(site, 3) : starts.map((_, i) => i);
  const steps = site.inputs[4] ? needNumbers(site, 4) : starts.map(() => 1);
  const shape = [...data.shape];
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, shape.length);
    shape[axis] = sliceAxis(shape[axis], starts[i], ends[i], steps[i]);
  });
  if (!data.value || ![...starts, ...ends].every((at) => typeof at === "number")) return [{ dtype: data.dtype, shape }];
  const first = data.shape.map(() => 0);
  const stride = data.shape.map(() => 1);
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, shape.length);
    const [size, start] = [Number(data.shape[axis]), Number(starts[i])];
    first[axis] = Math.min(Math.max(start < 0 ? start + size : start, 0), steps[i] > 0 ? size : size - 1);
    stride[axis] = steps[i];
  });
  const value = pickValues(data.value, data.shape, shape, (place) => place.map((at, i) => first[i] + at * stride[i]));
  return [{ dtype: data.dtype, shape, value }];
};

/** The sizes that a Reshape asks for, with 0 (copy) and −1 (the rest) resolved. */
function reshapedSizes(site: Application): Dim[] {
  const data = need(site, 0);
  const sizes = needValue(site, 1).map((size, axis) =>
    size === 0 && !integer(site, "allowzero", 0) ? data.shape[axis] : size,
  );
  const rest = sizes.indexOf(-1);
  if (rest >= 0) {
    const others = sizeOf(sizes.filter((_, axis) => axis !== rest));
    sizes[rest] = divideDims(sizeOf(data.shape), others) ?? unknownDim(`(${sizeOf(data.shape)})/(${others})`);
  }
  const [from, to] = [sizeOf(data.shape), sizeOf(sizes)];
  if (typeof from === "number" && typeof to === "number" && from !== to) {
    throw new RangeError(`Cannot reshape [${data.shape}] to [${sizes}]: ${from} elements are not ${to}`);
  }
  return sizes;
}

/** Rules by operator. */
export const shape: Record<string, InferenceRule> = {
  Reshape: (site) => [{ dtype: need(site, 0).dtype, shape: reshapedSizes(site), value: need(site, 0).value }],
  Flatten: (site) => {
    const data = need(site, 0);
    const axis = integer(site, "axis", 1);
    return [{ dtype: data.dtype, shape: [sizeOf(data.shape.slice(0, axis)), sizeOf(data.shape.slice(axis))] }];
  },
  Transpose: (site) => {
    const data = need(site, 0);
    const order = integers(site, "perm") ?? data.shape.map((_, axis) => data.shape.length - 1 - axis);
    const isPermutation = [...order].sort((a, b) => a - b).every((axis, i) => axis === i);
    if (order.length !== data.shape.length || !isPermutation) {
      throw new RangeError(`Cannot transpose [${data.shape}] by [${order}]: expected a permutation of its axes`);
    }
    const shape = order.map((axis) => data.shape[axis]);
    const value =
      data.value &&
      pickValues(data.value, data.shape, shape, (place) => data.shape.map((_, axis) => place[order.indexOf(axis)]));
    return [{ dtype: data.dtype, shape, value }];
  },
  Unsqueeze: (site) => {
    const data = need(site, 0);
    const count = site.inputs[1] ? needNumbers(site, 1).length : integers(site, "axes")!.length;
    const axes = axesOf(site, data.shape.length + count)!;
    const sizes: Dim[] = [...data.shape];
    for (const axis of axes.sort((a, b) => a - b)) sizes.splice(axis, 0, 1);
    return [{ dtype: data.dtype, shape: sizes, value: data.value }];
  },
  Squeeze: (site) => {
    const data = need(site, 0);
    const axes = axesOf(site, data.shape.length);
    const gone = axes ? new Set(axes) : undefined;
    const sizes = data.shape.filter((dim, axis) => (gone ? !gone.has(axis) : dim !== 1));
    return [{ dtype: data.dtype, shape: sizes, value: data.value }];
  },
  Expand: (site) => {
    const data = need(site, 0);
    return [{ dtype: data.dtype, shape: broadcastShapes(data.shape, needValue(site, 1), "Expand") }];
  },
  Slice: slice,
  Concat: (site) => {
    const parts = site.inputs.map((_, i) => need(site, i));
    const axis = normalizeAxis(integer(site, "axis"), parts[0].shape.length);
    const sizes = [...parts[0].shape];
    for (const part of parts.slice(1)) {
      part.shape.forEach((dim, i) => {
        if (i === axis) sizes[i] = addDims(sizes[i], dim);
        else if (dim !== sizes[i]) sizes[i] = broadcastShapes([dim], [sizes[i]], "Concat")[0];
      });
    }
    const value = parts.every((part) => part.value) ? parts.flatMap((part) => [...part.value!]) : undefined;
    return [{ dtype: parts[0].dtype, shape: sizes, value }];
  },
  Split: (site) => {
    const data = need(site, 0);
    const axis = normalizeAxis(integer(site, "axis", 0), data.shape.length);
    const size = data.shape[axis];
    const even = () => {
      const count = integer(site, "num_outputs", site.outputs);
      const each = typeof size === "number" ? Math.ceil(size / count) : divideDims(size, count);
      if (each === undefined) throw new RangeError(`Cannot split size ${size} into ${count} equal parts`);
      const parts = Array.from({ length: count }, () => each);
      // As of opset 18, the last part is what is left.
      if (typeof size === "number") parts[count - 1] = size - (count - 1) * Number(each);
      return parts;
    };
    const parts = site.inputs[1] ? needValue(site, 1) : (integers(site, "split") ?? even());
    return parts.map((part) => ({ dtype: data.dtype, shape: data.shape.map((dim, i) => (i === axis ? part : dim)) }));
  },
  Pad: (site) => {
    const data = need(site, 0);
    const pads = needValue(site, 1);
    const rank = data.shape.length;
    const axes = site.inputs[3]
      ? needNumbers(site, 3).map((axis) => normalizeAxis(axis, rank))
      : data.shape.map((_, i) => i);
    if (pads.length !== 2 * axes.length)
      throw new RangeError(
        `Cannot pad ${axes.length} axes of [${data.shape}]: expected two sizes each, found ${pads.length}`,
      );
    const sizes = [...data.shape];
    axes.forEach((axis, i) => {
      sizes[axis] = addDims(addDims(sizes[axis], pads[i]), pads[i + axes.length]);
    });
    return [{ dtype: data.dtype, shape: sizes }];
  },
  Tile: (site) => {
    const data = need(site, 0);
    const repeats = needValue(site, 1);
    return [{ dtype: data.dtype, shape: data.shape.map((dim, i) => multiplyDims(dim, repeats[i])) }];
  },
  Shape: (site) => {
    const data = need(site, 0);
    const value = data.shape.slice(integer(site, "start", 0), integer(site, "end", data.shape.length));
    return [{ dtype: "int64", shape: [value.length], value }];
  },
  ConstantOfShape: (site) => {
    const sizes = needValue(site, 0);
    const fill = site.attributes.value as ConstantData | undefined;
    const dtype = fill?.dtype ?? "float32";
    const isIndex = (dtype === "int64" || dtype === "int32") && sizes.length === 1;
    const value =
      isIndex && typeof sizes[0] === "number" && sizes[0] <= 64
        ? new Array<number>(sizes[0]).fill(Number(fill!.data[0]))
        : undefined;
    return [{ dtype, shape: sizes, value }];
  },
  Range: (site) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => needValue(site, i)[0]);
    const known = [start, limit, delta].every((item) => typeof item === "number");
    const size = known
      ? Math.max(0, Math.ceil((Number(limit) - Number(start)) / Number(delta)))
      : delta === 1
        ? subtractDims(limit, start)
        : unknownDim(`range(${start}, ${limit}, ${delta})`);
    return [{ dtype: need(site, 0).dtype, shape: [size] }];
  },
};
