import assert from "node:assert/strict";
import { test } from "node:test";
import { Tokenizer as Rust } from "tokenizers";
import { fuzzStrings } from "../testing/fuzz_strings.ts";
import { sequence, split, tokenizerJson } from "../testing/tokenizer_json.ts";
import { classOf } from "../unicode/classes.ts";
import { findScanner, type PatternName, patterns } from "./patterns.ts";
import { cut } from "./pre_tokenizer.ts";
import { splitBy } from "./split.ts";
import { translatePattern } from "./translate.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function scanned(name: PatternName, text: string): string[] {
  const scan = findScanner(patterns[name])!;
  const bytes = new TextEncoder().encode(text);
  const words: string[] = [];
  for (let i = 0; i < bytes.length; ) {
    const next = scan(bytes, i, bytes.length);
    words.push(utf8.decode(bytes.subarray(i, next)));
    i = next;
  }
  return words;
}

for (const [name, sources] of Object.entries(patterns) as [PatternName, string[]][]) {
  // The naive twin of a scanner is its pattern, as a regular expression.
  test(`the scanner of ${name} cuts where its pattern does`, () => {
    const splits = sources.map((source) => splitBy(translatePattern(source), "Isolated"));
    for (const text of fuzzStrings(2000, 77))
      assert.deepEqual(
        scanned(name, text),
        cut(text, splits).map((piece) => piece.text),
        JSON.stringify(text),
      );
  });

  test(`the scanner of ${name} cuts where Rust does`, () => {
    const json = tokenizerJson({ pre_tokenizer: sequence(...sources.map((source) => split(source))) });
    const rust = Rust.fromString(JSON.stringify(json)).getPreTokenizer()!;
    for (const text of fuzzStrings(2000, 78))
      assert.deepEqual(
        scanned(name, text),
        rust.preTokenizeString(text).map(([word]) => word),
        JSON.stringify(text),
      );
  });
}

test("code points have the classes that Rust gives them", () => {
  // All at the ends of runs of a class, and every sixteenth within.
  const points: number[] = [];
  for (let c = 1; c < 0x10ffff; c++)
    if (c % 16 === 0 || classOf(c) !== classOf(c - 1) || classOf(c) !== classOf(c + 1)) points.push(c);
  // Between letters, each is cut off or not by what it is.
  for (const name of ["o200k", "deepseek3"] as const) {
    const json = tokenizerJson({ pre_tokenizer: sequence(...patterns[name].map((source) => split(source))) });
    const rust = Rust.fromString(JSON.stringify(json)).getPreTokenizer()!;
    for (let start = 0; start < points.length; start += 100) {
      const characters = points.slice(start, start + 100).map((c) => String.fromCodePoint(c));
      const text = characters.map((c) => `a${c}B ${c}!`).join("\n");
      assert.deepEqual(
        scanned(name, text),
        rust.preTokenizeString(text).map(([word]) => word),
        `U+${points[start].toString(16)}`,
      );
    }
  }
});

test("scanners do not read beyond the end that they are given", () => {
  for (const sources of Object.values(patterns)) {
    const scan = findScanner(sources)!;
    for (const text of ["a", " ", "1", "'", "é", "\n", "!", "漢"])
      for (const behind of ["b", " ", "2", "s", "\n", "!", "漢"]) {
        const bytes = new TextEncoder().encode(text + behind);
        const end = bytes.length - new TextEncoder().encode(behind).length;
        assert.equal(scan(bytes, 0, end), end, JSON.stringify([text, behind]));
      }
  }
});

test("patterns without a scanner have none", () => {
  assert.equal(findScanner(["\\p{L}+"]), undefined);
  assert.equal(findScanner([]), undefined);
});
