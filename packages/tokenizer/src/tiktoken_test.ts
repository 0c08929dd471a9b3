// The oracle for ranks: tiktoken, with its own files.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Tiktoken } from "tiktoken";
import { Tokenizer as Rust } from "tokenizers";
import type { PatternName } from "./split/patterns.ts";
import { fuzzStrings, randomNumbers } from "./testing/fuzz_strings.ts";
import { noGsm8k, readGsm8k } from "./testing/gsm8k.ts";
import { Tokenizer } from "./tokenizer.ts";

interface Encoding {
  pat_str: string;
  special_tokens: Record<string, number>;
  bpe_ranks: string;
}

const require = createRequire(import.meta.url);

/** The npm package has several ranks a line, `! first token token …`: one a line, as in a `.tiktoken` file. */
function tiktokenFile({ bpe_ranks }: Encoding): string {
  return bpe_ranks
    .split("\n")
    .flatMap((line) => {
      const [, first, ...tokens] = line.split(" ");
      return tokens.map((token, i) => `${token} ${Number(first) + i}`);
    })
    .join("\n");
}

for (const [name, pattern] of [
  ["gpt2", "gpt2"],
  ["cl100k_base", "cl100k"],
  ["o200k_base", "o200k"],
] as [string, PatternName][])
  test(`${name}: ids are tiktoken's, on fuzzed strings and GSM8K`, async (t) => {
    const encoding = require(`tiktoken/encoders/${name}.json`) as Encoding;
    const theirs = new Tiktoken(encoding.bpe_ranks, encoding.special_tokens, encoding.pat_str);
    const file = tiktokenFile(encoding);
    const ours = Tokenizer.fromTiktoken(file, { pattern, specialTokens: encoding.special_tokens });
    const gsm8k = readGsm8k("test");
    if (!gsm8k) t.diagnostic(noGsm8k);
    const texts = ["", ...fuzzStrings(2000, 21, Object.keys(encoding.special_tokens)), ...(gsm8k ?? []).slice(0, 500)];
    for (const text of texts) {
      const ids = theirs.encode(text, "all");
      assert.deepEqual([...ours.encode(text)], [...ids], JSON.stringify(text));
      assert.equal(ours.decode(ids), new TextDecoder("utf-8", { ignoreBOM: true }).decode(theirs.decode(ids)));
    }
    for (const text of texts.slice(0, 500))
      assert.deepEqual([...ours.encode(text, { parseSpecials: false })], [...theirs.encode_ordinary(text)]);
    if (name === "cl100k_base") {
      // The same by the pattern, without a scanner.
      const slow = Tokenizer.fromTiktoken(file, { pattern: `(?:${encoding.pat_str})` });
      for (const text of texts.slice(0, 500))
        assert.deepEqual([...slow.encode(text)], [...theirs.encode_ordinary(text)], JSON.stringify(text));
    }
    // As a `tokenizer.json` it is the same tokenizer, to Rust too.
    const json = JSON.stringify(ours);
    const rust = await Rust.fromString(json).encodeBatch(texts.slice(0, 500));
    const again = Tokenizer.fromJSON(json);
    for (const [i, encoding] of rust.entries()) {
      assert.deepEqual(encoding.getIds(), [...ours.encode(texts[i])]);
      assert.deepEqual(again.encode(texts[i]), ours.encode(texts[i]));
    }
    theirs.free();
  });

test("ranks in any order, which no training would give, merge as tiktoken does", () => {
  const below = randomNumbers(12);
  for (let turn = 0; turn < 20; turn++) {
    const tokens = new Set(Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)));
    for (let i = 0; i < 60; i++) tokens.add(Array.from({ length: below(4) + 2 }, () => "abc"[below(3)]).join(""));
    const ranks = [...tokens].map((token) => ({ token, place: token.length > 1 ? below(1e6) + 1e6 : 0 }));
    ranks.sort((a, b) => a.place - b.place);
    const lines = ranks.map(({ token }, rank) => `${btoa(token)} ${rank}`);
    const theirs = new Tiktoken(
      lines.map((line) => `! ${line.split(" ")[1]} ${line.split(" ")[0]}`).join("\n"),
      {},
      "[abc]+",
    );
    const ours = Tokenizer.fromTiktoken(lines.join("\n"), { pattern: "[abc]+" });
    for (let i = 0; i < 200; i++) {
      const text = Array.from({ length: below(100) + 1 }, () => "abc"[below(3)]).join("");
      assert.deepEqual([...ours.encode(text)], [...theirs.encode_ordinary(text)], text);
    }
    theirs.free();
  }
});

test("a line that cannot be read, and a byte without a rank, are named", () => {
  const options = { pattern: "gpt2" };
  assert.throws(
    () => Tokenizer.fromTiktoken("IQ== 0\nnonsense", options),
    /^RangeError: Cannot read ranks: line 2 must be a token in base64 and its rank, found "nonsense"/,
  );
  assert.throws(() => Tokenizer.fromTiktoken("IQ== 0\n", options), /every byte must have one, found none for byte 0/);
});
