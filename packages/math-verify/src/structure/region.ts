/**
 * Sets of real numbers, however they are written: intervals, unions, `ℝ \ {0}`, inequalities in one variable. Two are
 * compared by asking whether they contain the same numbers: every boundary that either of them has, a point between each
 * two neighbours, and points beyond the ends.
 *
 * @module
 */
import { evaluate, pointAt } from "../expression/evaluate.ts";
import { children, type Node, variables } from "../expression/node.ts";
import * as c from "../numbers/complex.ts";
import type { Comparison, Verdict } from "../verdict.ts";
import type { Structure } from "./structure.ts";

/** A set of reals. `boundaries` has all numbers at which membership may change. */
interface Region {
  readonly contains: (x: number) => boolean;
  readonly boundaries: readonly number[];
}

/**
 * Compares as sets of reals; `undefined` if one of them is not such a set. Where names matter (`strict`), conditions on
 * different variables differ: `x > 3` is not `y > 3`.
 */
export function sameRegion(gold: Structure, prediction: Structure, comparison: Comparison): Verdict | undefined {
  const a = regionOf(gold, comparison);
  const b = a && regionOf(prediction, comparison);
  if (!a || !b) return undefined;
  comparison.used("sampling");
  if (comparison.settings.strict && !sameNames(gold, prediction)) return "different";
  for (const x of testPoints([...a.boundaries, ...b.boundaries])) {
    comparison.deadline.tick();
    if (a.contains(x) !== b.contains(x)) return "different";
  }
  return "equal";
}

function testPoints(boundaries: readonly number[]): number[] {
  const sorted = [...new Set(boundaries)].filter(Number.isFinite).sort((x, y) => x - y);
  if (!sorted.length) sorted.push(0);
  const points = [
    ...sorted,
    sorted[0] - 1,
    sorted[0] - 1000.7,
    sorted[sorted.length - 1] + 1,
    sorted[sorted.length - 1] + 1000.7,
  ];
  for (let i = 1; i < sorted.length; i++) points.push((sorted[i - 1] + sorted[i]) / 2);
  return points;
}

/** Equality of boundaries up to rounding. */
const near = (x: number, y: number): boolean => x === y || Math.abs(x - y) <= 1e-10 * (1 + Math.abs(x));

function regionOf(structure: Structure, comparison: Comparison): Region | undefined {
  switch (structure.kind) {
    case "reals":
      return { contains: () => true, boundaries: [] };
    case "tuple": {
      if (structure.items.length !== 2) return undefined;
      const [low, high] = structure.items.map((item) => constant(item, comparison));
      if (low === undefined || high === undefined || low > high) return undefined;
      return interval(low, high, structure.open === "[", structure.close === "]");
    }
    case "set": {
      const points = structure.items.map((item) => constant(item, comparison));
      if (points.some((point) => point === undefined)) return undefined;
      return { contains: (x) => points.some((point) => near(x, point!)), boundaries: points as number[] };
    }
    case "region": {
      const parts = structure.parts.map((part) => regionOf(part, comparison));
      return combine(parts, structure.operation);
    }
    case "logic": {
      const parts = structure.parts.map((part) => regionOf(part, comparison));
      return oneVariable(structure.parts) && combine(parts, structure.operation === "or" ? "union" : "intersection");
    }
    case "relation":
      return relationRegion(structure.operands, structure.operators, comparison);
    case "equation":
      return structure.left === undefined ? regionOf(structure.value, comparison) : undefined;
    default:
      return undefined;
  }
}

function interval(low: number, high: number, closedLow: boolean, closedHigh: boolean): Region {
  return {
    contains: (x) =>
      near(x, low) ? closedLow && (!near(x, high) || closedHigh) : near(x, high) ? closedHigh : x > low && x < high,
    boundaries: [low, high],
  };
}

function combine(
  parts: readonly (Region | undefined)[],
  operation: "union" | "intersection" | "difference",
): Region | undefined {
  if (parts.some((part) => !part)) return undefined;
  const regions = parts as Region[];
  const [first, ...rest] = regions;
  const contains = {
    union: (x: number) => regions.some((region) => region.contains(x)),
    intersection: (x: number) => regions.every((region) => region.contains(x)),
    difference: (x: number) => first.contains(x) && !rest.some((region) => region.contains(x)),
  }[operation];
  return { contains, boundaries: regions.flatMap(({ boundaries }) => boundaries) };
}

/** The real value of a structure without variables. */
function constant(structure: Structure, comparison: Comparison): number | undefined {
  if (structure.kind !== "value" || variables(structure.node).size) return undefined;
  return valueAt(structure.node, undefined, 0, comparison);
}

function valueAt(node: Node, name: string | undefined, x: number, { deadline }: Comparison): number | undefined {
  if (node.kind === "symbol" && node.name === "\\infty") return Infinity;
  const infinite = /^-?\\infty$/.exec(infinity(node) ?? "");
  if (infinite) return infinite[0].startsWith("-") ? -Infinity : Infinity;
  const values = name === undefined ? undefined : new Map([[name, c.complex(x)]]);
  const value = evaluate(node, pointAt(0, deadline, values));
  return Math.abs(value.im) < 1e-12 && Number.isFinite(value.re) ? value.re : undefined;
}

function infinity(node: Node): string | undefined {
  if (node.kind === "symbol") return node.name;
  if (node.kind !== "product" || node.factors.length !== 2) return undefined;
  const [sign, inner] = node.factors;
  return sign.kind === "number" && sign.value.numerator === -1n && inner.kind === "symbol"
    ? `-${inner.name}`
    : undefined;
}

/** The variables of a condition; none for a set. */
export const variablesOf = (structure: Structure): Set<string> =>
  structure.kind === "relation"
    ? structure.operands.reduce((found, operand) => variables(operand, found), new Set<string>())
    : structure.kind === "logic"
      ? new Set(structure.parts.flatMap((part) => [...variablesOf(part)]))
      : new Set();

/** Sets have no variable (that of `\{x | x > 3\}` is bound); conditions have one. */
function sameNames(gold: Structure, prediction: Structure): boolean {
  const [a, b] = [variablesOf(gold), variablesOf(prediction)];
  return a.size === 0 || b.size === 0 || [...a].every((name) => b.has(name));
}

const oneVariable = (parts: readonly Structure[]): true | undefined =>
  new Set(parts.flatMap((part) => [...variablesOf(part)])).size === 1 || undefined;

const GRID = 64;

function relationRegion(
  operands: readonly Node[],
  operators: readonly string[],
  comparison: Comparison,
): Region | undefined {
  const names = operands.reduce((found, operand) => variables(operand, found), new Set<string>());
  if (names.size !== 1) return undefined;
  const [name] = names;
  const fixed = operands.map(
    (operand) => variables(operand).size === 0 && { value: valueAt(operand, undefined, 0, comparison) },
  );
  const sides = (x: number): (number | undefined)[] =>
    operands.map((operand, i) => {
      const constant = fixed[i];
      return constant ? constant.value : valueAt(operand, name, x, comparison);
    });
  const contains = (x: number): boolean => {
    const values = sides(x);
    return operators.every((operator, i) => holds(values[i], operator, values[i + 1]));
  };
  const constants = operands.flatMap((operand) => constantsIn(operand, comparison)).flatMap((x) => [x, -x]);
  const reach = 2 * Math.max(5, ...constants.filter(Number.isFinite).map(Math.abs)) + 1.234;
  const boundaries = [...constants];
  // Bare variables and constants change places only at the constants.
  if (operands.every((operand) => operand.kind === "symbol" || variables(operand).size === 0))
    return { contains, boundaries };
  // Zeros of the differences of neighbouring operands: changes of sign on a grid, then the zero between.
  for (let i = 0; i < operators.length; i++) {
    const gap = (x: number): number => {
      const values = sides(x);
      return (values[i] ?? Number.NaN) - (values[i + 1] ?? Number.NaN);
    };
    let [before, last] = [-reach, gap(-reach)];
    for (let step = 1; step <= GRID; step++) {
      const x = -reach + (2 * reach * step) / GRID;
      const value = gap(x);
      if (last * value < 0) boundaries.push(zeroOf(gap, before, x));
      before = x;
      last = value;
    }
  }
  return { contains, boundaries };
}

/** A zero of f between two points at which its signs differ: false position (Illinois), bisection where that is slow. */
function zeroOf(f: (x: number) => number, from: number, to: number): number {
  let [a, b, fa, fb] = [from, to, f(from), f(to)];
  for (let i = 0; i < 100 && Math.abs(b - a) > 1e-14 * (1 + Math.abs(a)); i++) {
    const next = i < 30 ? (a * fb - b * fa) / (fb - fa) : (a + b) / 2;
    const value = f(next);
    if (value === 0) return snapped(next);
    if (value * fb < 0) [a, fa] = [b, fb];
    else fa /= 2;
    [b, fb] = [next, value];
  }
  return snapped(b);
}

/** The number of six decimal places that x is but for rounding. */
function snapped(x: number): number {
  const rounded = Math.round(x * 1e6) / 1e6;
  return near(rounded, x) ? rounded : x;
}

function constantsIn(node: Node, comparison: Comparison): number[] {
  if (variables(node).size === 0) {
    const value = valueAt(node, undefined, 0, comparison);
    return value === undefined ? [] : [value];
  }
  return children(node).flatMap((child) => constantsIn(child, comparison));
}

function holds(a: number | undefined, operator: string, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const equal = near(a, b);
  switch (operator) {
    case "=":
      return equal;
    case "\\ne":
      return !equal;
    case "<":
      return !equal && a < b;
    case ">":
      return !equal && a > b;
    case "\\le":
      return equal || a < b;
    default:
      return equal || a > b;
  }
}
