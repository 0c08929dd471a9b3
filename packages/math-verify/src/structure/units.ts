/**
 * Units of measurement and other words after a number. They are dropped when answers are compared, unless both answers
 * have one and it is known that they differ (5 cm is not 5 km).
 *
 * @module
 */

const groups = [
  "cm centimeter centimetre", "mm millimeter millimetre", "km kilometer kilometre", "m meter metre", "in inch inches",
  "ft foot feet", "yd yard", "mi mile", "s sec second", "min minute", "h hr hour", "day", "week", "month", "year yr", "g gram",
  "kg kilogram", "mg milligram", "lb lbs", "pound", "oz ounce", "ton tonne", "l liter litre", "ml milliliter", "gallon gal",
  "cup", "pint", "quart", "cent ¢", "dollar usd", "euro eur", "gbp sterling poundsterling poundssterling", "yen jpy", "rupee inr", "yuan cny rmb", "mph", "kph km/h", "m/s", "degree deg", "radian rad", "joule j",
  "watt w", "newton n", "volt v", "hz hertz", "acre", "percent",
]; // biome-ignore format: a table

const canonical = new Map<string, string>();
for (const group of groups) for (const name of group.split(" ")) canonical.set(name, group.split(" ")[0]);

/** The unit's canonical name and its power (`cm^2`), or "" for none that is known. */
export function unitOf(words: string): string {
  const text = words
    .toLowerCase()
    .replace(/\bsquare\s+(\w+)/, "$1^2")
    .replace(/\bcubic\s+(\w+)/, "$1^3")
    .replace(/\bmiles per hour\b/, "mph")
    .replace(/[{}()\s\\.]/g, "");
  const match = /^([a-z/¢]+?)(\^[23])?$/.exec(text);
  if (!match) return "";
  const [, name, power = ""] = match;
  const known = canonical.get(name) ?? canonical.get(name.replace(/e?s$/, "")) ?? canonical.get(name.replace(/s$/, ""));
  return known ? `${known}${power}` : "";
}

/** Whether `word` alone, beside a number, is a unit (and not a product of letters). */
export const isUnit = (word: string): boolean =>
  word.length > 1 && (canonical.has(word.toLowerCase()) || canonical.has(word.toLowerCase().replace(/s$/, "")));

/** Whether two known units may be the same: "pound" may be weight or money. */
export const sameUnit = (a: string, b: string): boolean =>
  a === b || (a === "pound" && /^(?:lb|gbp)$/.test(b)) || (b === "pound" && /^(?:lb|gbp)$/.test(a));

const magnitudes: Record<string, bigint> = {
  dozen: 12n,
  hundred: 100n,
  thousand: 1000n,
  million: 10n ** 6n,
  billion: 10n ** 9n,
  trillion: 10n ** 12n,
};

/** A magnitude's word, for other expressions. */
export const MAGNITUDE = "(?:dozen|hundred|thousand|million|billion|trillion)s?";

const magnitude = /^\s*(dozen|hundred|thousand|million|billion|trillion)s?\b\s*(?:of\b\s*)?/i;

/** Takes "hundred", "thousand", "million" and "dozen" from the words after a number: what they multiply it by, and the rest. */
export function magnitudeOf(words: string): { scale: bigint; rest: string } {
  let [scale, rest] = [1n, words];
  for (let match = magnitude.exec(rest); match && scale < 10n ** 30n; match = magnitude.exec(rest)) {
    scale *= magnitudes[match[1].toLowerCase()];
    rest = rest.slice(match[0].length);
  }
  return { scale, rest };
}

const signs: Record<string, string> = { "€": "euro", "£": "gbp", "¥": "yen", "￥": "yen", "₹": "rupee" };

/** The one currency whose sign stands in an answer as it was written, or "". A lone `$` beside a digit is one. */
export function currencyOf(answer: string): string {
  if (!/[$€£¥￥₹]|\\(?:euro|pounds)/.test(answer)) return "";
  const found = new Set([...answer].flatMap((sign) => signs[sign] ?? []));
  if (/\\(?:text)?euro\b/.test(answer)) found.add("euro");
  if (/\\pounds\b/.test(answer)) found.add("gbp");
  const lone = answer.replace(/\\\$/g, "").split("$").length % 2 === 0 && /\$\s?[\d.]|\d\s?\$/.test(answer);
  if (lone || answer.includes("\\$")) found.add("dollar");
  const [currency = ""] = found;
  return found.size === 1 ? currency : "";
}
