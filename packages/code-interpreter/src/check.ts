/** Checks of options, at the door. */

/** @throws {RangeError} If the number is not a whole one from `least` on. */
export function checkWhole(action: string, name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new RangeError(`${action}: ${name} must be a whole number from ${least} on, found ${String(value)}`);
}

/** @throws {TypeError} If the value is not a string. */
export function checkString(action: string, name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${action}: ${name} must be a string, found ${typeof value}`);
}
