// As much of node:assert/strict as the examples in the documentation use, for browsers.
import { plain } from "./plain.mjs";

const show = (value) => {
  try {
    return JSON.stringify(plain(value));
  } catch {
    return String(value);
  }
};

function check(holds, message, otherwise) {
  if (!holds) throw message instanceof Error ? message : new Error(message ?? otherwise);
}

export const ok = (value, message) => check(value, message, `expected something truthy, found ${show(value)}`);
export const equal = (found, expected, message) =>
  check(Object.is(found, expected), message, `expected ${show(expected)}, found ${show(found)}`);
export const notEqual = (found, other, message) =>
  check(!Object.is(found, other), message, `expected anything but ${show(other)}`);
export const deepEqual = (found, expected, message) =>
  check(show(found) === show(expected), message, `expected ${show(expected)}, found ${show(found)}`);
export const match = (text, pattern, message) =>
  check(pattern.test(text), message, `expected ${show(text)} to match ${pattern}`);

const fits = (error, expected) => {
  if (expected === undefined) return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected === "function") return error instanceof expected;
  return Object.entries(expected).every(([key, value]) =>
    value instanceof RegExp ? value.test(error[key]) : Object.is(error[key], value),
  );
};
export function throws(action, expected) {
  let error;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  check(error !== undefined, undefined, "expected an error, found none");
  check(fits(error, expected), undefined, `expected another error than ${error}`);
}
export async function rejects(action, expected) {
  let error;
  try {
    await (typeof action === "function" ? action() : action);
  } catch (thrown) {
    error = thrown;
  }
  throws(() => {
    if (error !== undefined) throw error;
  }, expected);
}

const assert = Object.assign((value, message) => ok(value, message), {
  ok,
  equal,
  notEqual,
  deepEqual,
  match,
  throws,
  rejects,
});
export const strictEqual = equal;
export const deepStrictEqual = deepEqual;
export default Object.assign(assert, { strictEqual, deepStrictEqual });
