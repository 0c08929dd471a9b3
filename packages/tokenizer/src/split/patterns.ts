/** The splitting patterns that have names, and the scanner of each. */
import { check } from "../check.ts";
import { cl100kScanner, type Scanner, scanDeepSeek3, scanGpt2, scanO200k } from "./scanner.ts";

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const cl100k = (digits: string): string =>
  `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const prefix = "[^\\r\\n\\p{L}\\p{N}]?";

/**
 * Names for splitting patterns. `cl100k` is GPT-4's and Llama 3's, `o200k` GPT-4o's; `qwen2` is `cl100k` with each
 * digit by itself, which suits arithmetic.
 */
export type PatternName = "gpt2" | "cl100k" | "llama3" | "qwen2" | "o200k" | "deepseek3";

/** The patterns, as Hugging Face's files have them; several are applied one after the other. */
export const patterns: Record<PatternName, readonly string[]> = {
  gpt2: ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"],
  cl100k: [cl100k("{1,3}")],
  llama3: [cl100k("{1,3}")],
  qwen2: [cl100k("")],
  o200k: [
    `${prefix}${upper}*${lower}+${contractions}?|${prefix}${upper}+${lower}*${contractions}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ],
  deepseek3: [
    "\\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
  ],
};

/**
 * The patterns of that name, or the one pattern itself. A word by itself is not taken for a pattern: it is a name with a
 * mistake in it; `(?:word)` is the pattern.
 *
 * @throws {TypeError} If it is neither.
 */
export function sourcesOf(pattern: string): readonly string[] {
  if (Object.hasOwn(patterns, pattern)) return patterns[pattern as PatternName];
  const expected = `one of ${Object.keys(patterns).join(", ")} or a regex`;
  check("cut words", "pattern", pattern, expected, typeof pattern === "string" && !/^([\w-]{3,})?$/.test(pattern));
  return [pattern];
}

const scanners: Partial<Record<string, Scanner>> = {
  gpt2: scanGpt2,
  cl100k: /* @__PURE__ */ cl100kScanner(3),
  qwen2: /* @__PURE__ */ cl100kScanner(1),
  o200k: scanO200k,
  deepseek3: scanDeepSeek3,
};

/** The scanner for patterns that are applied one after the other, if one has been written. */
export function findScanner(sources: readonly (string | undefined)[]): Scanner | undefined {
  for (const [name, known] of Object.entries(patterns)) {
    if (known.join() === sources.join()) return scanners[name];
  }
  return undefined;
}
