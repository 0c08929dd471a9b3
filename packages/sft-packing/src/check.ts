/**
 * What comes in through the door: said here once, by name, expected and found.
 *
 * @module
 */

/** Options of `planPacking`, `pack` and `packStream`. */
const known = ["contextLength", "strategy", "overlong", "seed", "labels", "window", "repack"];

/** A value as a message shows it: strings in quotes, null and arrays by name. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "an array" : `an object of ${value.constructor?.name ?? "no class"}`;
}

/** Refuses options that nothing reads: a misspelt one would be ignored. */
export function checkKeys(options: object): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`Cannot pack: options must be an object, found ${shown(options)}`);
  const stray = Object.keys(options).find((key) => !known.includes(key));
  if (stray !== undefined)
    throw new TypeError(`Cannot pack: there is no option ${shown(stray)}, expected ${known.join(", ")}`);
}

/** Refuses what is not a list. */
export function checkList(name: string, list: unknown): void {
  const isList = typeof list === "object" && list !== null && typeof (list as { length?: unknown }).length === "number";
  if (!isList) throw new TypeError(`Cannot pack: ${name} must be an array, found ${shown(list)}`);
}

/** Refuses tokens that are no list of integers: storing them would change them. */
export function checkTokens(name: string, tokens: unknown): void {
  if (tokens instanceof Int32Array) return;
  checkList(name, tokens);
  const list = tokens as ArrayLike<number>;
  for (let i = 0; i < list.length; i++) {
    if (list[i] !== (list[i] | 0))
      throw new RangeError(`Cannot pack: ${name}[${i}] must be an integer of 32 bits, found ${shown(list[i])}`);
  }
}

/** Refuses what is not a list of examples. */
export function checkSequences(sequences: unknown): void {
  checkList("sequences", sequences);
  for (const [i, sequence] of (sequences as unknown[]).entries()) {
    const tokens = (sequence as { tokens?: unknown } | null | undefined)?.tokens;
    if (tokens === undefined)
      throw new TypeError(`Cannot pack: sequences[${i}] must be { tokens, labels? }, found ${shown(sequence)}`);
    checkTokens(`sequences[${i}].tokens`, tokens);
  }
}
