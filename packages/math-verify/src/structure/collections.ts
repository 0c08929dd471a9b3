/**
 * Items in the same order, and items in any order.
 *
 * @module
 */
import { all, type Verdict } from "../verdict.ts";
import type { Structure } from "./structure.ts";

type Same = (gold: Structure, prediction: Structure) => Verdict;

/** Item by item. */
export function sameOrder(gold: readonly Structure[], prediction: readonly Structure[], same: Same): Verdict {
  if (gold.length !== prediction.length) return "different";
  return all(gold.map((item, i) => same(item, prediction[i])));
}

/**
 * In any order: each gold item has a predicted one of its own. Equality is transitive, so taking the first that is equal
 * is as good as searching all matchings.
 *
 * @param once repetitions do not count, as in sets
 */
export function sameItems(
  gold: readonly Structure[],
  prediction: readonly Structure[],
  same: Same,
  once: boolean,
): Verdict {
  if (!once && gold.length !== prediction.length) return "different";
  if (namedAlike(gold, prediction)) return sameOrderOfNames(gold, prediction, same);
  const labelled = byLabels(gold, prediction);
  if (labelled) return sameOrder(gold, labelled, same);
  if (isNamedApart(gold) !== isNamedApart(prediction)) return sameOrder(gold, prediction, same);
  const left = [...prediction];
  let result: Verdict = "equal";
  for (const item of gold) {
    const verdicts = (once ? prediction : left).map((other) => same(item, other));
    const found = verdicts.indexOf("equal");
    if (found >= 0) {
      if (!once) left.splice(found, 1);
    } else if (verdicts.includes("undecided")) result = "undecided";
    else return "different";
  }
  if (!once || result !== "equal") return result;
  return all(prediction.map((other) => (gold.some((item) => same(item, other) === "equal") ? "equal" : "different")));
}

const namesOf = (items: readonly Structure[]): string[] =>
  items.flatMap((item) => (item.kind === "equation" ? [item.name] : []));

/** All items are equations, with names that differ by more than a subscript: `a = 1, b = 2`, not `x_1 = 1, x_2 = 2`. */
export function isNamedApart(items: readonly Structure[]): boolean {
  const names = namesOf(items);
  return names.length === items.length && new Set(names.map((name) => name.replace(/_.*$/, ""))).size > 1;
}

/** Both sides have the same names, each once. */
function namedAlike(gold: readonly Structure[], prediction: readonly Structure[]): boolean {
  const [a, b] = [new Set(namesOf(gold)), new Set(namesOf(prediction))];
  return a.size === gold.length && b.size === prediction.length && a.size > 1 && [...a].every((name) => b.has(name));
}

function sameOrderOfNames(gold: readonly Structure[], prediction: readonly Structure[], same: Same): Verdict {
  const byName = new Map(prediction.map((item) => [item.kind === "equation" ? item.name : "", item]));
  return all(gold.map((item) => same(item, byName.get(item.kind === "equation" ? item.name : "")!)));
}

/** The predicted items in the gold order of their labels (`7 red, 5 blue`), where both sides have the same ones. */
function byLabels(gold: readonly Structure[], prediction: readonly Structure[]): Structure[] | undefined {
  const labelOf = (item: Structure): string => (item.kind === "value" && item.label) || "";
  const byLabel = new Map(prediction.map((item) => [labelOf(item), item]));
  const labels = new Set(gold.map(labelOf));
  if (labels.has("") || labels.size < 2 || labels.size !== gold.length) return undefined;
  if (byLabel.size !== gold.length || prediction.length !== gold.length) return undefined;
  const ordered = gold.flatMap((item) => byLabel.get(labelOf(item)) ?? []);
  return ordered.length === gold.length ? ordered : undefined;
}
