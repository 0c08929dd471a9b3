// What JavaScript callers get wrong: refused with the argument's name, what was expected and what was found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChatTemplate, renderChat } from "./chat/mod.ts";
import { Tokenizer, trainBpe } from "./mod.ts";

// biome-ignore lint/suspicious/noExplicitAny: the callers meant here have no types.
type Any = any;
const tokenizer: Any = await trainBpe(["low lower"], { vocabSize: 258 });
const train: Any = trainBpe;
const files: Any = Tokenizer;
const chat: Any = { applyChatTemplate, renderChat };
const size = { vocabSize: 258 };
const names = "gpt2, cl100k, llama3, qwen2, o200k, deepseek3";

const training: [string, unknown[], RegExp][] = [
  ["one text", ["hello", size], /^TypeError: Cannot train: texts must be an iterable of strings, found "hello"$/],
  ["no texts", [null, size], /texts must be an iterable of strings, found null$/],
  ["no options", [["a"]], /^TypeError: Cannot train: options must be an object, found undefined$/],
  ["one special token", [["a"], { ...size, specialTokens: "<x>" }], /specialTokens must be an array, found "<x>"$/],
  ["a size in a string", [["a"], { vocabSize: "300" }], /vocabSize must be a whole number .* found "300"$/],
  ["a RegExp", [["a"], { ...size, pattern: /\w+/ }], /pattern must be one of .* found object$/],
  ...["cl100K", "gpt9", "cl100k_base", "toString", ""].map((pattern): [string, unknown[], RegExp] => [
    `the pattern "${pattern}"`,
    [["a"], { ...size, pattern }],
    new RegExp(`pattern must be one of ${names} or a regex, found "${pattern}"$`),
  ]),
  [
    "an option that it does not have",
    [["a"], { ...size, specialToken: ["<x>"] }],
    /^TypeError: Cannot train: each option must be one of vocabSize, .*, found "specialToken"$/,
  ],
  ["null for a text", [[null], size], /each of texts must be a string, found null$/],
];
for (const [what, args, message] of training) {
  test(`training refuses ${what}`, async () => {
    await assert.rejects(async () => await train(...args), message);
  });
}

test("a word in a group is a pattern", async () => {
  assert.equal((await trainBpe(["abcabc"], { vocabSize: 257, pattern: "(?:abc)" })).vocabSize, 257);
});

const refused: [string, () => unknown, RegExp][] = [
  ["null for a text", () => tokenizer.encode(null), /^TypeError: Cannot encode: text must be a string, found null$/],
  ["a text for a batch", () => tokenizer.encodeBatch("ab"), /^TypeError: .*texts must be an array, found "ab"$/],
  ["no batch", () => tokenizer.encodeBatch(), /^TypeError: .*texts must be an array, found undefined$/],
  ["an id for ids", () => tokenizer.decode(5), /^TypeError: Cannot decode: ids must be an array of ids, found 5$/],
  ["no ids", () => tokenizer.decode(), /^TypeError: .*ids must be an array of ids, found undefined$/],
  ["ids in strings", () => tokenizer.decode(["1"]), /ids\[0\] must be the id of a token, 0 to 257, found "1"$/],
  ["a text for ids", () => tokenizer.decodeStream().push("1"), /ids must be an array of ids, found "1"$/],
  ["ranks without options", () => files.fromTiktoken("IQ== 0"), /^TypeError: .*pattern must be .*found undefined$/],
  ["ranks without a pattern", () => files.fromTiktoken("", {}), /^TypeError: .*pattern must be .*found undefined$/],
  [
    "a chat without a template",
    () => chat.applyChatTemplate([], { tokenizer }),
    /^TypeError: Cannot apply the chat template: options.template must be a string, found undefined$/,
  ],
  [
    "a chat without options",
    () => chat.renderChat([]),
    /^TypeError: .*options.template must be a string, found undefined$/,
  ],
  ["a text for messages", () => chat.renderChat("hi", { template: "" }), /messages must be an array, found "hi"$/],
];
for (const [what, act, message] of refused) {
  test(`refused: ${what}`, () => assert.throws(act, message));
}
