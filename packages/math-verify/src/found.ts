/** What was found where something else was expected, as errors name it: `5`, `"5"`, `null`, `an array`. */
export function found(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

/** @throws {TypeError} unless `value` is a string; `task` is what cannot be done without it. */
export function checkString(task: string, name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`Cannot ${task}: ${name} must be a string, found ${found(value)}`);
}

/** @throws {TypeError} unless `value` is an object. */
export function checkObject(task: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError(`Cannot ${task}: ${name} must be an object, found ${found(value)}`);
}

/** @throws {TypeError} unless `value` is a number. */
export function checkNumber(task: string, name: string, value: unknown): void {
  if (typeof value !== "number") throw new TypeError(`Cannot ${task}: ${name} must be a number, found ${found(value)}`);
}
