/** Rules of reductions and of operators along one axis. */
import { reducedAxes } from "../infer/reduce.ts";
import { type Dim, multiplyDims } from "../ir/dims.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";
import { apply, cast, dims, div, equal, exp, expand, full, mul, reshape, sub, sum } from "../ops/mod.ts";
import type { Site, VjpRule } from "./rule.ts";

function axesOf({ node }: Site): number[] {
  return reducedAxes({ operator: node.operator, inputs: node.inputs, attributes: node.attributes, outputs: 1 });
}

/** A reduction's result or cotangent with the reduced axes back at size 1, so that it broadcasts against the input. */
function kept(site: Site, reduced: Tensor): Tensor {
  const axes = new Set(axesOf(site));
  return reshape(
    reduced,
    site.inputs[0].shape.map((dim, axis) => (axes.has(axis) ? 1 : dim)),
  );
}

/** How many elements went into each element of the result, as a scalar tensor. */
function count(site: Site): Tensor {
  const x = site.inputs[0];
  const size = axesOf(site).reduce<Dim>((product, axis) => multiplyDims(product, x.shape[axis]), 1);
  return typeof size === "number" ? scalar(size, x.dtype) : cast(reshape(dims([size]), []), x.dtype);
}

/** The cotangent goes to the elements that attain the extremum, in equal shares. */
const extremum: VjpRule = (site, g) => {
  const attained = cast(equal(site.inputs[0], kept(site, site.output)), g.dtype);
  const ties = sum(attained, { axes: axesOf(site), keep: true });
  return [mul(attained, div(kept(site, g), ties))];
};

/** Rules by operator. */
export const reduce: Record<string, VjpRule> = {
  ReduceSum: (site, g) => [expand(kept(site, g), site.inputs[0].shape)],
  ReduceMean: (site, g) => [expand(kept(site, div(g, count(site))), site.inputs[0].shape)],
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceSumSquare: (site, g) => [mul(mul(site.inputs[0], 2), kept(site, g))],
  ReduceL2: (site, g) => [mul(div(site.inputs[0], kept(site, site.output)), kept(site, g))],
  ReduceLogSumExp: (site, g) => [mul(exp(sub(site.inputs[0], kept(site, site.output))), kept(site, g))],
  Softmax: ({ output: y, attributes }, g) => {
    const axes = [Number(attributes.axis ?? -1)];
    return [mul(y, sub(g, sum(mul(g, y), { axes, keep: true })))];
  },
  LogSoftmax: ({ output: y, attributes }, g) => {
    const axes = [Number(attributes.axis ?? -1)];
    return [sub(g, mul(exp(y), sum(g, { axes, keep: true })))];
  },
  CumSum: ({ node, inputs: [, axis], attributes }, g) => {
    const reverse = attributes.reverse === 1 ? 0 : 1;
    return [apply("CumSum", [g, axis], { ...node.attributes, reverse })];
  },
  /** Only the values carry a gradient: it goes back to where they came from. */
  TopK: ({ inputs: [x], outputs: [, indices], attributes }, g) => {
    const zeros = full(x.shape, 0, g.dtype);
    return [apply("ScatterElements", [zeros, indices, g], { axis: Number(attributes.axis ?? -1) })];
  },
};
