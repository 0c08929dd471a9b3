/**
 * What public functions ask of their arguments, once, before they compute. A message names the argument, what was
 * expected and what was found.
 *
 * @module
 */

/** A value as messages show it: strings in quotes, null as null, lists by kind and length. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const kind = Array.isArray(value) ? "array" : (value.constructor?.name ?? "object");
  const length = (value as { length?: unknown }).length;
  const article = /^[AEIOaeio]/.test(kind) ? "an" : "a";
  return `${article} ${kind === "Object" ? "object" : kind}${typeof length === "number" ? ` of ${length}` : ""}`;
}

/** An object (no list, no null); also tells `undefined` from one. */
export function checkObject(task: string, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) return;
  throw new TypeError(`Cannot ${task}: ${name} must be an object, found ${show(value)}`);
}

/** Options: an object, all of whose fields are known. A field that is undefined is as good as absent. */
export function checkOptions(task: string, options: object, known: readonly string[], name = "options"): void {
  checkObject(task, name, options);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || known.includes(key)) continue;
    throw new TypeError(
      `Cannot ${task}: unknown option "${key}" in ${name}, the nearest known is "${nearest(key, known)}"`,
    );
  }
}

/** A number that is `expected`. Anything else, NaN and numbers in strings included, is refused. */
export function checkNumber(
  task: string,
  name: string,
  value: unknown,
  expected = "0 or more",
  fits: (value: number) => boolean = (each) => each >= 0,
): void {
  if (typeof value !== "number") throw new TypeError(`Cannot ${task}: ${name} must be a number, found ${show(value)}`);
  if (!fits(value)) throw new RangeError(`Cannot ${task}: ${name} must be ${expected}, found ${value}`);
}

/** One of some values. */
export function checkOneOf(task: string, name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  throw new TypeError(`Cannot ${task}: ${name} must be one of ${allowed.map(show).join(", ")}, found ${show(value)}`);
}

/** True, false or absent. */
export function checkFlag(task: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`Cannot ${task}: ${name} must be true or false, found ${show(value)}`);
}

/**
 * A list of numbers. Of typed arrays only the kind is looked at; of others every entry, because "1" + "0" is "10" and
 * `false !== 0`. `also` lets other entries pass.
 */
export function checkNumbers(
  task: string,
  name: string,
  value: unknown,
  also: (entry: unknown) => boolean = () => false,
): void {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView) && !/^Big/.test(value.constructor.name)) return;
  if (!Array.isArray(value)) {
    throw new TypeError(`Cannot ${task}: ${name} must be an array of numbers, found ${show(value)}`);
  }
  for (let i = 0; i < value.length; i++) {
    if (typeof value[i] === "number" || also(value[i])) continue;
    throw new TypeError(`Cannot ${task}: ${name}[${i}] must be a number, found ${show(value[i])}`);
  }
}

/** Cumulative lengths: they start at 0 and never decrease. */
export function checkSegments(task: string, segments: ArrayLike<number>): void {
  checkNumbers(task, "segments", segments);
  if (segments.length < 1 || segments[0] !== 0) {
    throw new RangeError(`Cannot ${task}: segments must start at 0, found ${segments[0]}`);
  }
  for (let s = 1; s < segments.length; s++) {
    if (segments[s] >= segments[s - 1]) continue;
    throw new RangeError(
      `Cannot ${task}: segments must not decrease, found ${segments[s - 1]} then ${segments[s]} at ${s}`,
    );
  }
}

/** The known name that takes the fewest insertions, deletions and replacements to reach; case does not count. */
function nearest(name: string, known: readonly string[]): string {
  const distances = known.map((each) => distance(name.toLowerCase(), each.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))];
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
