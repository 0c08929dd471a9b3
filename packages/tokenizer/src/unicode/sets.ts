/** Sets of characters as regular expressions with the flag `v`, from the same Unicode 16 as the scanners. */
import { exceptions, LETTER, LOWER, MARK, NUMBER, OTHER, UPPER } from "./classes.ts";

/** The categories that are classes; of the others the runtime knows which characters they have. */
const masks: Record<string, number> = { L: LETTER, Lu: UPPER, Ll: LOWER, M: MARK, N: NUMBER };

/** `\p{name}`: a general category, or a script or property. */
export function property(name: string): string {
  return /^C.?$/.test(name) ? `\\p{${name}}` : within(nativeProperty(name), masks[name]);
}

/** Rust's `\p{Han}` is JavaScript's `\p{Script=Han}`. */
function nativeProperty(name: string): string {
  const set = `\\p{${name}}`;
  try {
    new RegExp(set, "v");
    return set;
  } catch {
    return `\\p{Script=${name}}`;
  }
}

/** `\w`; outside of classes Oniguruma also takes the numbers of Latin-1 that are no digits, ½ say. */
export function wordCharacters(inClass: boolean): string {
  return `[${within("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]")}${inClass ? "" : "²³¹¼-¾"}]`;
}

/** A set that is wrong in exceptions only: with those of the classes in `mask`, or just without those that have none. */
function within(set: string, mask?: number): string {
  const ranges = (classes: number): string =>
    exceptions
      .filter(([, , bit]) => bit & classes)
      .map(([start, end]) => `\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`)
      .join("");
  return `[[${set}${ranges(mask ?? 0)}]--[${ranges(mask ? ~mask : OTHER)}]]`;
}
