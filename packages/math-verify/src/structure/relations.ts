/**
 * Equations and inequalities.
 *
 * Two equations are the same when one is a multiple of the other: (l - r) / (l' - r') has one value at all sample points.
 * For inequalities that value must be positive, or negative when the sign points the other way.
 *
 * @module
 */
import { evaluate, pointAt } from "../expression/evaluate.ts";
import { difference, type Node, variables } from "../expression/node.ts";
import { sameValue } from "../expression/same.ts";
import * as c from "../numbers/complex.ts";
import { all, type Comparison, type Verdict } from "../verdict.ts";
import { sameRegion } from "./region.ts";
import type { Structure } from "./structure.ts";

type Relation = Structure & { kind: "relation" };
type Equation = Structure & { kind: "equation" };
type Compare = (gold: Structure, prediction: Structure, comparison: Comparison) => Verdict;

const flipped: Record<string, string> = {
  "<": ">",
  ">": "<",
  "\\le": "\\ge",
  "\\ge": "\\le",
  "=": "=",
  "\\ne": "\\ne",
};

export function sameRelation(gold: Relation, prediction: Relation, comparison: Comparison): Verdict {
  const equations = [gold, prediction].map(({ operators }) => operators.every((operator) => operator === "="));
  if (equations[0] !== equations[1]) return "different";
  if (!equations[0]) {
    const region = sameRegion(gold, prediction, comparison);
    if (region) return region;
  }
  if (gold.operators.length !== prediction.operators.length) return "different";
  const same = linkwise(gold, prediction, comparison);
  return same === "equal" ? same : linkwise(gold, reversed(prediction), comparison) === "equal" ? "equal" : same;
}

function reversed(relation: Relation): Relation {
  return {
    ...relation,
    operands: [...relation.operands].reverse(),
    operators: [...relation.operators].reverse().map((operator) => flipped[operator]),
  };
}

function linkwise(gold: Relation, prediction: Relation, comparison: Comparison): Verdict {
  return all(
    gold.operators.map((operator, i) => {
      const [a, b] = [gold, prediction].map(({ operands }) => difference(operands[i], operands[i + 1]));
      const other = prediction.operators[i];
      const sign = operator === "=" || operator === "\\ne" ? 0 : operator === other ? 1 : -1;
      if (sign < 0 ? flipped[operator] !== other : operator !== other) return "different";
      return proportional(a, b, sign, comparison);
    }),
  );
}

const POINTS = 8;

/** Whether a / b is the same constant at all points, and of the sign that is asked for (0 for either). */
export function proportional(a: Node, b: Node, sign: -1 | 0 | 1, comparison: Comparison): Verdict {
  comparison.used("sampling");
  if ([...variables(a)].sort().join() !== [...variables(b)].sort().join()) return "different";
  let first: c.Complex | undefined;
  let agreed = 0;
  for (let seed = 0; seed < POINTS; seed++) {
    const point = pointAt(seed, comparison.deadline);
    const [x, y] = [evaluate(a, point), evaluate(b, point)];
    if (!c.finite(x) || !c.finite(y)) continue;
    if (c.modulus(x) < 1e-9 * point.scale || c.modulus(y) < 1e-9 * point.scale) continue;
    const ratio = c.divide(x, y);
    if (sign !== 0 && !(ratio.re * sign > 0)) return "different";
    if (first && sameValue(first, ratio, 0) !== "equal") return "different";
    first ??= ratio;
    agreed++;
  }
  return agreed >= 3 ? "equal" : "undecided";
}

/** `x = 5` and `x = 5`; `y = 2x + 3` and `f(x) = 2x + 3`; `y = 2x` and `x = y/2`. */
export function sameEquation(gold: Equation, prediction: Equation, comparison: Comparison, compare: Compare): Verdict {
  const { strict } = comparison.settings;
  if (!strict || gold.name === prediction.name || isLabel(gold.name) || isLabel(prediction.name)) {
    const verdict = compare(gold.value, prediction.value, comparison);
    if (verdict === "equal" || gold.name === prediction.name) return verdict;
  }
  if (gold.left && prediction.left && gold.value.kind === "value" && prediction.value.kind === "value") {
    const [a, b] = [difference(gold.left, gold.value.node), difference(prediction.left, prediction.value.node)];
    return proportional(a, b, 0, comparison);
  }
  return "different";
}

/** Names that are mere labels of an answer: `f(x)`, `AB`, `Area`, `S`. Single small letters are unknowns. */
const isLabel = (name: string): boolean => /\(|^[A-Z\\]|^[a-zA-Z]{2,}/.test(name);
