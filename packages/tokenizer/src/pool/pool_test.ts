import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzStrings } from "../testing/fuzz_strings.ts";
import { trainBpe } from "../train/train_bpe.ts";
import { createTokenizerPool } from "./mod.ts";

const tokenizer = await trainBpe(fuzzStrings(500, 1), { vocabSize: 600, specialTokens: ["<|end|>"] });

test("a pool gives the ids that the tokenizer gives, in order", async () => {
  const pool = await createTokenizerPool(tokenizer, { workers: 2 });
  const texts = fuzzStrings(6000, 2, ["<|end|>"]);
  const [all, some, none] = await Promise.all([
    pool.encodeBatch(texts),
    pool.encodeBatch(texts.slice(0, 100), { parseSpecials: false }),
    pool.encodeBatch([]),
  ]);
  assert.deepEqual(all, tokenizer.encodeBatch(texts));
  assert.deepEqual(some, tokenizer.encodeBatch(texts.slice(0, 100), { parseSpecials: false }));
  assert.deepEqual(none, tokenizer.encodeBatch([]));
  pool.close();
});

test("closing rejects what is under way and what comes later", async () => {
  const pool = await createTokenizerPool(tokenizer, { workers: 1 });
  const running = pool.encodeBatch(fuzzStrings(30_000, 3));
  const rejected = assert.rejects(running, /the pool has been closed/);
  pool.close();
  await rejected;
  await assert.rejects(pool.encodeBatch(["a"]), /the pool has been closed/);
});

test("what is not a text, and no workers, are refused", async () => {
  const pool = await createTokenizerPool(tokenizer, { workers: 1 });
  await assert.rejects(
    pool.encodeBatch(["a", 1 as unknown as string]),
    /TypeError: Cannot encode: texts\[1\] must be a string/,
  );
  pool.close();
  await assert.rejects(
    createTokenizerPool(tokenizer, { workers: 0 }),
    /workers must be a whole number from 1 on, found 0/,
  );
});
