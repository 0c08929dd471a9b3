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

const native = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;

/** Whether a character is alphabetic, a mark, a decimal digit or a connector. */
export function isWordCharacter(codePoint: number): boolean {
  return classes[codePoint] !== OTHER && native.test(String.fromCodePoint(codePoint));
}

/** `\w`; outside of classes Oniguruma also takes the numbers of Latin-1 that are no digits, ½ say. */
export function wordCharacters(negated: boolean, inClass: boolean): string {
  if (inClass) return remember("[\\w]", negated, isWordCharacter);
  return remember("\\w", negated, (c) => isWordCharacter(c) || (c < 0x100 && (classes[c] & NUMBER) !== 0));
}

/**
 * `\p{name}`: a general category, or a script or property, of which the runtime knows more.
 *
 * @throws {SyntaxError} If the runtime does not know it either.
 */
export function property(name: string, negated: boolean): string {
  const category = name.length <= 2;
  if (category && name[0] === "C") return `\\${negated ? "P" : "p"}{${name}}`;
  const mask = category ? (masks[name] ?? masks[name[0]] ?? 0) : ~OTHER;
  const native = nativeProperty(name);
  const isExact = exact.split(" ").includes(name);
  return remember(name, negated, (c) => (classes[c] & mask) !== 0 && (isExact || native.test(String.fromCodePoint(c))));
}

/** Rust's `\p{Han}` is JavaScript's `\p{Script=Han}`. */
function nativeProperty(name: string): RegExp {
  try {
    return new RegExp(`\\p{${name}}`, "u");
  } catch {
    return new RegExp(`\\p{Script=${name}}`, "u");
  }
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
