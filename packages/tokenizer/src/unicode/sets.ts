/** Sets of characters as regular expressions with the flag `v`, from the same Unicode 16 as the scanners. */
import { CASELESS, classOf, exceptions, LETTER, LOWER, MARK, NUMBER, OTHER, SPACE, SYMBOL, UPPER } from "./classes.ts";

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

/**
 * `\p{name}`: a general category, or a script or property, of which the runtime knows more.
 *
 * @throws {RangeError} If the runtime does not know it either.
 */
export function property(name: string): string {
  const category = name.length <= 2;
  if (category && name[0] === "C") return `\\p{${name}}`;
  return within(
    nativeProperty(name),
    category ? (masks[name] ?? masks[name[0]] ?? 0) : ~OTHER,
    exact.split(" ").includes(name),
  );
}

/** Rust's `\p{Han}` is JavaScript's `\p{Script=Han}`. */
function nativeProperty(name: string): string {
  for (const set of [`\\p{${name}}`, `\\p{Script=${name}}`])
    try {
      new RegExp(set, "v");
      return set;
    } catch {}
  throw new RangeError(`\\p{${name}} is not supported`);
}

const words = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";

/** `\w`; outside of classes Oniguruma also takes the numbers of Latin-1 that are no digits, ½ say. */
export function wordCharacters(inClass: boolean): string {
  return `[${within(words, ~OTHER, false)}${inClass ? "" : "²³¹¼-¾"}]`;
}

const word = /* @__PURE__ */ new RegExp(words, "v");

/** Whether a character is alphabetic, a mark, a decimal digit or a connector. */
export function isWordCharacter(codePoint: number): boolean {
  return classOf(codePoint) !== OTHER && word.test(String.fromCodePoint(codePoint));
}

/** Of a set what lies in the classes of `mask`; with `all`, all that does. The runtime is only wrong in exceptions. */
function within(set: string, mask: number, all: boolean): string {
  const ranges = (inside: boolean): string =>
    exceptions
      .filter(([, , bit]) => ((bit & mask) !== 0) === inside)
      .map(([start, end]) => `\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`)
      .join("");
  return `[[${set}${all ? ranges(true) : ""}]--[${ranges(false)}]]`;
}
