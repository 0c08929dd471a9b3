/**
 * Units of measurement and other words after a number. They are dropped when answers are compared, unless both answers
 * have one and it is known that they differ (5 cm is not 5 km).
 *
 * @module
 */

const groups = [
  "cm centimeter centimetre", "mm millimeter millimetre", "km kilometer kilometre", "m meter metre", "in inch inches",
  "ft foot feet", "yd yard", "mi mile", "s sec second", "min minute", "h hr hour", "day", "week", "month", "year yr", "g gram",
  "kg kilogram", "mg milligram", "lb lbs pound", "oz ounce", "ton tonne", "l liter litre", "ml milliliter", "gallon gal",
  "cup", "pint", "quart", "cent ¢", "dollar usd", "euro eur", "mph", "kph km/h", "m/s", "degree deg", "radian rad", "joule j",
  "watt w", "newton n", "volt v", "hz hertz", "acre", "dozen", "percent",
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
