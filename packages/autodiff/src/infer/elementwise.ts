/** Shape inference of operators that work on each element alone. */
import { addDims, type Dim, divideDims, multiplyDims, subtractDims } from "../ir/dims.ts";
import type { DType, Tensor } from "../ir/tensor.ts";
import { broadcastShapes } from "./broadcast.ts";
import { type Application, type InferenceRule, need } from "./rule.ts";

/** Data types by the numbers that ONNX gives them. */
export const ONNX_DTYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

const unary: InferenceRule = (site) => {
  const { dtype, shape } = need(site, 0);
  return [{ dtype, shape }];
};

const identity: InferenceRule = (site) => {
  const { dtype, shape, value } = need(site, 0);
  return [{ dtype, shape, value }];
};

function sameType(site: Application, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype)
    throw new TypeError(`Cannot apply ${site.operator}: found ${a.dtype} and ${b.dtype}, expected one type`);
}

/** Arithmetic on sizes: how `value` goes through an operator. */
type Fold = (a: Dim, b: Dim) => Dim | undefined;

function foldValues(a: Tensor, b: Tensor, fold?: Fold): readonly Dim[] | undefined {
  if (!fold || !a.value || !b.value) return undefined;
  const length = Math.max(a.value.length, b.value.length);
  const value: Dim[] = [];
  for (let i = 0; i < length; i++) {
    const item = fold(a.value[a.value.length === 1 ? 0 : i], b.value[b.value.length === 1 ? 0 : i]);
    if (item === undefined) return undefined;
    value.push(item);
  }
  return value;
}

const onNumbers =
  (compute: (a: number, b: number) => number): Fold =>
  (a, b) =>
    typeof a === "number" && typeof b === "number" ? compute(a, b) : undefined;

const binary =
  (fold?: Fold): InferenceRule =>
  (site) => {
    const [a, b] = [need(site, 0), need(site, 1)];
    sameType(site, a, b);
    return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape, site.operator), value: foldValues(a, b, fold) }];
  };

const comparison =
  (fold?: Fold): InferenceRule =>
  (site) => {
    const [type] = binary(fold)(site);
    return [{ ...type, dtype: "bool" }];
  };

const variadic: InferenceRule = (site) => {
  let { shape } = need(site, 0);
  for (let i = 1; i < site.inputs.length; i++) shape = broadcastShapes(shape, need(site, i).shape, site.operator);
  return [{ dtype: need(site, 0).dtype, shape }];
};

/** Rules by operator. */
export const elementwise: Record<string, InferenceRule> = {
  Identity: identity,
  Cast: (site) => {
    const { shape, value } = need(site, 0);
    const found = Object.entries(ONNX_DTYPES).find(([, number]) => number === site.attributes.to);
    if (!found) throw new TypeError(`Cannot apply Cast: element type ${site.attributes.to} is not supported`);
    const dtype = found[0] as DType;
    return [{ dtype, shape, value: dtype === "int64" || dtype === "int32" ? value : undefined }];
  },
  Clip: unary,
  Dropout: unary,
  Not: unary,
  IsNaN: (site) => [{ dtype: "bool", shape: need(site, 0).shape }],
  Pow: (site) => {
    const [a, b] = [need(site, 0), need(site, 1)];
    return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape, site.operator) }];
  },
  Where: (site) => {
    const [condition, a, b] = [need(site, 0), need(site, 1), need(site, 2)];
    sameType(site, a, b);
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape, "Where"), "Where");
    const known = condition.value && a.value && b.value;
    const pick = (from: readonly Dim[], i: number) => from[from.length === 1 ? 0 : i];
    const value = known ? condition.value!.map((chosen, i) => pick(chosen ? a.value! : b.value!, i)) : undefined;
    return [{ dtype: a.dtype, shape, value }];
  },
  Add: binary(addDims),
  Sub: binary(subtractDims),
  Mul: binary(multiplyDims),
  Div: binary((a, b) => (typeof a === "number" && typeof b === "number" ? Math.trunc(a / b) : divideDims(a, b))),
  Mod: binary(onNumbers((a, b) => a - b * Math.floor(a / b))),
  Equal: comparison((a, b) =>
    a === b ? 1 : typeof a === "number" && typeof b === "number" ? 0 : a === -1 || b === -1 ? 0 : undefined,
  ),
  Greater: comparison(onNumbers((a, b) => Number(a > b))),
  Less: comparison(onNumbers((a, b) => Number(a < b))),
  GreaterOrEqual: comparison(onNumbers((a, b) => Number(a >= b))),
  LessOrEqual: comparison(onNumbers((a, b) => Number(a <= b))),
  And: comparison(),
  Or: comparison(),
  Max: variadic,
  Min: variadic,
};

for (const operator of [
  ...["Neg", "Abs", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Sign", "Floor", "Ceil", "Round"],
  ...["Sigmoid", "Tanh", "Relu", "Erf", "Softplus", "LeakyRelu", "Elu", "HardSwish", "Gelu", "FastGelu", "QuickGelu"],
]) {
  elementwise[operator] = unary;
}
