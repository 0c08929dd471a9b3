/** Training: from texts to a tokenizer. Loaded by `trainBpe`, when it is called. */
import { byteCharacters, utf8 } from "../bpe/byte_characters.ts";
import { PairTable } from "../bpe/pair_table.ts";
import { check, show } from "../check.ts";
import { sourcesOf } from "../split/patterns.ts";
import { cut, forEachWord, type PreTokenizer, preTokenizerOf } from "../split/pre_tokenizer.ts";
import { Tokenizer } from "../tokenizer.ts";
import { plainVocabulary } from "../vocabulary.ts";
import { learnMerges } from "./learn_merges.ts";
import type { TrainOptions } from "./train_options.ts";
import { WordCounts } from "./word_counts.ts";

/** Milliseconds after which others get a turn. */
const TURN = 100;

/** What `trainBpe` does. */
export async function train(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainOptions,
): Promise<Tokenizer> {
  const iterable = Symbol.iterator in Object(texts) || Symbol.asyncIterator in Object(texts);
  check("train", "texts", texts, "an iterable of strings", iterable && typeof texts !== "string");
  check("train", "options", options, "an object");
  const { vocabSize, specialTokens = [], pattern = "qwen2", onProgress } = options;
  const known = ["vocabSize", "specialTokens", "pattern", "onProgress"];
  for (const name of Object.keys(options))
    check("train", "each option", name, `one of ${known.join(", ")}`, known.includes(name));
  check("train", "specialTokens", specialTokens, "an array");
  const fixed = specialTokens.length + 256;
  if (!Number.isInteger(vocabSize) || vocabSize < fixed || vocabSize >= 2 ** 22)
    throw new RangeError(
      `Cannot train: vocabSize must be a whole number from ${fixed} (special tokens and bytes) to 2²², found ${show(vocabSize)}`,
    );
  for (const [i, token] of specialTokens.entries())
    if (
      typeof token !== "string" ||
      token === "" ||
      byteCharacters.includes(token) ||
      specialTokens.indexOf(token) !== i
    )
      throw new RangeError(
        `Cannot train: specialTokens must be different texts, none a single byte, found ${JSON.stringify(token)}`,
      );
  const sources = sourcesOf(pattern);
  const preTokenizer = preTokenizerOf(sources);
  const turns = takeTurns();

  const words = new WordCounts();
  let done = 0;
  const count = (text: string): void => {
    check("train", "each of texts", text, "a string");
    countWords(text, preTokenizer, words);
    done += text.length;
  };
  const counted = async (): Promise<void> => {
    onProgress?.({ phase: "counting", done, words: words.size });
    await turns.others();
  };
  for await (const text of texts) {
    count(text);
    if (turns.over()) await counted();
  }

  // The bytes' ids follow the order of their characters, as in Rust.
  const tokens = [...specialTokens, ...byteCharacters.toSorted()];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const byteIds = Int32Array.from(byteCharacters, (character) => ids.get(character)!);
  const corpus = {
    ids: Int32Array.from(words.bytes, (byte) => byteIds[byte]),
    starts: words.starts,
    counts: words.counts,
  };
  const merges: [number, number, number][] = [];
  const join = (left: number, right: number): number => {
    const token = tokens[left] + tokens[right];
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(token);
      ids.set(token, id);
    }
    return id;
  };
  if (tokens.length < vocabSize)
    for (const merge of learnMerges(corpus, join)) {
      merges.push(merge);
      if (tokens.length >= vocabSize) break;
      if (turns.over()) {
        onProgress?.({ phase: "merging", done: tokens.length, total: vocabSize, words: words.size });
        await turns.others();
      }
    }
  onProgress?.({ phase: "merging", done: tokens.length, total: vocabSize, words: words.size });

  const pairs = new PairTable(Int32Array.from(merges, ([, , id]) => id));
  for (const [rank, [left, right]] of merges.entries()) pairs.set(left, right, rank);
  const specials = specialTokens.map((content, id) => [content, id] as const);
  return new Tokenizer(plainVocabulary({ ids, pairs, ignoreMerges: false, preTokenizer }, sources, specials));
}

function countWords(text: string, preTokenizer: PreTokenizer, words: WordCounts): void {
  for (const piece of cut(text, preTokenizer.splits)) {
    const bytes = utf8.encode(piece.text);
    forEachWord(bytes, bytes.length, preTokenizer, (start, end) => words.add(bytes, start, end));
  }
}

/** Says when others should get a turn, and gives them one. */
function takeTurns(): { over(): boolean; others(): Promise<void> } {
  let start = performance.now();
  return {
    over: () => performance.now() - start > TURN,
    others: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      start = performance.now();
    },
  };
}
