/**
 * What a configuration file may say: one rule for each key, and a check that names the place and suggests the right key.
 *
 * @module
 */

import { suggestion } from "../nearest.ts";

/** Checks a value; throws an error that begins with the value's place in the file. */
export type Rule = (value: unknown, place: string) => void;

/** A mistake in a configuration: its message is for the user. */
export class ConfigurationError extends Error {
  override readonly name: string = "ConfigurationError";
}

function refuse(place: string, expected: string, found: unknown): never {
  const text = JSON.stringify(found) ?? String(found);
  throw new ConfigurationError(
    `${place}: expected ${expected}, found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`,
  );
}

/** A number from `least` to `most`. */
export function number(least: number, most: number = Number.POSITIVE_INFINITY): Rule {
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  return (value, place) => {
    if (!(typeof value === "number" && Number.isFinite(value) && value >= least && value <= most))
      refuse(place, `a number ${range}`, value);
  };
}

/** A whole number of at least `least`. */
export function whole(least: number): Rule {
  return (value, place) => {
    if (!(Number.isInteger(value) && (value as number) >= least))
      refuse(place, `a whole number of at least ${least}`, value);
  };
}

/** One of some words; the error names them all. */
export function oneOf(...words: readonly string[]): Rule {
  return (value, place) => {
    if (typeof value === "string" && words.includes(value)) return;
    refuse(place, words.join(" or "), value);
  };
}

/** `true` or `false`. */
export const flag: Rule = (value, place) => {
  if (typeof value !== "boolean") refuse(place, "true or false", value);
};

/** A text that is not empty. */
export const text: Rule = (value, place) => {
  if (typeof value !== "string" || value === "") refuse(place, "a text", value);
};

/** A list of at least one text. */
export const texts: Rule = (value, place) => {
  if (!Array.isArray(value) || value.length === 0) refuse(place, "a list of texts", value);
  value.forEach((each, i) => {
    text(each, `${place}[${i}]`);
  });
};

/** Relative weights by key, at least one of them above 0. */
export function weights(keys: readonly string[]): Rule {
  const each = number(0);
  return (value, place) => {
    object(Object.fromEntries(keys.map((key) => [key, optional(each)])))(value, place);
    if (!Object.values(value as object).some((weight) => weight > 0)) refuse(place, "a weight above 0", value);
  };
}

const optionals = new WeakSet<Rule>();

/** A key that may be left out. */
export function optional(rule: Rule): Rule {
  const copy: Rule = (value, place) => rule(value, place);
  optionals.add(copy);
  return copy;
}

/** An object with exactly these keys. */
export function object(rules: Readonly<Record<string, Rule>>): Rule {
  const keys = Object.keys(rules);
  return (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(place, "an object", value);
    const given = value as Record<string, unknown>;
    const at = (key: string) => (place === "" ? key : `${place}.${key}`);
    for (const key of Object.keys(given)) {
      if (!keys.includes(key))
        throw new ConfigurationError(
          `Unknown key ${at(key)}${suggestion(key, keys) || `; there are ${keys.join(", ")}`}`,
        );
    }
    for (const [key, rule] of Object.entries(rules)) {
      if (given[key] !== undefined) rule(given[key], at(key));
      else if (!optionals.has(rule)) throw new ConfigurationError(`Missing key ${at(key)}`);
    }
  };
}
