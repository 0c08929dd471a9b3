import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteTokenizer } from "./byte_tokenizer.ts";

const tokenizer = new ByteTokenizer();
const text = fc.string({ unit: "binary" });

test("any text comes back from its bytes", () => {
  fc.assert(
    fc.property(text, (s) => {
      const ids = tokenizer.encode(s);
      assert.deepEqual(ids, Int32Array.from(Buffer.from(s)));
      assert.equal(tokenizer.decode(ids), s);
    }),
  );
  assert.equal(tokenizer.decode(tokenizer.encode("\ufeffbyte order mark")), "\ufeffbyte order mark");
});

test("special tokens are skipped in decoding, even inside a character", () => {
  assert.equal(tokenizer.decode([256, 0xc3, 257, 0xa9, 257]), "é");
  assert.equal(new ByteTokenizer({ specials: ["<|pad|>"] }).decode([258, 65]), "A");
});

test("malformed UTF-8 becomes U+FFFD", () => {
  assert.equal(tokenizer.decode([0x41, 0xff, 0x42]), "A\ufffdB");
  assert.equal(tokenizer.decode([0xe2, 0x82]), "\ufffd");
  assert.deepEqual(tokenizer.encode("\ud800"), Int32Array.of(0xef, 0xbf, 0xbd));
});

test("the text of a special token is ordinary text unless asked for", () => {
  assert.equal(tokenizer.encode("<|end|>").length, 7);
  assert.deepEqual(tokenizer.encode("a<|end|><|begin|>", { parseSpecials: true }), Int32Array.of(97, 257, 256));
  const own = new ByteTokenizer({ specials: ["(a|b)*", "\\d"] });
  assert.deepEqual(own.encode("\\d(a|b)*", { parseSpecials: true }), Int32Array.of(259, 258));
});

test("ids outside the vocabulary and doubled specials are refused", () => {
  assert.throws(() => tokenizer.decode([65, 258]), /ids\[1\] must be a token id below 258, found 258/);
  assert.throws(() => tokenizer.decode([-1]), /found -1/);
  assert.throws(() => tokenizer.decode([0.5]), /found 0\.5/);
  assert.throws(
    () => new ByteTokenizer({ specials: ["<|end|>"] }),
    /specials must be different texts, found "<\|end\|>"/,
  );
  assert.throws(() => new ByteTokenizer({ specials: [""] }), /specials must be/);
});

test("tokenizer.json maps 256 different characters to the bytes in order, as GPT-2 does", () => {
  const { model } = tokenizer.toJSON() as { model: { vocab: Record<string, number> } };
  const characters = Object.entries(model.vocab).sort((a, b) => a[1] - b[1]);
  assert.deepEqual(
    characters.map(([, id]) => id),
    Array.from({ length: 256 }, (_, i) => i),
  );
  // Known from GPT-2's vocabulary: Ġ is the space, Ċ the line feed, ÿ and ŀ … the ends of the ranges.
  assert.equal(model.vocab.Ġ, 0x20);
  assert.equal(model.vocab.Ċ, 0x0a);
  assert.equal(model.vocab["!"], 0x21);
  assert.equal(model.vocab.ġ, 0x7f);
  assert.equal(model.vocab.ł, 0xa0);
  assert.equal(model.vocab.Ń, 0xad);
  assert.equal(model.vocab.ÿ, 0xff);
});

interface RustTokenizer {
  fromString(json: string): {
    encode(text: string): Promise<{ getIds(): number[] }>;
    decode(ids: number[], skipSpecials: boolean): Promise<string>;
  };
}
// 64 MB with all its platforms, therefore not a dependency: the check runs where somebody has it installed.
const rustPackage = "tokenizers";
const rust = (await import(rustPackage).catch(() => undefined)) as { Tokenizer: RustTokenizer } | undefined;

test("Hugging Face's Rust tokenizers give the same ids and texts", {
  skip: rust ? false : "tokenizers not installed",
}, async () => {
  const own = new ByteTokenizer({ specials: ["<|pad|>"] });
  const theirs = rust!.Tokenizer.fromString(JSON.stringify(own));
  const piece = fc.oneof(text, fc.constantFrom(...own.specials, " ", "\n", "<|"));
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece).map((pieces) => pieces.join("")),
      async (s) => {
        const ids = (await theirs.encode(s)).getIds();
        assert.deepEqual([...own.encode(s, { parseSpecials: true })], ids);
        assert.equal(await theirs.decode(ids, true), own.decode(ids));
      },
    ),
    { numRuns: 1000 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(258)), async (ids) => {
      assert.equal(await theirs.decode(ids, true), own.decode(ids));
    }),
    { numRuns: 1000 },
  );
});
