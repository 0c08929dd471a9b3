// The oracle for `tokenizer.json`: Hugging Face's Rust library, from npm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tokenizer as Rust } from "tokenizers";
import { type PatternName, patterns } from "./split/patterns.ts";
import { fuzzStrings } from "./testing/fuzz_strings.ts";
import { noGsm8k, readGsm8k } from "./testing/gsm8k.ts";
import { addedToken, byteLevel, sequence, split, tokenizerJson } from "./testing/tokenizer_json.ts";
import { Tokenizer } from "./tokenizer.ts";
import { trainBpe } from "./train/train_bpe.ts";

/** What a character of Rust's offsets is in UTF-16. */
function unitOffsets(text: string, offsets: number[][]): number[][] {
  const starts = [0];
  for (const character of text) starts.push(starts[starts.length - 1] + character.length);
  return offsets.map(([from, to]) => [starts[from], starts[to]]);
}

/** Offsets and decoded texts are compared for this many of the texts; ids for all. */
const SAMPLE = 1500;

async function assertSame(
  json: unknown,
  texts: string[],
  options: { offsets?: boolean; addSpecialTokens?: boolean; decode?: boolean } = {},
): Promise<void> {
  const { offsets = true, addSpecialTokens = true, decode = true } = options;
  const ours = Tokenizer.fromJSON(JSON.stringify(json));
  const rust = Rust.fromString(JSON.stringify(json));
  const encodings = await rust.encodeBatch(texts, { addSpecialTokens });
  const { ids, offsets: places } = ours.encodeBatch(texts, { addSpecialTokens });
  for (const [i, text] of texts.entries()) {
    const expected = encodings[i].getIds();
    const found = [...ids.subarray(places[i], places[i + 1])];
    if (found.join() !== expected.join())
      assert.deepEqual(
        found.map((id) => ours.idToToken(id)),
        encodings[i].getTokens(),
        JSON.stringify(text),
      );
    if (!offsets || i >= SAMPLE) continue;
    const { ids: same, starts, ends } = ours.encodeWithOffsets(text, { addSpecialTokens });
    assert.deepEqual([...same], expected);
    const spans = [...starts].map((start, j) => [start, ends[j]]);
    assert.deepEqual(spans, unitOffsets(text, encodings[i].getOffsets()), JSON.stringify(text));
  }
  if (!decode) return;
  const sample = encodings.slice(0, SAMPLE).map((encoding) => encoding.getIds());
  for (const skipSpecialTokens of [false, true])
    assert.deepEqual(
      sample.map((ids) => ours.decode(ids, { skipSpecialTokens })),
      await rust.decodeBatch(sample, skipSpecialTokens),
    );
}

const training = [...fuzzStrings(2000, 1), "The quick brown fox doesn't jump; it's 12,345 km away. ".repeat(20)];
const named = Object.keys(patterns) as PatternName[];

for (const name of named)
  test(`${name}: trained, saved and loaded, ids of 10,000 fuzzed strings, their offsets and decoded text are Rust's`, async () => {
    const tokenizer = await trainBpe(training, { vocabSize: 1000, pattern: name, specialTokens: ["<|end|>", "</s>"] });
    await assertSame(tokenizer.toJSON(), ["", ...fuzzStrings(10_000, 2)]);
  });

test("all of GSM8K has Rust's ids", async (t) => {
  const train = readGsm8k("train");
  const others = readGsm8k("test");
  if (!train || !others) return t.skip(noGsm8k);
  const tokenizer = await trainBpe(train, { vocabSize: 5000 });
  await assertSame(tokenizer.toJSON(), [...train, ...others], { offsets: false });
});

const numbers = "\\p{N}{1,3}";
const shapes: Record<string, unknown> = {
  "ByteLevel, as GPT-2": byteLevel(true),
  "ByteLevel with a space in front, as RoBERTa": byteLevel(true, true),
  "ByteLevel without its pattern": byteLevel(),
  "ByteLevel without its pattern, a space in front": byteLevel(false, true),
  "Digits one by one, then ByteLevel, as StarCoder": sequence(
    { type: "Digits", individual_digits: true },
    byteLevel(true),
  ),
  "Digits together, then ByteLevel with a space in front": sequence(
    { type: "Digits", individual_digits: false },
    byteLevel(true, true),
  ),
  "Punctuation, ByteLevel, Digits, Split, as Falcon": sequence(
    { type: "Punctuation", behavior: "Contiguous" },
    byteLevel(true),
    { type: "Digits", individual_digits: false },
    split("[0-9][0-9][0-9]"),
  ),
  "what GPT-4o's file says: Removed, inverted": sequence(split(patterns.o200k[0], "Removed", true), byteLevel()),
  "DeepSeek LLM": sequence(
    split("[\r\n]"),
    split("\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕ]+"),
    split("\\s?[!-/:-~！-／：-～‘-‟　-。]+"),
    split("\\s+$"),
    split("[一-龥ࠀ-一가-퟿]+"),
    { type: "Digits", individual_digits: true },
    byteLevel(),
  ),
  "Qwen3.5's marks within words": sequence(
    split(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ),
    byteLevel(),
  ),
  "tiktoken's newer pattern, possessive": sequence(
    split(
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
    ),
    byteLevel(),
  ),
  "a scanner's pattern, then ByteLevel's": sequence(split(numbers), split(patterns.qwen2[0]), byteLevel(true, true)),
  "Split at a text": sequence(split({ String: " " }, "MergedWithPrevious"), byteLevel()),
  "DeepSeek's last pattern, Removed, inverted": sequence(split(patterns.deepseek3[2], "Removed", true), byteLevel()),
};
for (const behavior of ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
  for (const invert of [false, true])
    shapes[`Split ${behavior}${invert ? ", inverted" : ""}`] = sequence(
      split("\\s|\\p{P}|aa", behavior, invert),
      byteLevel(),
    );

for (const [shape, pre_tokenizer] of Object.entries(shapes))
  test(`pre-tokenizer: ${shape}`, async () => {
    await assertSame(tokenizerJson({ pre_tokenizer }), fuzzStrings(500, 3), {
      offsets: !/space in front|ByteLevel's/.test(shape),
    });
  });

for (const form of ["NFC", "NFD", "NFKC", "NFKD"])
  test(`normalizer: ${form}`, async () => {
    const json = { pre_tokenizer: sequence(split(patterns.qwen2[0]), byteLevel()) };
    await assertSame(tokenizerJson({ ...json, normalizer: { type: form } }), fuzzStrings(1000, 4), { offsets: false });
    const nested = { type: "Sequence", normalizers: [{ type: "Sequence", normalizers: [] }, { type: form }] };
    await assertSame(tokenizerJson({ ...json, normalizer: nested }), fuzzStrings(300, 5), { offsets: false });
  });

test("added tokens: every combination of flags, overlapping, with and without normalization", async () => {
  const contents = ["<|end|>", "<|end", "end|>", "The", " the", "éb", "e\u0301b", "123", "'d", "<x>", "a b", "||"];
  const added = contents.map((content, i) =>
    addedToken(1000 + i, content, {
      single_word: (i & 1) > 0,
      lstrip: (i & 2) > 0,
      rstrip: (i & 4) > 0,
      normalized: i % 3 === 0,
      special: i % 5 !== 0,
    }),
  );
  for (let turn = 0; turn < 12; turn++) {
    // The model has 270 tokens: Rust numbers added ones on from there.
    const added_tokens = contents.map((content, i) => ({ ...added[(i + turn) % 12], content, id: 270 + i }));
    for (const normalizer of [null, { type: "NFC" }, { type: "NFD" }])
      await assertSame(
        tokenizerJson({ added_tokens, normalizer }),
        fuzzStrings(120, 10 + turn, [...contents, " ", "_", "\u3000"]),
        {
          offsets: normalizer === null,
          decode: false,
        },
      );
  }
});

test("an added token that is in the model has the model's id", async () => {
  const added_tokens = ["é", "the", "12", "<|end|>"].map((content, i) =>
    addedToken(500 + i, content, { normalized: true }),
  );
  added_tokens[3].id = 270;
  await assertSame(tokenizerJson({ added_tokens }), ["thé the 12 <|end|>", ...fuzzStrings(500, 30)], {
    decode: false,
    offsets: false,
  });
});

test("post-processors put ids around a text, or not", async () => {
  const added_tokens = [addedToken(270, "<s>"), addedToken(271, "</s>")];
  const template = {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "</s>", type_id: 0 } },
    ],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: {
      "<s>": { id: "<s>", ids: [270], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [271, 271], tokens: ["</s>", "</s>"] },
    },
  };
  const processors = [
    template,
    { type: "RobertaProcessing", sep: ["</s>", 271], cls: ["<s>", 270], trim_offsets: false, add_prefix_space: false },
    { type: "BertProcessing", sep: ["</s>", 271], cls: ["<s>", 270] },
    {
      type: "Sequence",
      processors: [{ type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true }, template],
    },
  ];
  for (const post_processor of processors)
    for (const addSpecialTokens of [true, false])
      await assertSame(tokenizerJson({ added_tokens, post_processor }), ["", ...fuzzStrings(50, 6)], {
        addSpecialTokens,
      });
});

test("ignore_merges keeps whole words, and bytes that a vocabulary lacks are dropped", async () => {
  const whole = tokenizerJson() as {
    model: { vocab: Record<string, number>; merges: string[]; ignore_merges: boolean };
  };
  whole.model.vocab.Ġcamel = 270;
  whole.model.vocab.don = 271;
  whole.model.ignore_merges = true;
  await assertSame(whole, [" camel don donna camelCase", ...fuzzStrings(500, 7)]);
  const holes = tokenizerJson() as typeof whole;
  for (const token of ["a", "aa", "aaa", "Ċ", "ĊĊ", "Ã"]) delete holes.model.vocab[token];
  holes.model.merges = holes.model.merges.filter((merge) => !/a|Ċ/.test(merge));
  await assertSame(holes, fuzzStrings(500, 8), { offsets: false });
});

test("long words get the same ids as short ones: a heap beside a scan", async () => {
  const tokenizer = await trainBpe(["ab".repeat(50), "aaaa".repeat(30), "abcabcab".repeat(9)], {
    vocabSize: 300,
    pattern: "gpt2",
  });
  const texts = ["a".repeat(1000), "ab".repeat(777), "abc".repeat(333), "é漢".repeat(100)];
  for (let n = 60; n < 70; n++) texts.push("aab".repeat(n).slice(0, n));
  await assertSame(tokenizer.toJSON(), texts);
});
