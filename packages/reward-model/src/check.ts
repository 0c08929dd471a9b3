/**
 * What comes in through the door: refused once, by name, with what was expected and what was found.
 *
 * @module
 */

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return String(value);
  const { length } = value as { length?: unknown };
  if (typeof length === "number") return `${value.constructor?.name ?? "a list"} of length ${length}`;
  return `an object of ${value.constructor?.name ?? "no class"}`;
}

/** Refuses options that nothing reads: a misspelt one would be ignored. */
export function checkKeys(task: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TypeError(`Cannot ${task}: options must be an object, found ${shown(options)}`);
  const stray = Object.keys(options).find((key) => !known.includes(key));
  if (stray === undefined) return;
  throw new TypeError(`Cannot ${task}: there is no option ${shown(stray)}, expected ${known.join(", ")}`);
}

/** Refuses a number that is not `expected`. */
export function checkNumber(
  task: string,
  name: string,
  value: unknown,
  expected = "a number from 0",
  fits: (value: number) => boolean = (each) => each >= 0,
): void {
  if (typeof value !== "number")
    throw new TypeError(`Cannot ${task}: ${name} must be ${expected}, found ${shown(value)}`);
  if (!fits(value)) throw new RangeError(`Cannot ${task}: ${name} must be ${expected}, found ${value}`);
}

/** Refuses anything but an integer of at least `least`. */
export function checkInteger(task: string, name: string, value: unknown, least = 1): void {
  checkNumber(task, name, value, `an integer from ${least}`, (each) => Number.isSafeInteger(each) && each >= least);
}

/** Refuses what is none of `allowed`. */
export function checkOneOf(task: string, name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(
    `Cannot ${task}: ${name} must be one of ${allowed.map(shown).join(", ")}, found ${shown(value)}`,
  );
}

/** Refuses what is no function. */
export function checkFunction(task: string, name: string, value: unknown): void {
  if (typeof value !== "function")
    throw new TypeError(`Cannot ${task}: ${name} must be a function, found ${shown(value)}`);
}

/** Refuses what is no list; a string is none. */
export function checkList(task: string, name: string, list: unknown, length?: number): void {
  const found = typeof list === "object" && list !== null ? (list as { length?: unknown }).length : undefined;
  if (typeof found !== "number") throw new TypeError(`Cannot ${task}: ${name} must be an array, found ${shown(list)}`);
  if (length !== undefined && found !== length)
    throw new RangeError(`Cannot ${task}: ${name} must have ${length} entries, found ${found}`);
}

/** Refuses a list with an entry that is not `expected`; finite numbers, unless told otherwise. */
export function checkNumbers(
  task: string,
  name: string,
  list: ArrayLike<unknown>,
  length?: number,
  expected = "finite",
  fits: (value: number) => boolean = Number.isFinite,
): void {
  checkList(task, name, list, length);
  for (let i = 0; i < list.length; i++) checkNumber(task, `${name}[${i}]`, list[i], expected, fits);
}

/** Probabilities: from 0 to 1, both included. */
export const isProbability = (value: number): boolean => value >= 0 && value <= 1;

/** Refuses what are no cumulative lengths of `size` entries: from 0, never falling, up to `size`. */
export function checkSegments(task: string, segments: ArrayLike<number>, size: number): void {
  checkList(task, "segments", segments);
  const last = segments.length - 1;
  if (last < 0 || segments[0] !== 0 || segments[last] !== size) {
    throw new RangeError(
      `Cannot ${task}: segments must run from 0 to ${size}, found ${last < 0 ? "none" : `${segments[0]} to ${segments[last]}`}`,
    );
  }
  for (let s = 1; s <= last; s++) {
    if (segments[s] >= segments[s - 1]) continue;
    throw new RangeError(
      `Cannot ${task}: segments must not fall, found ${segments[s - 1]} then ${segments[s]} at entry ${s}`,
    );
  }
}
