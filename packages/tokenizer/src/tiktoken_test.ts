// The oracle for ranks: tiktoken, with its own files.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Tiktoken } from "tiktoken";
import type { PatternName } from "./split/patterns.ts";
import { fuzzStrings } from "./testing/fuzz_strings.ts";
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
  test(`${name}: ids are tiktoken's, on fuzzed strings and GSM8K`, (t) => {
    const encoding = require(`tiktoken/encoders/${name}.json`) as Encoding;
    const theirs = new Tiktoken(encoding.bpe_ranks, encoding.special_tokens, encoding.pat_str);
    const file = tiktokenFile(encoding);
    const ours = Tokenizer.fromTiktoken(file, { pattern, specialTokens: encoding.special_tokens });
    const gsm8k = readGsm8k("test");
    if (!gsm8k) t.diagnostic(noGsm8k);
    const texts = ["", ...fuzzStrings(10_000, 21, Object.keys(encoding.special_tokens)), ...(gsm8k ?? [])];
    for (const text of texts) {
      const ids = theirs.encode(text, "all");
      assert.deepEqual([...ours.encode(text)], [...ids], JSON.stringify(text));
      assert.equal(ours.decode(ids), new TextDecoder("utf-8", { ignoreBOM: true }).decode(theirs.decode(ids)));
    }
    for (const text of texts.slice(0, 1000))
      assert.deepEqual([...ours.encode(text, { parseSpecials: false })], [...theirs.encode_ordinary(text)]);
    if (name === "cl100k_base") {
      // The same by the pattern, without a scanner.
      const slow = Tokenizer.fromTiktoken(file, { pattern: `(?:${encoding.pat_str})` });
      for (const text of texts.slice(0, 1000))
        assert.deepEqual([...slow.encode(text)], [...theirs.encode_ordinary(text)], JSON.stringify(text));
    }
    theirs.free();
  });

test("a line that cannot be read, and a byte without a rank, are named", () => {
  const options = { pattern: "gpt2" };
  assert.throws(
    () => Tokenizer.fromTiktoken("IQ== 0\nnonsense", options),
    /^RangeError: Cannot read ranks: line 2 must be a token in base64 and its rank, found "nonsense"/,
  );
  assert.throws(() => Tokenizer.fromTiktoken("IQ== 0\n", options), /every byte must have one, found none for byte 0/);
});
