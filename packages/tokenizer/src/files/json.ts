/** Reading a `tokenizer.json`: checks that say which part of it is wrong. */

/** An object of unknown content. */
export type JsonObject = Record<string, unknown>;

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
  object: JsonObject;
  array: unknown[];
}

/**
 * The value, known to be of that kind.
 *
 * @throws {TypeError} If it is not.
 */
export function check<K extends keyof Kinds>(value: unknown, kind: K, path: string): Kinds[K] {
  const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (found !== kind)
    throw new TypeError(
      `Cannot read tokenizer.json: ${path} must be ${/^[ao]/.test(kind) ? "an" : "a"} ${kind}, found ${found}`,
    );
  return value as Kinds[K];
}

/** The error for a component that is not supported. */
export function unsupported(path: string, found: string, supported: string): RangeError {
  return new RangeError(`Cannot read tokenizer.json: ${path} ${found} is not supported, only ${supported}`);
}
