/** Sets of characters as the inside of a regular expression's class, from the same Unicode 16 as the scanners. */
import { CASELESS, classes, LETTER, LOWER, MARK, NUMBER, OTHER, SPACE, SYMBOL, UPPER } from "./classes.ts";

/** The classes within which a general category lies. */
const masks: Record<string, number> = {
  L: LETTER,
  Lu: UPPER,
  Lt: UPPER,
  Ll: LOWER,
  Lm: CASELESS,
  Lo: CASELESS,
  M: MARK,
  N: NUMBER,
  P: SYMBOL,
  S: SYMBOL,
  Z: SPACE,
};

/** Categories that are a mask exactly; of the others the runtime knows which characters in the mask they have. */
const exact = "L Ll M N";

const known = new Map<string, string>();

/** `\s`. */
export function spaces(negated: boolean): string {
  return remember("\\s", negated, (c) => (classes[c] & SPACE) !== 0);
}

/** `\w`: alphabetic, marks, decimal digits, connectors, joiners. */
export function wordCharacters(negated: boolean): string {
  const native = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
  return remember(
    "\\w",
    negated,
    (c) => c === 0x200c || c === 0x200d || (classes[c] !== OTHER && native.test(String.fromCodePoint(c))),
  );
}

/** `\p{name}`; properties other than general categories are the runtime's. */
export function property(name: string, negated: boolean): string {
  const mask = masks[name] ?? masks[name[0]];
  if (!mask || name.length > 2) return `\\${negated ? "P" : "p"}{${name}}`;
  const native = new RegExp(`\\p{${name}}`, "u");
  const isExact = exact.split(" ").includes(name);
  return remember(name, negated, (c) => (classes[c] & mask) !== 0 && (isExact || native.test(String.fromCodePoint(c))));
}

function remember(name: string, negated: boolean, has: (codePoint: number) => boolean): string {
  const key = `${negated}${name}`;
  let found = known.get(key);
  if (found === undefined) {
    found = "";
    for (let c = 0; c < classes.length; c++) {
      if (has(c) === negated) continue;
      const start = c;
      while (c + 1 < classes.length && has(c + 1) !== negated) c++;
      found += `\\u{${start.toString(16)}}${c > start ? `-\\u{${c.toString(16)}}` : ""}`;
    }
    known.set(key, found);
  }
  return found;
}
