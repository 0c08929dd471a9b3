import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, planPacking, promptCompletion } from "./mod.ts";

const refused: [what: string, call: () => unknown, message: RegExp][] = [
  ["a number for lengths", () => planPacking(5 as never), /lengths must be an array, found 5/],
  ["null for lengths", () => planPacking(null as never), /lengths must be an array, found null/],
  ["a misspelt option", () => planPacking([2], { contextlength: 4 } as never), /no option "contextlength", expected/],
  ["a string for a number", () => planPacking([2], { contextLength: "8" as never }), /found "8"/],
  ["no sequences", () => pack(undefined as never), /sequences must be an array, found undefined/],
  ["plain arrays", () => pack([[1, 2]] as never), /sequences\[0\] must be \{ tokens, labels\? \}, found an array/],
  ["no tokens", () => pack([{}] as never), /sequences\[0\] must be \{ tokens, labels\? \}, found an object/],
  ["text for tokens", () => pack([{ tokens: "abc" }] as never), /tokens must be an array, found "abc"/],
  ["a fraction", () => pack([{ tokens: [1, 1.7] }] as never), /tokens\[1\] must be an integer of 32 bits, found 1.7/],
  ["too large an id", () => pack([{ tokens: [2 ** 33] }] as never), /tokens\[0\] must be an integer of 32 bits/],
  ["NaN", () => pack([{ tokens: [Number.NaN] }] as never), /tokens\[0\] must be an integer of 32 bits, found NaN/],
  ["text for a prompt", () => promptCompletion("a" as never, [1]), /prompt must be an array, found "a"/],
  ["no completion", () => promptCompletion([1], undefined as never), /completion must be an array, found undefined/],
];

for (const [what, call, message] of refused) test(`${what} is refused by name`, () => assert.throws(call, message));

test("plain arrays of ids do as well as typed ones", () => {
  assert.deepEqual(pack([{ tokens: [1, 2] }] as never), pack([{ tokens: Int32Array.of(1, 2) }]));
});
