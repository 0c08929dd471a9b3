/**
 * Compares two answers that have been read, part by part.
 *
 * @module
 */
import { matrixOf } from "../expression/matrix.ts";
import { mapChildren, type Node, number, product, symbol, variables } from "../expression/node.ts";
import { sameExpression } from "../expression/same.ts";
import { rational } from "../numbers/rational.ts";
import { all, type Comparison, type Verdict } from "../verdict.ts";
import { isNamedApart, sameItems, sameOrder } from "./collections.ts";
import { sameRegion, variablesOf } from "./region.ts";
import { sameEquation, sameRelation } from "./relations.ts";
import type { Structure } from "./structure.ts";
import { OTHER, plainWords } from "./text.ts";
import { sameUnit } from "./units.ts";

type Of<Kind extends Structure["kind"]> = Structure & { kind: Kind };

const HUNDREDTH = number(rational(1n, 100n)!);
/** π/180 */
const DEGREE = product([symbol("\\pi"), number(rational(1n, 180n)!)]);

/** Whether `prediction` answers what `gold` answers. The order matters only for inequalities against intervals. */
export function compareStructures(gold: Structure, prediction: Structure, comparison: Comparison): Verdict {
  comparison.deadline.tick();
  if (gold.source === prediction.source) return "equal";
  const [a, b] = [namedSet(gold), namedSet(prediction)];
  if (a !== gold || b !== prediction) return compareStructures(a, b, comparison);
  if (gold.kind === "text" || prediction.kind === "text") return sameText(gold, prediction, comparison);
  if (sameWord(gold.source, prediction.source)) return "equal";
  if (gold.kind === "value" && prediction.kind === "value") return sameQuantity(gold, prediction, comparison);
  comparison.used("structure");
  if (gold.kind === "equation" || prediction.kind === "equation") return againstEquation(gold, prediction, comparison);
  return sameCollection(gold, prediction, comparison) ?? sameConditions(gold, prediction, comparison) ?? "different";
}

function sameText(gold: Structure, prediction: Structure, comparison: Comparison): Verdict {
  comparison.used("text");
  const [a, b] = [plainWords(gold.source), plainWords(prediction.source)];
  if (a && a === b) return "equal";
  if (a && withoutSpaces(a) === withoutSpaces(b)) return "equal";
  // The question says in which base: 101_2 may be 101.
  if (inBase.test(a) !== inBase.test(b) && a.replace(inBase, "$1") === b.replace(inBase, "$1")) return "equal";
  // The words may be the value of an equation: `x = \text{even}`.
  if (gold.kind === "equation") return compareStructures(gold.value, prediction, comparison);
  if (prediction.kind === "equation") return compareStructures(gold, prediction.value, comparison);
  const choice = choiceOf(gold.source);
  if (choice && choice === choiceOf(prediction.source)) return "equal";
  const opaque = (gold.kind === "text" && gold.opaque) || (prediction.kind === "text" && prediction.opaque);
  return opaque ? "undecided" : "different";
}

/** `1 2` stays two numbers. */
const withoutSpaces = (words: string): string => words.replace(/(?<!\d) | (?!\d)/g, "");

/** Digits and the base that they are in. */
const inBase = /^([\da-z]*\d[\da-z]*) ?_ ?(\d+)$/;

/** "No solution" as the empty set, "all real numbers" as ℝ. */
function namedSet(structure: Structure): Structure {
  const wordy = structure.kind === "text" || structure.kind === "value";
  if (!wordy || !/^(?:\\text\{)?\s*(?:no|there|empty|the|all)\b/i.test(structure.source)) return structure;
  const words = plainWords(structure.source);
  if (/^(?:no (?:real )?(?:solutions?|roots?)|(?:there (?:is|are) )no (?:real )?solutions?|empty ?set)$/.test(words))
    return { kind: "set", items: [], source: "\\emptyset" };
  if (/^all (?:the )?real(?: number)?s$/.test(words)) return { kind: "reals", source: "\\mathbb{R}" };
  return structure;
}

/** Bare words parse as products of letters, but are words. */
const sameWord = (a: string, b: string): boolean =>
  /^(?:[a-z]{3,}|no)$/i.test(a) && a.toLowerCase() === b.toLowerCase();

/** The letter of a multiple choice: `C`, `(C)`, `C) 12`, `\text{(C)} 12`. */
function choiceOf(source: string): string | undefined {
  const match = /^(?:\\text\{)?\s*\(?([A-J])(?:\)?\}?$|[).:](?!\())/.exec(source);
  return match?.[1];
}

function sameQuantity(gold: Of<"value">, prediction: Of<"value">, comparison: Comparison): Verdict {
  const units = [gold.unit, prediction.unit].filter((unit) => unit && unit !== OTHER);
  if (units.length === 2 && !sameUnit(units[0], units[1])) {
    comparison.used("structure");
    return "different";
  }
  const matrices = sameMatrix(gold.node, prediction.node, comparison);
  if (matrices) return matrices;
  const [a, b] = comparison.settings.strict
    ? [gold.node, prediction.node]
    : [renamed(gold.node), renamed(prediction.node)];
  // 28% is 28 (of a hundred) as well as 0.28, but not 28 apples.
  const counted = (gold.percent && prediction.unit) || (prediction.percent && gold.unit);
  const verdict = counted ? "different" : sameExpression(a, b, comparison);
  if (verdict === "equal") return verdict;
  if ((gold.unit === "degree") !== (prediction.unit === "degree")) {
    const [x, y] = [gold.unit ? product([a, DEGREE]) : a, prediction.unit ? product([b, DEGREE]) : b];
    return sameExpression(x, y, comparison);
  }
  if (gold.percent === prediction.percent) return verdict;
  const [x, y] = [gold.percent ? product([a, HUNDREDTH]) : a, prediction.percent ? product([b, HUNDREDTH]) : b];
  return sameExpression(x, y, comparison);
}

function sameMatrix(gold: Node, prediction: Node, comparison: Comparison): Verdict | undefined {
  const [a, b] = [matrixOf(gold), matrixOf(prediction)];
  if (!a && !b) return undefined;
  comparison.used("structure");
  if (!a || !b || a.length !== b.length || a[0].length !== b[0].length) return "different";
  return all(a.flat().map((entry, i) => sameExpression(entry, b.flat()[i], comparison)));
}

/** Variables renamed in the order in which they appear. */
function renamed(node: Node): Node {
  const names = new Map([...variables(node)].map((name, i) => [name, `v${i}`]));
  const nameOf = (name: string): string => names.get(name) ?? name;
  const rename = (part: Node): Node => {
    if (part.kind === "symbol") return { ...part, name: nameOf(part.name) };
    const renamedParts = mapChildren(part, rename);
    return renamedParts.kind === "series" ? { ...renamedParts, variable: nameOf(renamedParts.variable) } : renamedParts;
  };
  return rename(node);
}

/** Lists, sets, tuples, ratios and vectors; `undefined` for other pairs. */
function sameCollection(gold: Structure, prediction: Structure, comparison: Comparison): Verdict | undefined {
  const same = (a: Structure, b: Structure): Verdict => compareStructures(a, b, comparison);
  const unordered = (structure: Structure): structure is Of<"list"> | Of<"set"> =>
    structure.kind === "list" || structure.kind === "set";
  if (unordered(gold) && unordered(prediction)) {
    const [a, b] = flattenNames(gold, prediction);
    return sameItems(a, b, same, gold.kind === "set" || prediction.kind === "set");
  }
  const [a, b] = [pointOf(gold), pointOf(prediction)];
  if (a && b) {
    if (gold.kind === "tuple" && prediction.kind === "tuple" && a.length === 2 && !sameBrackets(gold, prediction))
      return sameRegion(gold, prediction, comparison) ?? "different";
    return sameOrder(a, b, same);
  }
  if (gold.kind === "ratio" && prediction.kind === "ratio") {
    const verdict = sameOrder(gold.items, prediction.items, same);
    return verdict === "equal" ? verdict : sameRatio(gold, prediction, comparison);
  }
  // `x = 2, y = 3` for the point (2,3).
  if (b && gold.kind === "list" && isNamedApart(gold.items)) return sameOrder(gold.items, b, same);
  if (a && prediction.kind === "list" && isNamedApart(prediction.items)) return sameOrder(a, prediction.items, same);
  if (!comparison.settings.strict) {
    if (unordered(gold) && b) return sameOrder(gold.items, b, same);
    if (a && unordered(prediction)) return sameOrder(a, prediction.items, same);
  }
  // A set of one number is that number.
  if (gold.kind === "set" && gold.items.length === 1 && prediction.kind === "value")
    return same(gold.items[0], prediction);
  if (prediction.kind === "set" && prediction.items.length === 1 && gold.kind === "value")
    return same(gold, prediction.items[0]);
  if (unordered(gold) && prediction.kind === "value") return listOfOne(gold, (item) => same(item, prediction));
  if (unordered(prediction) && gold.kind === "value") return listOfOne(prediction, (item) => same(gold, item));
  // The ratio 3:4 is the fraction 3/4.
  if (gold.kind === "ratio" && prediction.kind === "value") return sameQuotient(gold, prediction, comparison);
  if (prediction.kind === "ratio" && gold.kind === "value") return sameQuotient(prediction, gold, comparison);
  return undefined;
}

/** A list that repeats one value is that value. */
function listOfOne({ items }: { items: readonly Structure[] }, same: (item: Structure) => Verdict): Verdict {
  return items.length ? all(items.map(same)) : "different";
}

/** The items of a point or vector in order. */
function pointOf(structure: Structure): readonly Structure[] | undefined {
  if (structure.kind === "tuple") return structure.items;
  if (structure.kind !== "value" || structure.node.kind !== "matrix") return undefined;
  const { rows } = structure.node;
  if (rows[0].length !== 1 || rows.length < 2) return undefined;
  return rows.map(([node], i) => ({
    kind: "value",
    node,
    unit: "",
    percent: false,
    source: `${structure.source}[${i}]`,
  }));
}

const sameBrackets = (a: Of<"tuple">, b: Of<"tuple">): boolean => a.open === b.open && a.close === b.close;

/** Times of day are not ratios: 2:30 is not 4:60. */
const isTime = ({ source }: Structure): boolean => /^\d{1,2}:\d\d(?::\d\d)?$/.test(source);

function sameRatio(gold: Of<"ratio">, prediction: Of<"ratio">, comparison: Comparison): Verdict {
  if (gold.items.length !== prediction.items.length || isTime(gold) || isTime(prediction)) return "different";
  const [a, b] = [nodes(gold.items), nodes(prediction.items)];
  if (!a || !b) return "different";
  return all(a.slice(1).map((node, i) => sameExpression(product([a[0], b[i + 1]]), product([node, b[0]]), comparison)));
}

function sameQuotient(ratio: Of<"ratio">, value: Of<"value">, comparison: Comparison): Verdict {
  const parts = nodes(ratio.items);
  if (parts?.length !== 2 || isTime(ratio) || !/frac|\//.test(value.source)) return "different";
  return sameExpression(parts[0], product([parts[1], value.node]), comparison);
}

function nodes(items: readonly Structure[]): Node[] | undefined {
  const found = items.flatMap((item) => (item.kind === "value" ? [item.node] : []));
  return found.length === items.length ? found : undefined;
}

/** Inequalities, intervals and unions. */
function sameConditions(gold: Structure, prediction: Structure, comparison: Comparison): Verdict | undefined {
  const isRelation = ({ kind }: Structure): boolean => kind === "relation" || kind === "logic";
  if (gold.kind === "relation" && prediction.kind === "relation") return sameRelation(gold, prediction, comparison);
  if (isRelation(prediction) && !isRelation(gold)) {
    const set = gold.kind === "tuple" || gold.kind === "region" || gold.kind === "reals" || gold.kind === "set";
    if (set && !comparison.settings.allowSetRelation) return "different";
  }
  if (prediction.kind === "relation" && gold.kind === "value") return identityOf(prediction, gold, comparison);
  if (gold.kind === "relation" && prediction.kind === "value") return identityOf(gold, prediction, comparison);
  const region = sameRegion(gold, prediction, comparison);
  if (region) return region;
  const same = (a: Structure, b: Structure): Verdict => compareStructures(a, b, comparison);
  if (gold.kind === "logic" && prediction.kind === "logic" && gold.operation === prediction.operation)
    return sameItems(gold.parts, prediction.parts, same, false);
  if (gold.kind === "region" && prediction.kind === "region" && gold.operation === prediction.operation)
    return gold.operation === "difference"
      ? sameOrder(gold.parts, prediction.parts, same)
      : sameItems(gold.parts, prediction.parts, same, false);
  const interval = intervalOf(gold) ?? intervalOf(prediction);
  if (interval && (gold.kind === "tuple" || prediction.kind === "tuple"))
    return same(intervalOf(gold) ?? gold, intervalOf(prediction) ?? prediction);
  return undefined;
}

/** `a < x ≤ b` as `(a, b]`, also where a and b are not numbers. */
function intervalOf(structure: Structure): Of<"tuple"> | undefined {
  if (structure.kind !== "relation" || structure.operands.length !== 3) return undefined;
  const { operands, operators, source } = structure;
  const up = operators.every((operator) => operator === "<" || operator === "\\le");
  const down = operators.every((operator) => operator === ">" || operator === "\\ge");
  if (operands[1].kind !== "symbol" || (!up && !down)) return undefined;
  const [low, high] = up ? [0, 2] : [2, 0];
  const strict = up ? operators : [...operators].reverse();
  const end = (index: number): Structure => ({
    kind: "value",
    node: operands[index],
    unit: "",
    percent: false,
    source: `${source}[${index}]`,
  });
  return {
    kind: "tuple",
    open: /[<>]/.test(strict[0]) ? "(" : "[",
    close: /[<>]/.test(strict[1]) ? ")" : "]",
    items: [end(low), end(high)],
    source: `interval ${source}`,
  };
}

/** `2x + 2x = 4x` states the value 4x, if its sides are identical; `x + y = 3` states no value. */
function identityOf(relation: Of<"relation">, value: Of<"value">, comparison: Comparison): Verdict {
  const { operands, operators } = relation;
  if (operators.some((operator) => operator !== "=")) return "different";
  const last = operands[operands.length - 1];
  const sides = all(operands.slice(0, -1).map((operand) => sameExpression(operand, last, comparison)));
  return sides === "equal" ? sameExpression(last, value.node, comparison) : "different";
}

function againstEquation(gold: Structure, prediction: Structure, comparison: Comparison): Verdict {
  if (gold.kind === "equation" && prediction.kind === "equation") {
    return sameEquation(gold, prediction, comparison, compareStructures);
  }
  const [equation, other] = gold.kind === "equation" ? [gold, prediction] : [prediction as Of<"equation">, gold];
  if (other.kind === "relation" && equation.left) {
    const relation = equationAsRelation(equation);
    if (!relation) return "different";
    return gold.kind === "equation"
      ? sameRelation(relation, other, comparison)
      : sameRelation(other, relation, comparison);
  }
  // `x \in (1,2)` against `1 < y < 2`.
  if (comparison.settings.strict && !equation.left) {
    const names = variablesOf(other);
    if (names.size === 1 && !names.has(equation.name)) return "different";
  }
  // `(x,y) = (1,2)` against `x = 1, y = 2`.
  const names = /^\((.*)\)$/.exec(equation.name)?.[1].split(",");
  if (
    names &&
    other.kind === "list" &&
    equation.value.kind === "tuple" &&
    equation.value.items.length === names.length
  ) {
    const items = equation.value.items.map(
      (value, i): Structure => ({ ...equation, name: names[i], value, source: `${names[i]}=${value.source}` }),
    );
    if (other.items.every(({ kind }) => kind === "equation"))
      return compareStructures({ ...other, items }, other, comparison);
  }
  return gold.kind === "equation"
    ? compareStructures(gold.value, prediction, comparison)
    : compareStructures(gold, (prediction as Of<"equation">).value, comparison);
}

function equationAsRelation({ left, value, source }: Of<"equation">): Of<"relation"> | undefined {
  if (!left || value.kind !== "value") return undefined;
  return { kind: "relation", operands: [left, value.node], operators: ["="], source };
}

/** Lists of equations against lists of values: names that only one side has are dropped. */
function flattenNames(
  gold: Of<"list"> | Of<"set">,
  prediction: Of<"list"> | Of<"set">,
): [readonly Structure[], readonly Structure[]] {
  const open = (structure: Of<"list"> | Of<"set">): readonly Structure[] =>
    structure.items.flatMap((item) =>
      item.kind === "list" || (item.kind === "equation" && item.value.kind === "list") ? expand(item) : [item],
    );
  return [open(gold), open(prediction)];
}

/** `1 \pm \sqrt5` inside of a set stands for two items. */
function expand(item: Structure): readonly Structure[] {
  if (item.kind === "list") return item.items;
  if (item.kind !== "equation" || item.value.kind !== "list") return [item];
  return item.value.items.map((value) => ({ ...item, value, source: `${item.name}=${value.source}` }));
}
