/**
 * The two questions of this package: is it right, and who says so.
 *
 * @module
 */
import { Deadline, TimeUp, Unreadable } from "./deadline.ts";
import { type FoundAnswer, findAnswers, isProse, isSentence } from "./extract/extract_answer.ts";
import { checkString } from "./found.ts";
import { normalize } from "./normalize.ts";
import { settingsOf, type VerifyOptions } from "./options.ts";
import { compareStructures } from "./structure/compare.ts";
import { read } from "./structure/read.ts";
import type { Structure } from "./structure/structure.ts";
import { OTHER } from "./structure/text.ts";
import { currencyOf, sameUnit } from "./structure/units.ts";
import { Comparison, type Layer, type Verdict } from "./verdict.ts";

/** What `compare` says. */
export interface ComparisonResult {
  /** `"undecided"` is not equal: the answers were too long, too deep or took too long, or no rule knew them. */
  readonly verdict: Verdict;
  /** The deepest layer that was needed for it. */
  readonly layer: Layer;
}

/** Answers longer than this are compared as strings only: as normal forms, and beyond `MAX_RAW` as they are. */
const MAX_ANSWER = 4000;
const MAX_RAW = 20_000;

/**
 * Whether `prediction` gives the answer `gold`. Both may be bare answers in LaTeX or plain text (`\frac12`, `18 dollars`)
 * or whole solutions, from which the answer is extracted first (see `extractAnswer`). Never throws for any two strings,
 * and takes no longer than `timeLimitMs`.
 *
 * The question is asymmetric: a gold `1 < x < 2` accepts the prediction `(1,2)`, but a gold `(1,2)` not `1 < x < 2`, unless
 * `allowSetRelation` is set.
 *
 * @param gold the right answer
 * @param prediction what is to be judged
 * @returns `true` only where `compare` says `"equal"`
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(verify("\\frac{\\sqrt{2}}{2}", "So it is \\boxed{\\frac{1}{\\sqrt2}}."));
 * assert.ok(verify("1,450", "The answer is $1450.00."));
 * assert.ok(verify("\\{1, 2\\}", "$x = 2$ or $x = 1$"));
 * assert.ok(!verify("(1,2)", "(2,1)"));
 * ```
 */
export function verify(gold: string, prediction: string, options: VerifyOptions = {}): boolean {
  return compare(gold, prediction, options).verdict === "equal";
}

/**
 * As `verify`, with three verdicts and the layer that reached it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(compare("0.5", "1/2"), { verdict: "equal", layer: "number" });
 * assert.deepEqual(compare("(x+1)^2", "x^2+2x+1"), { verdict: "equal", layer: "sampling" });
 * assert.deepEqual(compare("9^{9^{9^9}}", "1"), { verdict: "undecided", layer: "symbolic" });
 * ```
 */
export function compare(gold: string, prediction: string, options: VerifyOptions = {}): ComparisonResult {
  checkString("compare", "gold", gold);
  checkString("compare", "prediction", prediction);
  const settings = settingsOf(options);
  const comparison = new Comparison(settings, new Deadline(settings.timeLimitMs));
  try {
    const verdict = compareTexts(gold, prediction, comparison);
    return { verdict, layer: comparison.layer };
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error;
    return { verdict: "undecided", layer: "limit" };
  }
}

function compareTexts(gold: string, prediction: string, comparison: Comparison): Verdict {
  const golds = findAnswers(gold);
  const predictions = golds.length ? findAnswers(prediction) : [];
  if (!golds.length || !predictions.length) {
    comparison.layer = "extraction";
    return golds.length ? "different" : "undecided";
  }
  let result: Verdict | undefined;
  for (const [a, b] of pairs(golds, predictions)) {
    const [x, y] = [a.quantity ?? a.answer, b.quantity ?? b.answer];
    const verdict =
      x.length > MAX_RAW || y.length > MAX_RAW
        ? compareLong(x, y, comparison)
        : compareMoney(x, y, compareAnswers(normalize(x), normalize(y), comparison), comparison);
    if (verdict === "equal") return verdict;
    if (result !== "undecided") result = verdict;
  }
  return result ?? "different";
}

/**
 * Which readings to compare: a number picked from a sentence counts only against a gold answer that is no sentence or words
 * itself (June 20 is not July 20).
 */
function* pairs(
  golds: readonly FoundAnswer[],
  predictions: readonly FoundAnswer[],
): Generator<[FoundAnswer, FoundAnswer]> {
  const wordy = golds.length > 1 && golds.every(({ answer }) => !isSentence(answer));
  // A number with a known unit (5 dollars) is no more than that.
  const measured = golds.length > 1 && golds[1].quantity === golds[0].answer && golds[1].answer !== golds[0].answer;
  for (const gold of wordy ? golds.slice(0, 1) : golds)
    for (const [i, prediction] of predictions.entries()) {
      const picked = i > 0 || predictions.length > 1;
      if (picked && !measured && !isProse(prediction.answer) && isProse(gold.answer)) continue;
      yield [gold, prediction];
    }
}

function compareLong(gold: string, prediction: string, comparison: Comparison): Verdict {
  if (gold === prediction) return "equal";
  comparison.layer = "limit";
  return "undecided";
}

/** Normal forms have no currency signs: what is equal without them may still be euros and dollars. */
function compareMoney(gold: string, prediction: string, verdict: Verdict, comparison: Comparison): Verdict {
  if (verdict !== "equal" || gold === prediction) return verdict;
  const currencies = [currencyOf(gold), currencyOf(prediction)];
  if (!currencies[0] && !currencies[1]) return verdict;
  const units = [gold, prediction].map((text, i) => {
    const structure = read(normalize(text), comparison.deadline);
    return currencies[i] || (structure.kind === "value" && structure.unit !== OTHER ? structure.unit : "");
  });
  if (!units[0] || !units[1] || sameUnit(units[0], units[1])) return verdict;
  comparison.used("structure");
  return "different";
}

function compareAnswers(gold: string, prediction: string, comparison: Comparison): Verdict {
  if (gold === prediction && gold) return "equal";
  if (gold.length > MAX_ANSWER || prediction.length > MAX_ANSWER) {
    comparison.layer = "limit";
    return "undecided";
  }
  if (!gold || !prediction) return gold ? "different" : "undecided";
  const { deadline } = comparison;
  try {
    const [a, b] = [read(gold, deadline), read(prediction, deadline)];
    const verdict = compareStructures(a, b, comparison);
    return verdict === "equal" ? verdict : (otherReading(a, b, gold, prediction, comparison) ?? verdict);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    comparison.used("limit");
    return "undecided";
  }
}

/** Commas part lists, thousands or decimals: `100,200` against a list is one, `2,74` against a number is 2.74. */
function otherReading(
  a: Structure,
  b: Structure,
  gold: string,
  prediction: string,
  comparison: Comparison,
): Verdict | undefined {
  const { deadline } = comparison;
  if (a.kind === "list" && b.kind !== "list" && /\d,\d{3}/.test(prediction))
    return compareStructures(a, read(prediction, deadline, { lists: true }), comparison);
  if (b.kind === "list" && a.kind !== "list" && /\d,\d{3}/.test(gold))
    return compareStructures(read(gold, deadline, { lists: true }), b, comparison);
  if (a.kind === "list" && b.kind === "value" && isDecimalComma(gold))
    return compareStructures(read(gold.replace(",", "."), deadline), b, comparison);
  if (b.kind === "list" && a.kind === "value" && isDecimalComma(prediction))
    return compareStructures(a, read(prediction.replace(",", "."), deadline), comparison);
  return undefined;
}

const isDecimalComma = (text: string): boolean => /^[+-]?(?:\d+(?: \d{3})*,\d{2,}|0,\d+)$/.test(text);
