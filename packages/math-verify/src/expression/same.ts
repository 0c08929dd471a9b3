/**
 * Whether two expressions are equal: exact fractions first, then one canonical text, then values at sample points.
 *
 * Sampling decides "equal" when both have the same value at every point where both have one, to ten digits or more;
 * for a wrong "equal" two different analytic functions would have to agree at eight random points. It decides "different"
 * by a single clear difference. Anything between is undecided.
 *
 * @module
 */
import type { Complex } from "../numbers/complex.ts";
import * as c from "../numbers/complex.ts";
import * as q from "../numbers/rational.ts";
import type { Comparison, Verdict } from "../verdict.ts";
import { canonical } from "./canonical.ts";
import { evaluate, type Point } from "./evaluate.ts";
import { exactValue } from "./exact.ts";
import { hasDecimal, type Node, variables } from "./node.ts";

const POINTS = 8;
/** Points that must have values for "equal". */
const ENOUGH = 3;

export function sameExpression(gold: Node, prediction: Node, comparison: Comparison): Verdict {
  const { deadline } = comparison;
  const [a, b] = [exactValue(gold, deadline), exactValue(prediction, deadline)];
  const rounded = hasDecimal(gold) || hasDecimal(prediction);
  if (a && b) {
    comparison.used("number");
    if (q.same(a, b)) return "equal";
    return rounded && withinPrecision(a, b, comparison.settings.precision) ? "equal" : "different";
  }
  comparison.used("symbolic");
  if (canonical(gold, deadline) === canonical(prediction, deadline)) return "equal";
  comparison.used("sampling");
  if (isHuge(a) !== isHuge(b) && variables(prediction, variables(gold)).size === 0) {
    const other = evaluate(isHuge(a) ? prediction : gold, { seed: 0, deadline, scale: 0 });
    if (c.finite(other)) return "different";
  }
  return sample(gold, prediction, rounded, comparison);
}

/** Whether an exact value is beyond the range of doubles. */
const isHuge = (value: q.Rational | undefined): boolean => value !== undefined && !Number.isFinite(q.toNumber(value));

/** |a - b| ≤ 0.5·10^-p, and ≤ 10·10^-p·max(|a|, |b|), exactly. */
function withinPrecision(a: q.Rational, b: q.Rational, precision: number): boolean {
  const difference = q.add(a, q.negate(b));
  if (!difference) return false;
  const size = Math.abs(q.toNumber(difference));
  const largest = Math.max(Math.abs(q.toNumber(a)), Math.abs(q.toNumber(b)));
  return size <= 0.5000001 * 10 ** -precision && size <= 10 ** (1 - precision) * largest;
}

function sample(gold: Node, prediction: Node, rounded: boolean, comparison: Comparison): Verdict {
  const free = variables(prediction, variables(gold));
  const points = free.size === 0 ? 1 : POINTS;
  let agreed = 0;
  let unsure = false;
  for (let seed = 0; seed < points; seed++) {
    const point: Point = { seed, deadline: comparison.deadline, scale: 0 };
    const a = evaluate(gold, point);
    const b = evaluate(prediction, point);
    if (!c.finite(a) || !c.finite(b)) continue;
    const verdict = sameValue(a, b, point.scale, rounded ? comparison.settings.precision : undefined);
    if (verdict === "different") return "different";
    if (verdict === "equal") agreed++;
    else unsure = true;
  }
  return !unsure && agreed >= Math.min(ENOUGH, points) ? "equal" : "undecided";
}

/** Whether two values are the same up to rounding: that of the written decimals, or that of the arithmetic. */
export function sameValue(a: Complex, b: Complex, scale: number, precision?: number): Verdict {
  const difference = c.modulus(c.subtract(a, b));
  const largest = Math.max(c.modulus(a), c.modulus(b));
  if (precision !== undefined) {
    if (difference <= 0.5000001 * 10 ** -precision && difference <= 10 ** (1 - precision) * largest) return "equal";
  }
  if (difference <= 1e-11 * largest || difference <= 1e-14 * scale) return "equal";
  if (difference > 1e-9 * largest && difference > 1e-11 * scale) return "different";
  return "undecided";
}
