/**
 * Expressions as trees. Subtraction is a product with -1, division a power of -1, a root a fractional power, so that
 * what follows (exact values, sampling, canonical text) has few kinds to know.
 *
 * @module
 */
import { integer, ONE, type Rational } from "../numbers/rational.ts";

/** An expression. */
export type Node =
  | { readonly kind: "number"; readonly value: Rational; readonly decimal: boolean }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "sum"; readonly terms: readonly Node[] }
  | { readonly kind: "product"; readonly factors: readonly Node[] }
  | { readonly kind: "power"; readonly base: Node; readonly exponent: Node }
  /** A function by name, known (`sin`, `factorial`, `log`: base, argument) or not (`f`, subscripts as `index`). */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Node[])[] }
  /** A sum or product over `variable`, from and to inclusive. */
  | {
      readonly kind: "series";
      readonly name: "sum" | "prod";
      readonly variable: string;
      readonly from: Node;
      readonly to: Node;
      readonly body: Node;
    };

export const number = (value: Rational | number, decimal = false): Node => ({
  kind: "number",
  value: typeof value === "number" ? integer(value) : value,
  decimal,
});

export const symbol = (name: string): Node => ({ kind: "symbol", name });
export const call = (name: string, ...args: Node[]): Node => ({ kind: "call", name, args });
export const power = (base: Node, exponent: Node): Node => ({ kind: "power", base, exponent });

const MINUS_ONE = number(-1);

export const sum = (terms: readonly Node[]): Node => (terms.length === 1 ? terms[0] : { kind: "sum", terms });

export const product = (factors: readonly Node[]): Node =>
  factors.length === 1 ? factors[0] : { kind: "product", factors };

export function negative(node: Node): Node {
  if (node.kind === "number") return { ...node, value: { ...node.value, numerator: -node.value.numerator } };
  return product([MINUS_ONE, node]);
}

export const reciprocal = (node: Node): Node => power(node, MINUS_ONE);
export const difference = (a: Node, b: Node): Node => sum([a, negative(b)]);

export const isNumber = (node: Node, value: Rational = ONE): boolean =>
  node.kind === "number" && node.value.numerator === value.numerator && node.value.denominator === value.denominator;

/** The same kind of node of other parts. */
export function mapChildren(node: Node, change: (part: Node) => Node): Node {
  switch (node.kind) {
    case "number":
    case "symbol":
      return node;
    case "sum":
      return { ...node, terms: node.terms.map(change) };
    case "product":
      return { ...node, factors: node.factors.map(change) };
    case "power":
      return { ...node, base: change(node.base), exponent: change(node.exponent) };
    case "call":
      return { ...node, args: node.args.map(change) };
    case "matrix":
      return { ...node, rows: node.rows.map((row) => row.map(change)) };
    case "series":
      return { ...node, from: change(node.from), to: change(node.to), body: change(node.body) };
  }
}

/** The parts of a node, whatever its kind. */
export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "number":
    case "symbol":
      return [];
    case "sum":
      return node.terms;
    case "product":
      return node.factors;
    case "power":
      return [node.base, node.exponent];
    case "call":
      return node.args;
    case "matrix":
      return node.rows.flat();
    case "series":
      return [node.from, node.to, node.body];
  }
}

/** Names that stand for numbers. */
export const constants: ReadonlySet<string> = new Set(["\\pi", "e", "i", "\\infty"]);

/** The variables of an expression. */
export function variables(node: Node, found: Set<string> = new Set()): Set<string> {
  if (node.kind === "symbol" && !constants.has(node.name)) found.add(node.name);
  for (const child of children(node)) variables(child, found);
  if (node.kind === "series") found.delete(node.variable);
  return found;
}

/** Whether the imaginary unit occurs. */
export function isComplex(node: Node): boolean {
  return node.kind === "symbol" ? node.name === "i" : children(node).some(isComplex);
}

/** Whether some number in it is written with a decimal point, and so may be rounded. */
export function hasDecimal(node: Node): boolean {
  return node.kind === "number" ? node.decimal : children(node).some(hasDecimal);
}
