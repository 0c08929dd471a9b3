/**
 * The exact rational value of an expression without variables, where it has one and is not too large.
 *
 * @module
 */
import type { Deadline } from "../deadline.ts";
import * as q from "../numbers/rational.ts";
import type { Node } from "./node.ts";

type Q = q.Rational;
const MAX_FACTORIAL = 3000n; // 3000! has 30,300 bits
const MAX_SERIES = 2000n;

/** The value, or `undefined`: irrational, symbolic, undefined or too large. */
export function exactValue(node: Node, deadline: Deadline, bound: ReadonlyMap<string, Q> = new Map()): Q | undefined {
  deadline.tick();
  switch (node.kind) {
    case "number":
      return node.value;
    case "symbol":
      return bound.get(node.name);
    case "sum":
      return fold(node.terms, q.ZERO, q.add);
    case "product":
      return fold(node.factors, q.ONE, q.multiply);
    case "power": {
      const exponent = exactValue(node.exponent, deadline, bound);
      const base = exponent && exactValue(node.base, deadline, bound);
      return base && q.power(base, exponent);
    }
    case "call": {
      const args: Q[] = [];
      for (const arg of node.args) {
        const value = exactValue(arg, deadline, bound);
        if (!value) return undefined;
        args.push(value);
      }
      return functions[node.name]?.(...args);
    }
    case "series": {
      const from = exactValue(node.from, deadline, bound);
      const to = exactValue(node.to, deadline, bound);
      if (!from || !to || !q.isInteger(from) || !q.isInteger(to)) return undefined;
      if (to.numerator - from.numerator > MAX_SERIES) return undefined;
      let total: Q | undefined = node.name === "sum" ? q.ZERO : q.ONE;
      const inner = new Map(bound);
      for (let k = from.numerator; total && k <= to.numerator; k++) {
        inner.set(node.variable, q.integer(k));
        const term = exactValue(node.body, deadline, inner);
        total = term && (node.name === "sum" ? q.add : q.multiply)(total, term);
      }
      return total;
    }
    case "matrix":
      return undefined;
  }

  function fold(parts: readonly Node[], start: Q, operation: (a: Q, b: Q) => Q | undefined): Q | undefined {
    let total: Q | undefined = start;
    for (const part of parts) {
      const value = exactValue(part, deadline, bound);
      total = value && operation(total, value);
      if (!total) return undefined;
    }
    return total;
  }
}

const functions: Record<string, (...args: Q[]) => Q | undefined> = {
  factorial(x) {
    if (!q.isInteger(x) || x.numerator < 0n || x.numerator > MAX_FACTORIAL) return undefined;
    let result = 1n;
    for (let k = 2n; k <= x.numerator; k++) result *= k;
    return q.integer(result);
  },
  binom(n, k) {
    if (!q.isInteger(n) || !q.isInteger(k) || n.numerator < 0n || k.numerator < 0n) return undefined;
    if (k.numerator > n.numerator) return q.ZERO;
    const least = k.numerator * 2n > n.numerator ? n.numerator - k.numerator : k.numerator;
    if (least > 500n || n.numerator > 1_000_000_000n) return undefined;
    let result = 1n;
    for (let i = 1n; i <= least; i++) result = (result * (n.numerator - least + i)) / i;
    return q.integer(result);
  },
  abs: (x) => (x.numerator < 0n ? q.negate(x) : x),
  floor,
  ceil: (x) => q.negate(floor(q.negate(x))),
  max: (...all) => all.reduce((a, b) => (less(a, b) ? b : a)),
  min: (...all) => all.reduce((a, b) => (less(a, b) ? a : b)),
  gcd: (...all) => (all.every(q.isInteger) ? q.integer(all.map((x) => x.numerator).reduce(gcd)) : undefined),
  lcm: (...all) =>
    all.every((x) => q.isInteger(x) && x.numerator > 0n)
      ? q.integer(all.map((x) => x.numerator).reduce((a, b) => (a / gcd(a, b)) * b))
      : undefined,
};

function floor({ numerator, denominator }: Q): Q {
  const quotient = numerator / denominator;
  return q.integer(numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient);
}

const less = (a: Q, b: Q): boolean => a.numerator * b.denominator < b.numerator * a.denominator;

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y) [x, y] = [y, x % y];
  return x;
}
