// A tokenizer in a process of its own: `tokenizer.mjs NAME FILE`, FILE a tokenizer.json. Answers how long it took over a
// corpus, over one long word, or over training, with a hash of the ids of each text.
import { readFileSync } from "node:fs";
import { cl100k, longWord } from "../lib/corpora.mjs";
import { serve } from "../lib/engine.mjs";

const [, , engine, file] = process.argv;
const corpora = JSON.parse(readFileSync(`${file}.corpora`, "utf8"));

/** Functions from a list of texts to a list of ids. */
const makers = {
  async "gradus cl100k"() {
    const { Tokenizer } = await import("@gradus/tokenizer");
    const { text } = cl100k();
    const tokenizer = Tokenizer.fromTiktoken(text, { pattern: "cl100k" });
    return (texts) => texts.map((text) => tokenizer.encode(text));
  },
  async "ai-tokenizer cl100k"() {
    const { Tokenizer } = await import("ai-tokenizer");
    const tokenizer = new Tokenizer(await import("ai-tokenizer/encoding/cl100k_base"));
    return (texts) => texts.map((text) => tokenizer.encode(text));
  },
  async "gpt-tokenizer cl100k"() {
    const { encode } = await import("gpt-tokenizer/encoding/cl100k_base");
    // Texts of special tokens are text here; it refuses them otherwise.
    const options = { disallowedSpecial: new Set() };
    return (texts) => texts.map((text) => encode(text, options));
  },
  async "tiktoken cl100k"() {
    const { Tiktoken } = await import("tiktoken");
    const { bpe_ranks, pat_str } = cl100k();
    const tokenizer = new Tiktoken(bpe_ranks, {}, pat_str);
    return (texts) => texts.map((text) => tokenizer.encode_ordinary(text));
  },
  async "gradus file"() {
    const { Tokenizer } = await import("@gradus/tokenizer");
    const tokenizer = Tokenizer.fromJSON(readFileSync(file, "utf8"));
    return (texts) => texts.map((text) => tokenizer.encode(text));
  },
  async "@xenova/transformers file"() {
    const { PreTrainedTokenizer } = await import("@xenova/transformers");
    const tokenizer = new PreTrainedTokenizer(JSON.parse(readFileSync(file, "utf8")), {});
    return (texts) => texts.map((text) => tokenizer.encode(text));
  },
  async "@huggingface/tokenizers file"() {
    const { Tokenizer } = await import("@huggingface/tokenizers");
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(file, "utf8")), {});
    return (texts) => texts.map((text) => tokenizer.encode(text).ids);
  },
  async "tokenizers (Rust) file"() {
    const { Tokenizer } = await import("tokenizers");
    const tokenizer = Tokenizer.fromFile(file);
    return async (texts) => (await tokenizer.encodeBatch(texts)).map((encoding) => encoding.getIds());
  },
};

/** `gradus pool N`: N workers. */
async function makePool(workers) {
  const { Tokenizer } = await import("@gradus/tokenizer");
  const { createTokenizerPool } = await import("@gradus/tokenizer/pool");
  const pool = await createTokenizerPool(Tokenizer.fromJSON(readFileSync(file, "utf8")), { workers });
  return async (texts) => {
    const { ids, offsets } = await pool.encodeBatch(texts);
    return texts.map((_, i) => ids.subarray(offsets[i], offsets[i + 1]));
  };
}

async function train(texts, vocabSize) {
  if (engine === "tokenizers (Rust) file") {
    const { Tokenizer } = await import("tokenizers");
    const tokenizer = Tokenizer.fromFile(`${file}.untrained`);
    const start = performance.now();
    tokenizer.train([`${file}.txt`]);
    return { seconds: (performance.now() - start) / 1000, vocabulary: tokenizer.getVocabSize() };
  }
  const { trainBpe } = await import("@gradus/tokenizer");
  const start = performance.now();
  const tokenizer = await trainBpe(texts, { vocabSize });
  return { seconds: (performance.now() - start) / 1000, vocabulary: tokenizer.vocabSize };
}

function hash(ids) {
  let h = ids.length;
  for (const id of ids) h = (Math.imul(h, 0x01000193) ^ id) | 0;
  return h;
}

const pool = /^gradus pool (\d+)$/.exec(engine);
const encode = await (pool ? makePool(Number(pool[1])) : makers[engine]());

await serve(async ({ job, corpus, share = 1, least = 0, kind, length, vocabSize, hashes }) => {
  if (job === "word") {
    const text = longWord(kind, length);
    const start = performance.now();
    const [ids] = await encode([text]);
    return { seconds: (performance.now() - start) / 1000, hash: hash(ids) };
  }
  if (job === "train") {
    const lines = readFileSync(`${file}.txt`, "utf8").match(/[^\n]*\n/g);
    return train(lines, vocabSize);
  }
  const texts = corpora[corpus].slice(0, Math.ceil(share * corpora[corpus].length));
  // As often as `least` seconds take: a quick one would otherwise be measured with the caches that a slow one left.
  const start = performance.now();
  let ids;
  let passes = 0;
  let seconds = 0;
  while (passes === 0 || seconds < least) {
    ids = await encode(texts);
    passes++;
    seconds = (performance.now() - start) / 1000;
  }
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return {
    seconds: seconds / passes,
    bytes,
    tokens: ids.reduce((sum, each) => sum + each.length, 0),
    ...(hashes && { hashes: ids.map(hash) }),
  };
});
