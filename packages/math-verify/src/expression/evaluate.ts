/**
 * The value of an expression at a point, in complex double precision. Variables get values from their names and the
 * point's number, and so do unknown functions: `f(x)` is some fixed smooth function, whatever f is, so that f(x+1) and
 * f(1+x) agree and f(x) and f(y) do not.
 *
 * @module
 */
import type { Deadline } from "../deadline.ts";
import * as c from "../numbers/complex.ts";
import { toNumber } from "../numbers/rational.ts";
import { exactValue } from "./exact.ts";
import type { Node } from "./node.ts";

type Complex = c.Complex;

/** Where to evaluate. */
export interface Point {
  /** Its number: each has other values of the variables. */
  readonly seed: number;
  /** Values of some variables; the others come from the seed. */
  readonly values?: ReadonlyMap<string, Complex>;
  readonly deadline: Deadline;
  /** The largest modulus met on the way, which says how much cancellation can have cost. */
  scale: number;
  /** Whether some part had no real value. */
  complex: boolean;
}

/** The point with number `seed`. */
export function pointAt(seed: number, deadline: Deadline, values?: ReadonlyMap<string, Complex>): Point {
  return { seed, values, deadline, scale: 0, complex: false };
}

/** A number in [0, 1) from a name and a seed (FNV-1a, then a finaliser). */
function hash(name: string, seed: number): number {
  let h = 2166136261 ^ Math.imul(seed + 1, 0x9e3779b1);
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Even points are positive, so that roots and logarithms are real at half of them; odd ones have either sign. */
export function variableAt(name: string, seed: number): number {
  const size = 0.3 + 2.7 * hash(name, seed);
  return seed % 2 === 1 && hash(`${name}±`, seed) < 0.6 ? -size : size;
}

/** The value; NaN or infinite where there is none. */
export function evaluate(node: Node, point: Point): Complex {
  point.deadline.tick();
  const value = evaluateKind(node, point);
  const size = Math.abs(value.re) + Math.abs(value.im);
  if (size > point.scale && size < Infinity) point.scale = size;
  if (Math.abs(value.im) > 1e-12 * size) point.complex = true;
  return value;
}

function evaluateKind(node: Node, point: Point): Complex {
  switch (node.kind) {
    case "number":
      return c.complex(toNumber(node.value));
    case "symbol":
      return symbolValue(node.name, point);
    case "sum":
      return node.terms.reduce((total, term) => c.add(total, evaluate(term, point)), c.complex(0));
    case "product": {
      let total = c.complex(1);
      for (const factor of node.factors)
        total =
          factor.kind === "power" && factor.exponent.kind === "number" && factor.exponent.value.numerator === -1n
            ? c.divide(total, evaluate(factor.base, point))
            : c.multiply(total, evaluate(factor, point));
      return total;
    }
    case "power": {
      const base = evaluate(node.base, point);
      const { exponent } = node;
      // Odd roots of negative numbers are the real ones, as schools have it.
      if (exponent.kind === "number" && base.im === 0 && base.re < 0 && exponent.value.denominator % 2n === 1n) {
        const size = (-base.re) ** toNumber(exponent.value);
        return c.complex(exponent.value.numerator % 2n === 0n ? size : -size);
      }
      if (exponent.kind === "number" && base.im === 0 && base.re >= 0 && exponent.value.denominator === 2n)
        return c.complex(Math.sqrt(base.re) ** Number(exponent.value.numerator));
      return c.power(base, evaluate(exponent, point));
    }
    case "call":
      return callValue(node.name, node.args, point);
    case "series":
      return seriesValue(node, point);
    case "matrix":
      return c.NAN;
  }
}

function symbolValue(name: string, point: Point): Complex {
  const given = point.values?.get(name);
  if (given) return given;
  if (name === "\\pi") return c.complex(Math.PI);
  if (name === "e") return c.complex(Math.E);
  if (name === "i") return c.complex(0, 1);
  if (name === "\\infty") return c.complex(Infinity);
  return c.complex(variableAt(name, point.seed));
}

const real =
  (f: (...x: number[]) => number) =>
  (...args: Complex[]): Complex =>
    args.every((x) => x.im === 0) ? c.complex(f(...args.map((x) => x.re))) : c.NAN;

const reciprocal = (f: (x: Complex) => Complex) => (x: Complex) => c.divide(c.complex(1), f(x));
const tan = (x: Complex): Complex => c.divide(c.sin(x), c.cos(x));

/** floor that forgives rounding. */
const floor = (x: number): number =>
  Math.abs(x - Math.round(x)) < 1e-11 * (1 + Math.abs(x)) ? Math.round(x) : Math.floor(x);

const known: Record<string, (...args: Complex[]) => Complex> = {
  sin: c.sin,
  cos: c.cos,
  tan,
  cot: reciprocal(tan),
  sec: reciprocal(c.cos),
  csc: reciprocal(c.sin),
  arcsin: real(Math.asin),
  arccos: real(Math.acos),
  arctan: real(Math.atan),
  arccot: real((x) => Math.PI / 2 - Math.atan(x)),
  arcsec: real((x) => Math.acos(1 / x)),
  arccsc: real((x) => Math.asin(1 / x)),
  sinh: real(Math.sinh),
  cosh: real(Math.cosh),
  tanh: real(Math.tanh),
  coth: real((x) => 1 / Math.tanh(x)),
  ln: c.log,
  log: (a, b) => (b ? c.divide(c.log(b), c.log(a)) : c.log(a)),
  lg: (x) => c.divide(c.log(x), c.complex(Math.LN10)),
  exp: c.exp,
  abs: (x) => c.complex(c.modulus(x)),
  floor: real(floor),
  ceil: real((x) => -floor(-x)),
  max: real(Math.max),
  min: real(Math.min),
  sgn: real(Math.sign),
  sign: real(Math.sign),
  Re: (x) => c.complex(x.re),
  Im: (x) => c.complex(x.im),
  arg: (x) => c.complex(Math.atan2(x.im, x.re)),
  factorial: real((x) => c.gamma(x + 1)),
  binom: real((n, k) => c.gamma(n + 1) / (c.gamma(k + 1) * c.gamma(n - k + 1))),
};
known.asin = known.arcsin;
known.acos = known.arccos;
known.atan = known.arctan;

function callValue(name: string, args: readonly Node[], point: Point): Complex {
  const f = Object.hasOwn(known, name) ? known[name] : undefined;
  if (f) {
    // Exact arguments keep 2004!/2003! and the like from overflowing on their way.
    if (name === "factorial" || name === "binom") {
      const exact = exactValue({ kind: "call", name, args }, point.deadline);
      if (exact) return c.complex(toNumber(exact));
    }
    return f(...args.map((arg) => evaluate(arg, point)));
  }
  if (args.some((arg) => arg.kind === "matrix")) return c.NAN;
  if (name === "index" && args[0].kind === "symbol")
    return unknown(`index ${args[0].name}`, [evaluate(args[1], point)], point);
  return unknown(
    name,
    args.map((arg) => evaluate(arg, point)),
    point,
  );
}

/** A smooth function that only the name decides. */
function unknown(name: string, args: readonly Complex[], { seed }: Point): Complex {
  let total = 1 + hash(name, seed);
  for (const [i, arg] of args.entries()) {
    const re = Number.isFinite(arg.re) ? arg.re : Math.sign(arg.re) * 1e3;
    const im = arg.im || 0;
    const rate = 0.7 + hash(`${name} ${i}`, 7);
    total += Math.sin(rate * re + hash(`${name} ${i}`, 11) * 6) + Math.cos(1.3 * rate * im + i);
  }
  return c.complex(total);
}

const MAX_TERMS = 2000;

function seriesValue(node: Node & { kind: "series" }, point: Point): Complex {
  const from = evaluate(node.from, point);
  const to = evaluate(node.to, point);
  const bodyAt = (k: number): Complex =>
    evaluate(node.body, { ...point, values: new Map(point.values).set(node.variable, c.complex(k)) });
  const count = to.re - from.re;
  const counted = from.im === 0 && to.im === 0 && Number.isInteger(from.re) && Number.isInteger(to.re);
  if (counted && count < MAX_TERMS) {
    let total = c.complex(node.name === "sum" ? 0 : 1);
    for (let k = from.re; k <= to.re; k++) total = (node.name === "sum" ? c.add : c.multiply)(total, bodyAt(k));
    return total;
  }
  // Bounds that are no numbers: the same summand between the same bounds is the same sum.
  return unknown(node.name, [from, to, bodyAt(0.37), bodyAt(1.91)], point);
}
