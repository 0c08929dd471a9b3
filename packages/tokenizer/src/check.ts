/** What public functions ask of their arguments. */

/** A value as messages show it. */
export function show(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, 40))
    : value instanceof Object
      ? kind(value)
      : `${value}`;
}

/** `typeof`, with "null" and "array". */
export function kind(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/**
 * Refuses an argument that is not what it must be: "a string", "an object", "an array", or whatever `fits` says.
 *
 * @throws {TypeError} If it is not.
 */
export function check(
  task: string,
  name: string,
  value: unknown,
  expected: string,
  fits: boolean = expected.endsWith(kind(value)),
): void {
  if (!fits) throw new TypeError(`Cannot ${task}: ${name} must be ${expected}, found ${show(value)}`);
}
