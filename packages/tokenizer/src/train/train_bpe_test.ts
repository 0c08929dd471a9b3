import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Tokenizer as Rust } from "tokenizers";
import { type PatternName, patterns } from "../split/patterns.ts";
import { fuzzStrings, randomNumbers } from "../testing/fuzz_strings.ts";
import { noGsm8k, readGsm8k } from "../testing/gsm8k.ts";
import { byteLevel, sequence, split, tokenizerJson } from "../testing/tokenizer_json.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { learnMerges, type Merge } from "./learn_merges.ts";
import { trainBpe } from "./train_bpe.ts";

const mergesOf = (tokenizer: Tokenizer): string[] =>
  (tokenizer.toJSON() as { model: { merges: string[] } }).model.merges;

/** Counts everything anew for each merge. */
function naiveMerges(words: [number[], number][], steps: number): Merge[] {
  const merges: Merge[] = [];
  for (let id = 256; merges.length < steps; id++) {
    const counts = new Map<string, [number, number, number]>();
    for (const [ids, count] of words)
      for (let i = 0; i + 1 < ids.length; i++) {
        const key = `${ids[i]} ${ids[i + 1]}`;
        const entry = counts.get(key) ?? [ids[i], ids[i + 1], 0];
        entry[2] += count;
        counts.set(key, entry);
      }
    const [best] = [...counts.values()].sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1]);
    if (!best) break;
    merges.push([best[0], best[1], id]);
    for (const [ids] of words)
      for (let i = 0; i + 1 < ids.length; i++) if (ids[i] === best[0] && ids[i + 1] === best[1]) ids.splice(i, 2, id);
  }
  return merges;
}

test("merges are those of counting everything anew each time", () => {
  const below = randomNumbers(3);
  for (let turn = 0; turn < 200; turn++) {
    const letters = below(6) + 2;
    const words = Array.from({ length: below(30) + 1 }, (): [number[], number] => [
      Array.from({ length: below(12) + 1 }, () => below(letters)),
      below(20) + 1,
    ]);
    const lengths = words.map(([ids]) => ids.length);
    const corpus = {
      ids: Int32Array.from(words.flatMap(([ids]) => ids)),
      starts: Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))]),
      counts: Float64Array.from(words, ([, count]) => count),
    };
    // Every merge makes a new token here: two that spell the same are told apart.
    let next = 256;
    const merges: Merge[] = [];
    for (const merge of learnMerges(corpus, () => next++)) {
      merges.push(merge);
      if (merges.length === 40) break;
    }
    assert.deepEqual(merges, naiveMerges(words, 40));
  }
});

/** Rust's trainer with its defaults, on files of lines; its merges, and how many single characters it had seen. */
function trainInRust(pattern: PatternName, lines: string[]): { merges: string[]; tokens: number; characters: number } {
  const pre_tokenizer = sequence(...patterns[pattern].map((source) => split(source)), byteLevel());
  const rust = Rust.fromString(JSON.stringify(tokenizerJson({ pre_tokenizer, model: { vocab: {}, merges: [] } })));
  const folder = mkdtempSync(join(tmpdir(), "gradus-tokenizer-"));
  try {
    writeFileSync(join(folder, "text.txt"), lines.join(""));
    rust.train([join(folder, "text.txt")]);
    rust.save(join(folder, "tokenizer.json"));
    const { model } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
    const tokens = Object.keys(model.vocab);
    return {
      merges: model.merges.map((merge: string | [string, string]) =>
        typeof merge === "string" ? merge : merge.join(" "),
      ),
      tokens: tokens.length,
      characters: tokens.filter((token) => token.length === 1).length,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function assertRustsMerges(pattern: PatternName, texts: string[]): Promise<void> {
  const lines = texts.flatMap((text) => text.replaceAll("\r", "").split("\n")).map((line) => `${line}\n`);
  const { merges, tokens, characters } = trainInRust(pattern, lines);
  const ours = await trainBpe(lines, { vocabSize: tokens - characters + 256, pattern });
  assert.deepEqual(mergesOf(ours), merges);
}

for (const pattern of ["qwen2", "gpt2"] as const)
  test(`GSM8K gives the merges that Rust's trainer gives: ${pattern}`, async (t) => {
    const texts = readGsm8k("train");
    if (!texts) return t.skip(noGsm8k);
    await assertRustsMerges(pattern, texts);
  });

test("fuzzed strings give the merges that Rust's trainer gives", async () => {
  const words = Array.from({ length: 300 }, (_, i) => ["ab", "abc", "bca", "cab", "aab"][i % 5].repeat((i % 7) + 1));
  for (let seed = 50; seed < 53; seed++)
    await assertRustsMerges(
      "o200k",
      fuzzStrings(1500, seed, words).map((text) => text.replace(/[\ud800-\udfff]/gu, "")),
    );
});

test("special tokens come first, then bytes, then merges; short texts give what they have", async () => {
  const tokenizer = await trainBpe(["aa aa"], { vocabSize: 1000, specialTokens: ["<s>", "</s>"] });
  assert.deepEqual(
    ["<s>", "</s>", "!", "Ń", "aa", "Ġaa"].map((token) => tokenizer.tokenToId(token)),
    [0, 1, 2, 257, 258, 259],
  );
  assert.equal(tokenizer.vocabSize, 260);
  assert.equal((await trainBpe([], { vocabSize: 256 })).vocabSize, 256);
});

test("texts may come late, be many, and be cut by any pattern", async () => {
  async function* later(): AsyncGenerator<string> {
    for (const text of ["hug hug", " pug"]) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield text;
    }
  }
  const options = { vocabSize: 262, pattern: "\\w+|\\s" };
  assert.deepEqual(mergesOf(await trainBpe(later(), options)), mergesOf(await trainBpe(["hug hug", " pug"], options)));
  assert.deepEqual(mergesOf(await trainBpe(["hug hug", " pug"], options)), ["u g", "h ug", "p ug"]);
});

test("progress is reported, to the end", async () => {
  const reports: string[] = [];
  let last = 0;
  await trainBpe(fuzzStrings(20_000, 2), {
    vocabSize: 3000,
    onProgress: ({ phase, done }) => {
      reports.push(phase);
      last = done;
    },
  });
  assert.equal(reports.at(-1), "merging");
  assert.ok(reports.indexOf("counting") < reports.indexOf("merging"));
  assert.equal(last, 3000);
});

test("sizes that do not fit and special tokens that cannot be are refused", async () => {
  const refused: [Parameters<typeof trainBpe>[1], RegExp][] = [
    [{ vocabSize: 255 }, /vocabSize must be a whole number from 256 .* found 255/],
    [{ vocabSize: 257, specialTokens: ["a b", "b"] }, /vocabSize must be a whole number from 258/],
    [{ vocabSize: 300.5 }, /found 300\.5/],
    [{ vocabSize: 300, specialTokens: [""] }, /specialTokens must be different texts, none a single byte, found ""/],
    [{ vocabSize: 300, specialTokens: ["<s>", "<s>"] }, /found "<s>"/],
    [{ vocabSize: 300, specialTokens: ["a"] }, /found "a"/],
    [{ vocabSize: 300, pattern: "(" }, /Cannot use the pattern/],
  ];
  for (const [options, message] of refused) await assert.rejects(trainBpe(["a"], options), message);
  await assert.rejects(
    trainBpe([1 as unknown as string], { vocabSize: 300 }),
    /TypeError: Cannot train: each of texts must be a string, found \d+/,
  );
});
