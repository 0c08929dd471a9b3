// Encoding and training, one core each, against JavaScript's and Rust's tokenizers; long words; workers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { gsm8k, mixed } from "./lib/corpora.mjs";
import { Engine } from "./lib/engine.mjs";
import { describeMachine, here, versionsOf } from "./lib/machine.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "tokenizer";
export const about = "encoding, training, long words and workers, against tokenizers in JavaScript and Rust";

const RANKS = ["gradus cl100k", "ai-tokenizer cl100k", "gpt-tokenizer cl100k", "tiktoken cl100k"];
const FILES = ["gradus file", "@xenova/transformers file", "@huggingface/tokenizers file", "tokenizers (Rust) file"];
const TITLES = { gsm8k: "GSM8K", mixed: "code, English and Chinese" };
const VOCABULARY = 25_000;

function start(engine, file) {
  return new Engine(engine, process.execPath, [`${here}engines/tokenizer.mjs`, engine, file]);
}

/** Seconds of each turn by engine and corpus; engines take turns. */
async function encodings(engines, corpora, file, { turns, share, least }) {
  const results = [];
  const processes = engines.map((engine) => [engine, start(engine, file)]);
  try {
    for (const corpus of corpora) {
      const cells = new Map();
      for (const [engine, each] of processes) {
        const { bytes, tokens, hashes } = await each.ask({ job: "encode", corpus, share, hashes: true });
        // Let it compile.
        await each.ask({ job: "encode", corpus, share, least: 3 * least });
        cells.set(engine, { engine, corpus, bytes, tokens, hashes, seconds: [] });
      }
      for (let turn = 0; turn < turns; turn++)
        for (const [engine, each] of processes) {
          const { seconds } = cells.get(engine);
          // A slow peer gets few turns.
          if (seconds.length < 3 || seconds[0] < 2)
            seconds.push((await each.ask({ job: "encode", corpus, share, least })).seconds);
        }
      const ours = cells.get(engines[0]);
      for (const { hashes, ...cell } of cells.values()) {
        const different = hashes.filter((hash, i) => hash !== ours.hashes[i]).length;
        results.push({ ...cell, texts: hashes.length, different, rate: cell.bytes / 1e6 / median(cell.seconds) });
        progress(`${corpus}, ${cell.engine}: ${results.at(-1).rate.toFixed(1)} MB/s, ${different} texts differ`);
      }
    }
  } finally {
    await Promise.all(processes.map(([, each]) => each.close()));
  }
  return results;
}

/** Seconds for one word, ever longer; a peer stops when it has taken ten seconds. */
async function longWords(kinds, lengths, file) {
  const results = [];
  for (const engine of RANKS.slice(0, 3)) {
    const each = start(engine, file);
    try {
      for (const kind of kinds)
        for (const length of lengths) {
          const { seconds, hash } = await each.ask({ job: "word", kind, length });
          results.push({ engine, kind, length, seconds, hash });
          progress(`${whole(length)} × ${kind}, ${engine}: ${seconds.toFixed(3)} s`);
          if (seconds > 0.3) break;
        }
    } finally {
      await each.close();
    }
  }
  return results;
}

async function trainings(file, vocabSize, turns) {
  const engines = ["gradus file", "tokenizers (Rust) file"];
  const results = engines.map((engine) => ({ engine, seconds: [], vocabulary: 0 }));
  for (let turn = 0; turn < turns; turn++)
    for (const result of results) {
      const each = start(result.engine, file);
      try {
        const { seconds, vocabulary } = await each.ask({ job: "train", vocabSize });
        result.seconds.push(seconds);
        result.vocabulary = vocabulary;
      } finally {
        await each.close();
      }
    }
  for (const { engine, seconds } of results) progress(`training, ${engine}: ${median(seconds).toFixed(2)} s`);
  return results;
}

async function pools(corpus, file, size) {
  const counts = [...new Set([1, availableParallelism()])];
  return encodings(["gradus file", ...counts.map((count) => `gradus pool ${count}`)], [corpus], file, size);
}

/** Trains on GSM8K, or on the mixture, and writes what the engines read. */
async function prepare(folder, corpora, quick) {
  const { trainBpe } = await import("@gradus/tokenizer");
  const all = Object.fromEntries(corpora.map((corpus) => [corpus, corpus === "gsm8k" ? gsm8k() : mixed()]));
  const texts = all[corpora[0]].slice(0, quick ? 200 : undefined);
  const lines = `${texts.join("\n").replaceAll("\r", "")}\n`.match(/[^\n]*\n/g);
  const file = join(folder, "tokenizer.json");
  const tokenizer = await trainBpe(lines, { vocabSize: quick ? 1000 : VOCABULARY });
  const json = tokenizer.toJSON();
  writeFileSync(file, JSON.stringify(json));
  writeFileSync(`${file}.corpora`, JSON.stringify(all));
  writeFileSync(`${file}.txt`, lines.join(""));
  writeFileSync(`${file}.untrained`, JSON.stringify({ ...json, model: { ...json.model, vocab: {}, merges: [] } }));
  return { file, vocabSize: tokenizer.vocabSize, megabytes: Buffer.byteLength(lines.join("")) / 1e6 };
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), "gradus-benchmark-"));
  try {
    const corpora = gsm8k() ? ["gsm8k", "mixed"] : ["mixed"];
    const { file, vocabSize, megabytes } = await prepare(folder, corpora, quick);
    const size = quick ? { turns: 1, share: 0.02, least: 0 } : { turns: 5, share: 1, least: 0.4 };
    const results = [
      ...(await encodings(RANKS, corpora, file, size)),
      // The slow ones get a quarter of the texts.
      ...(await encodings(FILES, corpora, file, { ...size, share: size.share / 4 })),
    ];
    const pooled = await pools(corpora[0], file, size);
    const lengths = quick ? [1000, 2000] : [10_000, 20_000, 100_000, 1_000_000];
    const words = await longWords(["one letter", "random letters"], lengths, file);
    const trained = await trainings(file, vocabSize, quick ? 1 : 3);
    return report({
      name,
      title: "Tokenizer",
      machine,
      quick,
      peers: versionsOf(
        "ai-tokenizer",
        "gpt-tokenizer",
        "tiktoken",
        "@xenova/transformers",
        "@huggingface/tokenizers",
        "tokenizers",
      ),
      sections: [
        "Text by text, as ids; median of the turns, slowest and fastest beside it. A turn goes through the texts again until " +
          "0.4 s are over. The first group has tiktoken's ranks of " +
          `cl100k_base, the second a \`tokenizer.json\` of ${whole(vocabSize)} tokens that \`trainBpe\` wrote. Rust's binding ` +
          "encodes all texts in one call, on all cores.",
        ...corpora.map((corpus) =>
          encodingTable(
            corpus,
            results.filter((cell) => cell.corpus === corpus),
          ),
        ),
        "All texts in one call: on the calling thread, text by text, and on workers.",
        encodingTable(corpora[0], pooled),
        "One word without end, cl100k_base, seconds. A tokenizer that has taken 0.3 seconds gets no longer one.",
        wordTable(words, lengths),
        `Training on ${megabytes.toFixed(1)} MB, ${whole(vocabSize)} tokens, each time in a fresh process: Gradus on one core, Rust on all.`,
        table(
          ["", "seconds", "fastest", "slowest"],
          trained.map(({ engine, seconds }) => [
            engine.replace(" file", ""),
            ...[median(seconds), Math.min(...seconds), Math.max(...seconds)].map((each) => each.toFixed(2)),
          ]),
        ),
      ],
      checks: checks(corpora, results, pooled, words, trained, quick),
      figures: { results, pooled, words, trained },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function encodingTable(corpus, cells) {
  return table(
    [TITLES[corpus], "MB/s", "from", "to", "texts with other ids"],
    cells.map(({ engine, seconds, bytes, rate, different, texts }) => [
      engine,
      rate.toFixed(1),
      (bytes / 1e6 / Math.max(...seconds)).toFixed(1),
      (bytes / 1e6 / Math.min(...seconds)).toFixed(1),
      different ? `${different} of ${whole(texts)}` : "0",
    ]),
  );
}

function wordTable(words, lengths) {
  const kinds = [...new Set(words.map(({ kind }) => kind))];
  const engines = [...new Set(words.map(({ engine }) => engine))];
  return table(
    ["", ...lengths.map(whole)],
    engines.flatMap((engine) =>
      kinds.map((kind) => [
        `${engine}, ${kind}`,
        ...lengths.map(
          (length) =>
            words
              .find((word) => word.engine === engine && word.kind === kind && word.length === length)
              ?.seconds.toFixed(3) ?? "",
        ),
      ]),
    ),
  );
}

function checks(corpora, results, pooled, words, trained, quick) {
  const found = [];
  for (const corpus of corpora) {
    const rate = (engine) => results.find((cell) => cell.corpus === corpus && cell.engine === engine).rate;
    const fastest = Math.max(rate(RANKS[1]), rate(RANKS[2]));
    const against = (ratio, promise, what) =>
      found.push({
        what: `${TITLES[corpus]}: ${times(ratio)} ${what} (promised: ${promise} ×)`,
        holds: quick || ratio >= promise,
      });
    against(rate(RANKS[0]) / fastest, 2, "the faster of ai-tokenizer and gpt-tokenizer");
    against(rate(FILES[0]) / rate(FILES[1]), 20, "@xenova/transformers");
    for (const peer of ["tiktoken cl100k", "tokenizers (Rust) file"]) {
      const { different } = results.find((cell) => cell.corpus === corpus && cell.engine === peer);
      found.push({ what: `${TITLES[corpus]}: the ids are those of ${peer}`, holds: different === 0 });
    }
  }
  const workers = pooled.at(-1);
  if (pooled.length > 2) {
    const ratio = workers.rate / pooled[1].rate;
    const count = Number(workers.engine.split(" ").at(-1));
    found.push({
      what: `${count} workers: ${times(ratio)} one (promised: ${(0.7 * count).toFixed(1)} ×)`,
      holds: quick || ratio >= 0.7 * count,
    });
  }
  const ours = words.filter(({ engine }) => engine === RANKS[0]);
  const slowest = Math.max(...ours.map(({ seconds }) => seconds));
  found.push({ what: `no word of a megabyte takes two seconds (${slowest.toFixed(2)} s)`, holds: slowest < 2 });
  const ratio = median(trained[0].seconds) / median(trained[1].seconds);
  found.push({
    what: `training takes ${times(ratio)} Rust's time (promised: at most 2 ×)`,
    holds: quick || ratio <= 2,
  });
  return found;
}
