/** Shape inference of reductions and of operators that work along one axis. */
import type { Dim } from "../ir/dims.ts";
import { normalizeAxis } from "./broadcast.ts";
import { type Application, type InferenceRule, integer, integers, need, needNumbers } from "./rule.ts";

/** The axes that a reduction sums over, counted from the front: opset 18 has them as an input, older ones as an attribute. */
export function reducedAxes(site: Application): number[] {
  const { shape } = need(site, 0);
  const given = site.inputs[1] ? needNumbers(site, 1) : integers(site, "axes");
  if (!given || given.length === 0) return integer(site, "noop_with_empty_axes", 0) ? [] : shape.map((_, axis) => axis);
  return given.map((axis) => normalizeAxis(axis, shape.length)).sort((a, b) => a - b);
}

const reduction: InferenceRule = (site) => {
  const { dtype, shape } = need(site, 0);
  const axes = new Set(reducedAxes(site));
  const keep = integer(site, "keepdims", 1) === 1;
  const reduced: Dim[] = shape.flatMap((dim, axis) => (axes.has(axis) ? (keep ? [1] : []) : [dim]));
  return [{ dtype, shape: reduced }];
};

const alongAxis: InferenceRule = (site) => {
  const { dtype, shape } = need(site, 0);
  normalizeAxis(integer(site, "axis", -1), shape.length);
  return [{ dtype, shape }];
};

const argument: InferenceRule = (site) => {
  const { shape } = need(site, 0);
  const axis = normalizeAxis(integer(site, "axis", 0), shape.length);
  const keep = integer(site, "keepdims", 1) === 1;
  return [{ dtype: "int64", shape: shape.flatMap((dim, i) => (i === axis ? (keep ? [1] : []) : [dim])) }];
};

/** Rules by operator. */
export const reduce: Record<string, InferenceRule> = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceSumSquare: reduction,
  ReduceL2: reduction,
  ReduceLogSumExp: reduction,
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  CumSum: (site) => [{ dtype: need(site, 0).dtype, shape: need(site, 0).shape }],
  ArgMax: argument,
  ArgMin: argument,
  TopK: (site) => {
    const { dtype, shape } = need(site, 0);
    const axis = normalizeAxis(integer(site, "axis", -1), shape.length);
    const [k] = needNumbers(site, 1);
    const top = shape.map((dim, i) => (i === axis ? k : dim));
    return [
      { dtype, shape: top },
      { dtype: "int64", shape: top },
    ];
  },
};
