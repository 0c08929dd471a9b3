/**
 * Whether two expressions are equal: exact fractions first, then values at sample points; where those do not decide
 * (overflow, no real values), one canonical text, which costs more than they do.
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
import { evaluate, pointAt } from "./evaluate.ts";
import { exactValue } from "./exact.ts";
import { hasDecimal, isComplex, type Node, variables } from "./node.ts";

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
  comparison.used("sampling");
  if (isHuge(a) !== isHuge(b) && variables(prediction, variables(gold)).size === 0) {
    const other = evaluate(isHuge(a) ? prediction : gold, pointAt(0, deadline));
    if (c.finite(other)) return "different";
  }
  const verdict = sample(gold, prediction, rounded, comparison);
  if (verdict !== "undecided") return verdict;
  comparison.used("symbolic");
  return canonical(gold, deadline) === canonical(prediction, deadline) ? "equal" : verdict;
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
  // Expressions of reals are compared where all of both is real: ln(a/b) is ln a - ln b only there.
  const real = { verdicts: new Set<Verdict>(), count: 0 };
  const complex = { verdicts: new Set<Verdict>(), count: 0 };
  const everywhere = free.size === 0 || isComplex(gold) || isComplex(prediction);
  for (let seed = 0; seed < points; seed++) {
    const point = pointAt(seed, comparison.deadline);
    const a = evaluate(gold, point);
    const b = evaluate(prediction, point);
    if (!c.finite(a) || !c.finite(b)) continue;
    const verdict = sameValue(a, b, point.scale, rounded ? comparison.settings.precision : undefined);
    const part = everywhere || !point.complex ? real : complex;
    if (part === real && verdict === "different") return verdict;
    part.verdicts.add(verdict);
    part.count++;
  }
  const enough = Math.min(ENOUGH, points);
  const { verdicts, count } = real.count >= enough ? real : complex;
  if (count < enough || verdicts.has("undecided")) return "undecided";
  return verdicts.has("different") ? "different" : "equal";
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
