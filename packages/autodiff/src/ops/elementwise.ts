/** Operators on each element alone; two operands broadcast against each other. A number stands for a scalar constant. */
import { ONNX_DTYPES } from "../infer/elementwise.ts";
import { type DType, scalar, type Tensor } from "../ir/tensor.ts";
import { apply } from "./apply.ts";

/** A tensor, or a number that takes its type from the other operand. */
export type Operand = Tensor | number;

function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === "number") {
    if (typeof b === "number") throw new TypeError(`Cannot combine ${a} and ${b}: expected at least one tensor`);
    return [scalar(a, b.dtype), b];
  }
  return [a, typeof b === "number" ? scalar(b, a.dtype) : b];
}

/** a + b */
export function add(a: Operand, b: Operand): Tensor {
  return apply("Add", operands(a, b));
}
/** a − b */
export function sub(a: Operand, b: Operand): Tensor {
  return apply("Sub", operands(a, b));
}
/** a · b */
export function mul(a: Operand, b: Operand): Tensor {
  return apply("Mul", operands(a, b));
}
/** a / b; integers are truncated. */
export function div(a: Operand, b: Operand): Tensor {
  return apply("Div", operands(a, b));
}
/** a to the power b */
export function pow(a: Operand, b: Operand): Tensor {
  return apply("Pow", operands(a, b));
}
/** max(a, b) */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply("Max", operands(a, b));
}
/** min(a, b) */
export function minimum(a: Operand, b: Operand): Tensor {
  return apply("Min", operands(a, b));
}
/** −x */
export function neg(x: Tensor): Tensor {
  return apply("Neg", [x]);
}
/** |x| */
export function abs(x: Tensor): Tensor {
  return apply("Abs", [x]);
}
/** eˣ */
export function exp(x: Tensor): Tensor {
  return apply("Exp", [x]);
}
/** ln x */
export function log(x: Tensor): Tensor {
  return apply("Log", [x]);
}
/** √x */
export function sqrt(x: Tensor): Tensor {
  return apply("Sqrt", [x]);
}
/** 1 / x */
export function reciprocal(x: Tensor): Tensor {
  return apply("Reciprocal", [x]);
}
/** sin x */
export function sin(x: Tensor): Tensor {
  return apply("Sin", [x]);
}
/** cos x */
export function cos(x: Tensor): Tensor {
  return apply("Cos", [x]);
}
/** The Gauss error function of x. */
export function erf(x: Tensor): Tensor {
  return apply("Erf", [x]);
}
/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Tensor): Tensor {
  return apply("Sigmoid", [x]);
}
/**
 * x · σ(βx): SiLU for β = 1 (Ramachandran et al., arXiv 1710.05941), close to GELU for β = 1.702. In float32 written as
 * silu(βx) / β: products before and after take the factors, and the kernel is fastest without one.
 */
export function swish(x: Tensor, beta = 1): Tensor {
  const scaled = (z: Tensor, factor: number) => (factor === 1 ? z : mul(z, factor));
  if (x.dtype !== "float32") return mul(x, sigmoid(scaled(x, beta)));
  return scaled(apply("QuickGelu", [scaled(x, beta)], { alpha: { float: 1 } }), 1 / beta);
}
/** tanh x */
export function tanh(x: Tensor): Tensor {
  return apply("Tanh", [x]);
}
/** max(x, 0) */
export function relu(x: Tensor): Tensor {
  return apply("Relu", [x]);
}
/** ln(1 + eˣ) */
export function softplus(x: Tensor): Tensor {
  return apply("Softplus", [x]);
}
/** −1, 0 or 1 */
export function sign(x: Tensor): Tensor {
  return apply("Sign", [x]);
}
/** a = b, as booleans */
export function equal(a: Operand, b: Operand): Tensor {
  return apply("Equal", operands(a, b));
}
/** a > b, as booleans */
export function greater(a: Operand, b: Operand): Tensor {
  return apply("Greater", operands(a, b));
}
/** a ≥ b, as booleans */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return apply("GreaterOrEqual", operands(a, b));
}
/** a < b, as booleans */
export function less(a: Operand, b: Operand): Tensor {
  return apply("Less", operands(a, b));
}
/** Both hold. */
export function and(a: Tensor, b: Tensor): Tensor {
  return apply("And", [a, b]);
}
/** One of them holds, or both. */
export function or(a: Tensor, b: Tensor): Tensor {
  return apply("Or", [a, b]);
}
/** Does not hold. */
export function not(a: Tensor): Tensor {
  return apply("Not", [a]);
}
/** `a` where the condition holds, `b` elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (typeof a === "number" && typeof b === "number") return apply("Where", [condition, scalar(a), scalar(b)]);
  return apply("Where", [condition, ...operands(a, b)]);
}
/** Another element type, same values. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply("Cast", [x], { to: ONNX_DTYPES[dtype] });
}
