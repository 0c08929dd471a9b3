import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { patterns } from "./split/patterns.ts";
import { fuzzStrings, randomNumbers } from "./testing/fuzz_strings.ts";
import { addedToken, byteLevel, sequence, split, tokenizerJson } from "./testing/tokenizer_json.ts";
import { Tokenizer } from "./tokenizer.ts";
import { trainBpe } from "./train/train_bpe.ts";

const training = fuzzStrings(2000, 1);
const trained = await Promise.all(
  Object.keys(patterns).map((pattern) =>
    trainBpe(training, { vocabSize: 700, pattern, specialTokens: ["<|end|>", "<|pad|>"] }),
  ),
);
const [tokenizer] = trained;
const wellFormed = (text: string): string => text.replace(/[\ud800-\udfff]/gu, "\ufffd");

test("decode(encode(s)) is s for every well-formed string, with every pattern", () => {
  const parts = fc.constantFrom(
    "<|end|>",
    "<|",
    " ",
    "\n",
    "\ufeff",
    "\0",
    "é",
    "e\u0301",
    "漢",
    "👍🏽",
    "\u{10ffff}",
    "a",
  );
  const strings = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.array(parts).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(strings, fc.boolean(), (text, parseSpecials) => {
      for (const each of trained) {
        const ids = each.encode(text, { parseSpecials });
        assert.equal(each.decode(ids), text);
        assert.equal(each.count(text, { parseSpecials }), ids.length);
        const stream = each.decodeStream();
        let streamed = "";
        for (const id of ids) streamed += stream.push(id);
        assert.equal(streamed + stream.end(), text);
      }
    }),
    { numRuns: 500 },
  );
});

test("lone surrogates count as U+FFFD", () => {
  for (const text of fuzzStrings(500, 9, ["\ud83d", "\ude00"])) {
    assert.deepEqual(tokenizer.encode(text), tokenizer.encode(wellFormed(text)));
    assert.equal(tokenizer.decode(tokenizer.encode(text)), wellFormed(text));
  }
});

test("a stream never gives half a character, and gives all that there is", () => {
  const below = randomNumbers(4);
  for (let turn = 0; turn < 300; turn++) {
    // Any ids at all: mostly malformed UTF-8.
    const ids = Array.from({ length: 30 }, () => below(tokenizer.vocabSize));
    const whole = tokenizer.decode(ids, { skipSpecialTokens: turn % 2 > 0 });
    const stream = tokenizer.decodeStream({ skipSpecialTokens: turn % 2 > 0 });
    let text = "";
    for (let i = 0; i < ids.length; ) {
      const count = below(4);
      text += stream.push(count === 1 ? ids[i] : ids.slice(i, i + count));
      i += count;
      assert.ok(whole.startsWith(text));
      assert.equal(text, wellFormed(text));
    }
    assert.equal(text + stream.end(), whole);
  }
  const stream = tokenizer.decodeStream();
  const [first, ...others] = [0xf0, 0x9f, 0x91, 0x8d].map(
    (byte) => tokenizer.tokenToId({ 240: "ð", 159: "Ł", 145: "ĳ", 141: "į" }[byte]!)!,
  );
  assert.equal(stream.push(first), "");
  assert.equal(stream.push(others), "👍");
  assert.equal(stream.push(first) + stream.end(), "\ufffd");
});

test("an id that is not in the vocabulary is named", () => {
  for (const id of [-1, 700, 1.5, Number.NaN])
    assert.throws(
      () => tokenizer.decode([5, id]),
      new RangeError(`Cannot decode: ids[1] must be the id of a token, 0 to 699, found ${id}`),
    );
  assert.throws(() => tokenizer.decodeStream().push(700), RangeError);
  assert.throws(
    () => tokenizer.encode(7 as unknown as string),
    /^TypeError: Cannot encode: text must be a string, found \d+/,
  );
});

test("ids and tokens name each other", () => {
  for (let id = 0; id < tokenizer.vocabSize; id++) assert.equal(tokenizer.tokenToId(tokenizer.idToToken(id)!), id);
  assert.equal(tokenizer.tokenToId("<|end|>"), 0);
  assert.equal(tokenizer.idToToken(700), undefined);
  assert.equal(tokenizer.tokenToId("not there"), undefined);
});

test("a batch has the ids of its texts, one after the other", () => {
  const texts = ["", ...fuzzStrings(50, 5), ""];
  const { ids, offsets } = tokenizer.encodeBatch(texts);
  assert.equal(offsets.length, texts.length + 1);
  for (const [i, text] of texts.entries())
    assert.deepEqual(ids.slice(offsets[i], offsets[i + 1]), tokenizer.encode(text));
  assert.equal(offsets[texts.length], ids.length);
});

test("a text that cannot forge specials has none", () => {
  const text = "a<|end|>b";
  assert.ok(tokenizer.encode(text).includes(0));
  assert.ok(!tokenizer.encode(text, { parseSpecials: false }).includes(0));
  assert.equal(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true }), "ab");
});

test("offsets cover the text, also where normalization changes its length", () => {
  const json = { normalizer: { type: "NFC" }, pre_tokenizer: sequence(split(patterns.qwen2[0]), byteLevel()) };
  for (const each of [tokenizer, Tokenizer.fromJSON(tokenizerJson(json))])
    for (const text of fuzzStrings(500, 6)) {
      const { ids, starts, ends } = each.encodeWithOffsets(text);
      assert.deepEqual(ids, each.encode(text));
      let covered = 0;
      for (let i = 0; i < ids.length; i++) {
        assert.ok(starts[i] <= covered && ends[i] >= covered && starts[i] < ends[i], JSON.stringify(text));
        covered = ends[i];
      }
      assert.equal(covered, text.length);
    }
  // e and its accent are one character after NFC.
  const { starts, ends } = Tokenizer.fromJSON(tokenizerJson(json)).encodeWithOffsets("xe\u0301y");
  assert.deepEqual(
    [[...starts], [...ends]],
    [
      [0, 1, 1, 3],
      [1, 3, 3, 4],
    ],
  );
});

test("what a file has and we do not support is named, with what is supported", () => {
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ model: { type: "Unigram" } }, /model Unigram is not supported, only BPE/],
    [{ model: { dropout: 0.1 } }, /model\.dropout 0\.1 is not supported/],
    [{ model: { byte_fallback: true } }, /model\.byte_fallback true is not supported/],
    [{ model: { unk_token: "<unk>" } }, /model\.unk_token "<unk>" is not supported/],
    [{ model: { end_of_word_suffix: "</w>" } }, /model\.end_of_word_suffix "<\/w>" is not supported/],
    [
      { normalizer: { type: "Lowercase" } },
      /normalizer Lowercase is not supported, only NFC, NFD, NFKC, NFKD and Sequence/,
    ],
    [{ normalizer: { type: "Sequence", normalizers: [{ type: "Strip" }] } }, /normalizer\.normalizers\[0\] Strip/],
    [
      { pre_tokenizer: { type: "Metaspace" } },
      /pre_tokenizer without exactly one ByteLevel is not supported, only Sequence, Split/,
    ],
    [
      { pre_tokenizer: sequence({ type: "Whitespace" }, byteLevel()) },
      /pre_tokenizers?\.?\w*\[0\] Whitespace is not supported/,
    ],
    [
      { pre_tokenizer: sequence(split("a", "Nonsense"), byteLevel()) },
      /behavior Nonsense is not supported, only Isolated/,
    ],
    [{ pre_tokenizer: sequence(split("(?x:a)"), byteLevel()) }, /Cannot use the pattern "\(\?x:a\)": the group/],
    [
      { post_processor: { type: "Other" } },
      /post_processor Other is not supported, only ByteLevel, TemplateProcessing/,
    ],
    [{ decoder: { type: "WordPiece" } }, /decoder WordPiece is not supported, only ByteLevel/],
    [{ truncation: { max_length: 5 } }, /truncation within the file is not supported/],
  ];
  for (const [parts, message] of refused)
    assert.throws(() => Tokenizer.fromJSON(tokenizerJson(parts)), { name: "RangeError", message }, String(message));
});

test("what is malformed is named, with what was found", () => {
  const malformed: [string | Record<string, unknown>, RegExp][] = [
    ["{", /^SyntaxError: Cannot read tokenizer\.json: /],
    ["[]", /^TypeError: Cannot read tokenizer\.json: the file must be an object, found array/],
    [
      tokenizerJson({ model: { merges: ["a"] } }),
      /model\.merges\[0\] must be two tokens of the vocabulary that make a third, found "a"/,
    ],
    [tokenizerJson({ model: { merges: [["a", "漢"]] } }), /model\.merges\[0\]/],
    [tokenizerJson({ model: { merges: ["a b"] } }), /model\.merges\[0\]/],
    [tokenizerJson({ model: { vocab: { a: -1 } } }), /model\.vocab\["a"\] must be an id, 0 to 2³⁰, found -1/],
    [tokenizerJson({ model: { vocab: [] } }), /model\.vocab must be an object, found array/],
    [tokenizerJson({ pre_tokenizer: null }), /pre_tokenizer without exactly one ByteLevel is not supported/],
    [tokenizerJson({ pre_tokenizer: [] }), /pre_tokenizer must be an object, found array/],
    [tokenizerJson({ added_tokens: [{ content: "a b", id: "5" }] }), /added_tokens\[0\]\.id must be an id/],
    [
      tokenizerJson({ added_tokens: [addedToken(300, "x y", { lstrip: 1 })] }),
      /added_tokens\[0\]\.lstrip must be a boolean, found number/,
    ],
    [
      tokenizerJson({ post_processor: { type: "TemplateProcessing", single: [] } }),
      /post_processor\.single with the text 0 times/,
    ],
  ];
  for (const [json, message] of malformed) assert.throws(() => Tokenizer.fromJSON(json), message);
});

test("what toJSON gives is read back with the same ids and the same content", () => {
  const file = tokenizerJson({
    normalizer: { type: "NFC" },
    added_tokens: [
      addedToken(270, "<x>", { lstrip: true }),
      addedToken(271, "<y>", { special: false, normalized: true }),
    ],
  });
  for (const each of [...trained, Tokenizer.fromJSON(file)]) {
    const json = JSON.stringify(each);
    const again = Tokenizer.fromJSON(json);
    assert.equal(JSON.stringify(again), json);
    for (const text of fuzzStrings(200, 7, ["<x>", "<y>"])) assert.deepEqual(again.encode(text), each.encode(text));
  }
});

test("the configuration names the special tokens, and only ones that exist", () => {
  const config = tokenizer.toConfigJSON({ eosToken: "<|end|>", maxPositions: 512 });
  assert.equal(config.eos_token, "<|end|>");
  assert.equal(config.pad_token, "<|end|>");
  assert.equal(config.model_max_length, 512);
  assert.throws(() => tokenizer.toConfigJSON({ bosToken: "<s>" }), /bosToken must be an added token, found "<s>"/);
});

test("a text of a megabyte without spaces, or of one character, takes no second each", () => {
  const below = randomNumbers(1);
  const letters = Array.from({ length: 1_000_000 }, () => "abcdefgh"[below(8)]).join("");
  for (const text of [
    letters,
    "a".repeat(1_000_000),
    " ".repeat(1_000_000),
    "\n ".repeat(500_000),
    "漢".repeat(333_333),
    "'".repeat(1e6),
    "・あ".repeat(160_000),
    "A".repeat(1e6),
  ])
    for (const each of trained) {
      const start = performance.now();
      assert.equal(each.decode(each.encode(text)), text);
      // Quadratic would be minutes.
      assert.ok(performance.now() - start < 10_000, `${text.slice(0, 5)}… took ${performance.now() - start} ms`);
    }
});
