import assert from "node:assert/strict";
import { test } from "node:test";
import { Tokenizer as Rust } from "tokenizers";
import { fuzzStrings } from "../testing/fuzz_strings.ts";
import { byteLevel, sequence, split, tokenizerJson } from "../testing/tokenizer_json.ts";
import { Tokenizer } from "../tokenizer.ts";
import { splitBy } from "./split.ts";
import { translatePattern } from "./translate.ts";

const matches = (source: string, text: string, dialect?: "fancy-regex"): string[] =>
  text.match(translatePattern(source, dialect)) ?? [];

// Each with strings in which it finds something; ids show where the text was cut.
const patterns = [
  ["\\s", "\\S", "[\\s]", "[\\S]", "[^\\s]", "[^\\S\\n]"],
  ["\\d", "\\D", "[\\d]+", "\\w", "\\W+", "[\\w]", "\\h", "[\\h]+"],
  [
    "\\p{L}",
    "\\P{L}",
    "[\\p{L}]",
    "[\\P{L}]",
    "[^\\P{L}]",
    "\\p{^L}",
    "\\p{Lu}+",
    "\\p{Ll}+",
    "\\p{Lt}",
    "\\p{Lm}",
    "\\p{Lo}+",
  ],
  ["\\p{M}", "\\p{N}+", "\\p{Nd}", "\\p{P}", "\\p{S}+", "\\p{Sc}", "\\p{Z}", "\\p{Zs}", "\\p{Han}+", "\\p{Hiragana}"],
  [".", ".+", "^.", ".$", "\\A.", ".\\z", "^ ", "\\s+$"],
  [
    "(?i:'s|'t|'ll)",
    "(?i)THE",
    "(?i:k)",
    "(?i:[st])",
    "((?i)b|c)a",
    "(?i:[a-f])+",
    "(?i:[^k-t])",
    "(a|b)+",
    "(?:a|b)+?",
    "[Ss]?",
  ],
  [
    "\\p{L}++",
    "a?+a",
    "(?>a+)a",
    "(?>(?>a+)b?)+",
    "(?>a|ab)++",
    "\\p{N}{1,3}+",
    "\\p{N}{2}",
    "\\p{N}{2,}",
    "a{,2}",
    "a+?",
  ],
  ["(?=a)a", "a(?!a)", "(?<=a)b", "(?<!a)b", "[a-c\\-]", "[-a]", "[a-]", "[\\]\\[]", "[]a]", "[^]a]"],
  ["\\x41", "\\x{41}", "\\u0041", "\\/", "\\-", "\\ ", "\\'", '\\"', "-", "/", "[.\\-/#]+", "[一-龥]+", "\\r\\n|\\t"],
].flat();

for (const source of patterns)
  test(`${source} matches what it does in Rust`, async () => {
    const json = JSON.stringify(tokenizerJson({ pre_tokenizer: sequence(split(source), byteLevel()) }));
    const texts = fuzzStrings(300, 5, [
      "a",
      "aa",
      "aaa",
      "b",
      "ab",
      "A",
      "K",
      "\u212a",
      "the",
      "THE",
      "AB",
      "]",
      "[",
      "-",
      "\n",
      "12345",
      "ab ",
    ]);
    const rust = Rust.fromString(json).getPreTokenizer()!;
    const ours = translatePattern(source);
    const well = (text: string): string => text.replace(/[\ud800-\udfff]/gu, "\ufffd");
    for (const text of texts.map(well)) {
      const spans = splitBy(ours, "Isolated")(text);
      const parts = spans.map(([start, end]) => text.slice(start, end));
      const units = [0];
      for (const character of text) units.push(units[units.length - 1] + character.length);
      const expected = rust.preTokenizeString(text).map(([, [from, to]]) => text.slice(units[from], units[to]));
      assert.deepEqual(parts, expected, JSON.stringify(text));
    }
    assert.ok(Tokenizer.fromJSON(json));
  });

test("fancy-regex differs from Oniguruma in $, ^ and possessive repetitions", () => {
  assert.deepEqual(matches("\\d{1,3}+", "12345", "fancy-regex"), ["123", "45"]);
  assert.deepEqual(matches("\\d{1,3}+", "12345"), ["12345"]);
  assert.deepEqual(matches("a$", "a\na", "fancy-regex"), ["a"]);
  assert.deepEqual(matches("a$", "a\na"), ["a", "a"]);
  assert.deepEqual(matches("^a", "a\na", "fancy-regex"), ["a"]);
});

test("what cannot be translated is named, with the pattern", () => {
  const refused: [string, RegExp][] = [
    ["(?x: a)", /Cannot use the pattern "\(\?x: a\)": the group \(\?x is not supported/],
    ["[a&&b]", /classes within classes/],
    ["[[:alpha:]]", /classes within classes/],
    ["\\bfoo", /\\b is not supported/],
    ["a(?i)b", /at the beginning only/],
    ["(a", /Cannot use the pattern "\(a": Unterminated group/],
    ["a)", /: Unmatched '\)'/],
    ["[a", /: Unterminated character class/],
    ["*a", /: Nothing to repeat/],
    ["a\\", /"a\\\\": \\ is not supported/],
    ["\\p{Nonsense}", /Cannot use the pattern "\\\\p\{Nonsense\}": Invalid property name/],
  ];
  for (const [source, message] of refused) assert.throws(() => translatePattern(source), message, source);
});
