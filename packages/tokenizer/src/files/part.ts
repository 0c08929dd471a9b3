/** Reading a `tokenizer.json`: checks that say which part of it is wrong. */

import { kind as kindOf } from "../check.ts";

/** An object of unknown content. */
export type JsonObject = Record<string, unknown>;

interface Kinds {
  string: string;
  boolean: boolean;
  object: JsonObject;
  array: unknown[];
}

/** An object within the file, and where it stands there. */
export class Part {
  readonly value: JsonObject;
  readonly path: string;

  /** @throws {TypeError} If it is not an object. */
  constructor(value: unknown, path = "") {
    this.value = check(value, "object", path || "the file");
    this.path = path;
  }

  /** The path of a field. */
  at(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }

  /**
   * A field of that kind.
   *
   * @throws {TypeError} If it is not.
   */
  read<K extends keyof Kinds>(name: string, kind: K, fallback?: Kinds[K]): Kinds[K] {
    const value = this.value[name];
    return check(value ?? fallback ?? value, kind, this.at(name));
  }

  /** Whether a field is true. */
  flag(name: string, fallback = false): boolean {
    return this.read(name, "boolean", fallback);
  }

  /** A field that is an object. */
  part(name: string): Part {
    return new Part(this.value[name], this.at(name));
  }

  /** A field that is a list of objects. */
  parts(name: string, fallback?: unknown[]): Part[] {
    return this.read(name, "array", fallback).map((each, i) => new Part(each, `${this.at(name)}[${i}]`));
  }

  /** The components that a field names, also those within sequences, in order; none if it is null. */
  components(name: string, list: string): Part[] {
    const flatten = (part: Part): Part[] =>
      part.value.type === "Sequence" ? part.parts(list).flatMap(flatten) : [part];
    return (this.value[name] ?? null) === null ? [] : flatten(this.part(name));
  }

  /**
   * The type of a component.
   *
   * @throws {RangeError} If it is none of these.
   */
  type<T extends string>(supported: readonly T[]): T {
    return this.oneOf("type", supported, this.path, `${supported.join(", ")} and Sequence`);
  }

  /**
   * A field that has one of these values.
   *
   * @throws {RangeError} If it has another.
   */
  oneOf<T extends string>(
    name: string,
    values: readonly T[],
    path: string = this.at(name),
    supported: string = values.join(", "),
  ): T {
    const value = this.value[name] as T;
    if (!values.includes(value)) throw unsupported(path, String(value), supported);
    return value;
  }
}

function check<K extends keyof Kinds>(value: unknown, kind: K, path: string): Kinds[K] {
  const found = kindOf(value);
  if (found !== kind) throw new TypeError(mustBe(path, `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`, found));
  return value as Kinds[K];
}

/**
 * The value, known to be an id.
 *
 * @throws {RangeError} If it is not.
 */
export function checkId(value: unknown, path: () => string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= 2 ** 30)
    throw new RangeError(mustBe(path(), "an id, 0 to 2³⁰", JSON.stringify(value)));
  return value as number;
}

/** What is said of a value that is not what it must be. */
export function mustBe(path: string, expected: string, found: string): string {
  return `Cannot read tokenizer.json: ${path} must be ${expected}, found ${found}`;
}

/** The error for a component that is not supported. */
export function unsupported(path: string, found: string, supported: string): RangeError {
  return new RangeError(`Cannot read tokenizer.json: ${path} ${found} is not supported, only ${supported}`);
}
