import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashWord, splitWords, wordReader } from "./words.ts";

test("the fast reader finds the words of the regular expression, wherever characters come from", () => {
  const read = wordReader();
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      assert.deepEqual([...read(text).words], splitWords(text).map(hashWord));
    }),
    { numRuns: 300 },
  );
});

test("a text in UTF-8 has the words, starts and tokens of the string", () => {
  const [readString, readBytes] = [wordReader(), wordReader()];
  const text = fc.string({ unit: fc.constantFrom(..."aÉλ 求𠮷😀=.-\u00a0\ufffd1"), maxLength: 40 });
  fc.assert(
    fc.property(text, (text) => {
      assert.deepEqual(readBytes(new TextEncoder().encode(text)), readString(text));
    }),
    { numRuns: 300 },
  );
});

test("bytes that are no UTF-8 are read to their end, as words are that stand between them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const all = new Uint8Array([...bytes, 0x20, 0x61, 0x20, ...bytes]);
      assert.ok([...wordReader()(all).words].includes(hashWord("a")));
    }),
  );
});

test("each word's start is where it begins in the text", () => {
  const text = "Ein Satz, 求解 𠮷 x_1";
  const { words, starts } = wordReader()(text);
  assert.deepEqual([...starts], [0, 4, 10, 11, 13, 16, 18]);
  assert.equal(words[4], hashWord("𠮷"));
});

test("symbols are tokens, a repeated one only once, and no words", () => {
  const { tokens, words } = wordReader()("a ==== b -- -- c");
  assert.equal(words.length, 3);
  assert.equal(tokens.length, 6); // a = b - - c
});

test("a reader can be used again: a short text after a long one has its own words only", () => {
  const read = wordReader();
  read("one two three ".repeat(2000));
  assert.deepEqual([...read("four").words], [hashWord("four")]);
});
