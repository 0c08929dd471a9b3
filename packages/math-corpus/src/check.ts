/**
 * What comes in through the door: said here once, by name, expected and found.
 *
 * @module
 */

/** A value as a message shows it: strings in quotes, null and arrays by name. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "an array" : `an object of ${value.constructor?.name ?? "no class"}`;
}

/** Refuses options that nothing reads: a misspelt one would be ignored. */
export function checkKeys(doing: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`Cannot ${doing}: options must be an object, found ${shown(options)}`);
  const stray = Object.keys(options).find((key) => !known.includes(key));
  if (stray !== undefined)
    throw new TypeError(`Cannot ${doing}: there is no option ${shown(stray)}, expected ${known.join(", ")}`);
}

/** Refuses what is not a whole number from `low` on. */
export function checkInteger(doing: string, name: string, value: unknown, low: number, high: number = 2 ** 31): void {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
    throw new RangeError(`Cannot ${doing}: ${name} must be an integer from ${low} to ${high}, found ${shown(value)}`);
}

/** Refuses what is not a number in [low, high]. */
export function checkNumber(doing: string, name: string, value: unknown, low: number, high: number): void {
  if (!(typeof value === "number" && value >= low && value <= high))
    throw new RangeError(`Cannot ${doing}: ${name} must be a number from ${low} to ${high}, found ${shown(value)}`);
}

/** Refuses what is not a text. */
export function checkText(doing: string, name: string, value: unknown): void {
  if (typeof value !== "string")
    throw new TypeError(`Cannot ${doing}: ${name} must be a string, found ${shown(value)}`);
}
