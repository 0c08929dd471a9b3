/** Rules of operators that work on each element alone. */
import { isFloat, type Tensor } from "../ir/tensor.ts";
import {
  add,
  cast,
  cos,
  div,
  equal,
  erf,
  exp,
  greater,
  less,
  log,
  mul,
  neg,
  pow,
  sigmoid,
  sign,
  sin,
  sub,
  tanh,
  where,
  zerosLike,
} from "../ops/mod.ts";
import { unbroadcast, type VjpRule } from "./rule.ts";

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
const ONE_OVER_ROOT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);
const none: VjpRule = () => [];

/** Max and Min: the cotangent goes to the operands that attain the output, in equal shares. */
const extremum: VjpRule = ({ inputs, output }, g) => {
  const attained = inputs.map((x) => cast(equal(x, output), output.dtype));
  const share = div(
    g,
    attained.reduce((a, b) => add(a, b)),
  );
  return inputs.map((x, i) => unbroadcast(mul(share, attained[i]), x));
};

/** Standard normal distribution function, as Gelu uses it. */
function normalCdf(x: Tensor): Tensor {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** (1 + t)/2 + x (1 − t²) u′/2 with t = tanh u. */
function fastGeluSlope(x: Tensor): Tensor {
  const root = Math.sqrt(2 / Math.PI);
  const square = mul(x, x);
  const t = tanh(mul(x, add(mul(square, 0.044715 * root), root)));
  const slope = add(mul(square, 3 * 0.044715 * root), root);
  return mul(add(add(t, 1), mul(mul(x, sub(1, mul(t, t))), slope)), 0.5);
}

/** Rules by operator. */
export const elementwise: Record<string, VjpRule> = {
  Identity: (_, g) => [g],
  Dropout: (_, g) => [g],
  Cast: ({ inputs: [x] }, g) => [cast(g, x.dtype)],
  Add: ({ inputs: [a, b] }, g) => [unbroadcast(g, a), unbroadcast(g, b)],
  Sub: ({ inputs: [a, b] }, g) => [unbroadcast(g, a), unbroadcast(neg(g), b)],
  Mul: ({ inputs: [a, b] }, g) => [unbroadcast(mul(g, b), a), unbroadcast(mul(g, a), b)],
  Div: ({ inputs: [a, b], output }, g) => {
    const share = div(g, b);
    return [unbroadcast(share, a), unbroadcast(neg(mul(share, output)), b)];
  },
  Pow: ({ inputs: [x, y], output }, g) => [
    unbroadcast(mul(g, mul(cast(y, x.dtype), pow(x, sub(y, 1)))), x),
    isFloat(y.dtype) ? unbroadcast(mul(g, mul(output, log(x))), y) : undefined,
  ],
  Neg: (_, g) => [neg(g)],
  Abs: ({ inputs: [x] }, g) => [mul(g, sign(x))],
  Exp: ({ output: y }, g) => [mul(g, y)],
  Log: ({ inputs: [x] }, g) => [div(g, x)],
  Sqrt: ({ output: y }, g) => [div(mul(g, 0.5), y)],
  Reciprocal: ({ output: y }, g) => [neg(mul(g, mul(y, y)))],
  Sin: ({ inputs: [x] }, g) => [mul(g, cos(x))],
  Cos: ({ inputs: [x] }, g) => [neg(mul(g, sin(x)))],
  Sigmoid: ({ output: y }, g) => [mul(g, mul(y, sub(1, y)))],
  Tanh: ({ output: y }, g) => [mul(g, sub(1, mul(y, y)))],
  Relu: ({ output: y }, g) => [where(greater(y, 0), g, zerosLike(g))],
  LeakyRelu: ({ inputs: [x], attributes }, g) => [where(greater(x, 0), g, mul(g, float(attributes.alpha, 0.01)))],
  Elu: ({ inputs: [x], output: y, attributes }, g) => [
    where(greater(x, 0), g, mul(g, add(y, float(attributes.alpha, 1)))),
  ],
  Softplus: ({ inputs: [x] }, g) => [mul(g, sigmoid(x))],
  Erf: ({ inputs: [x] }, g) => [mul(g, mul(exp(neg(mul(x, x))), TWO_OVER_ROOT_PI))],
  /** x Φ(x) */
  Gelu: ({ inputs: [x], attributes }, g) => {
    if (attributes.approximate === "tanh") return [mul(g, fastGeluSlope(x))];
    const density = mul(exp(mul(mul(x, x), -0.5)), ONE_OVER_ROOT_TWO_PI);
    return [mul(g, add(normalCdf(x), mul(x, density)))];
  },
  /** x (1 + tanh u) / 2, u = √(2/π) (x + 0.044715 x³) */
  FastGelu: ({ node, inputs: [x, bias] }, g) => {
    if (bias) throw new TypeError(`Cannot differentiate ${node.operator} with a bias`);
    return [mul(g, fastGeluSlope(x))];
  },
  /** x · min(max(x + 3, 0), 6) / 6 */
  HardSwish: ({ inputs: [x] }, g) => {
    const inner = mul(g, add(mul(x, 1 / 3), 0.5));
    return [where(less(x, -3), zerosLike(g), where(greater(x, 3), g, inner))];
  },
  /** y = x σ(αx), so y′ = σ + α (y − y σ) */
  QuickGelu: ({ inputs: [x], output: y, attributes }, g) => {
    const alpha = float(attributes.alpha, 1.702);
    const times = (z: Tensor) => (alpha === 1 ? z : mul(z, alpha));
    const s = sigmoid(times(x));
    return [mul(g, add(s, times(sub(y, mul(y, s)))))];
  },
  Clip: ({ inputs: [x, low, high] }, g) => {
    let inside = g;
    if (low) inside = where(less(x, low), zerosLike(x), inside);
    if (high) inside = where(greater(x, high), zerosLike(x), inside);
    return [inside];
  },
  Where: ({ inputs: [condition, a, b] }, g) => [
    undefined,
    unbroadcast(where(condition, g, zerosLike(g)), a),
    unbroadcast(where(condition, zerosLike(g), g), b),
  ],
  Max: extremum,
  Min: extremum,
  Sign: none,
  Floor: none,
  Ceil: none,
  Round: none,
};

function float(attribute: unknown, fallback: number): number {
  if (typeof attribute === "number") return attribute;
  return typeof attribute === "object" && attribute !== null && "float" in attribute
    ? Number(attribute.float)
    : fallback;
}
