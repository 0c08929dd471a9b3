// The corpus package: training and scoring against fastText's command on the same texts, HTML against htmlparser2, and the
// whole way from compressed WET and WARC files to Parquet. Texts are Debian's documentation packages where they are
// installed (apt-get install maxima-doc apache2-doc postgresql-doc python3-doc), or made of random words.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { classifierTrainer, extractText, formatWarc, wordReader } from "../packages/math-corpus/dist/mod.js";
import { mineCorpus, preparePages } from "../packages/math-corpus/dist/node/mod.js";
import { stream } from "../packages/seeds/dist/mod.js";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "corpus";
export const about = "classifier against fastText's command, HTML against htmlparser2, crawl to Parquet in MB/s a core";

/** MB of text a second of processor time, accuracy and speed against the command, that we promise. */
const PROMISED = { rate: 20, accuracy: 0.005, speed: 0.7 };
const SETTINGS = { dim: 256, lr: 0.1, wordNgrams: 3, minCount: 3, epoch: 3, bucket: 2_000_000 };
const DOCS = {
  math: ["/usr/share/doc/maxima-doc/html", "/usr/share/giac/doc/en", "/usr/share/doc/python-sympy-doc/html/modules"],
  other: [
    "/usr/share/doc/apache2-doc/manual/en",
    "/usr/share/doc/postgresql-doc-15/html",
    "/usr/share/doc/python3.11/html/library",
  ],
};

/** Pages with labels, in a mixed order. */
function pages(quick) {
  const list = [];
  for (const [label, folders] of Object.entries(DOCS)) {
    for (const folder of folders.filter(existsSync)) {
      for (const file of readdirSync(folder, { recursive: true }).filter((path) => /\.html?(\.gz|\.en)?$/.test(path))) {
        const bytes = readFileSync(join(folder, file));
        const html = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
        if (html)
          list.push({ math: label === "math", url: `https://${label}.example/${folder.split("/")[4]}/${file}`, html });
      }
    }
  }
  if (list.length === 0) {
    const random = stream(1, { purpose: "corpus benchmark" });
    for (let i = 0; i < 2000; i++) {
      const words = Array.from({ length: 400 }, () => `${i % 2 ? "a" : "b"}${random.integer(0, 30_000)}`);
      list.push({ math: i % 2 === 0, url: `https://a.example/${i}`, html: `<p>${words.join(" ")}</p>` });
    }
  }
  stream(1, { purpose: "corpus benchmark order" }).shuffle(list);
  return quick ? list.slice(0, 100) : list;
}

/** A text as fastText's command reads it, split as our reader splits. */
function line({ math, text }) {
  const tokens = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}\p{C}\p{Z}]/gu) ?? [];
  return `__label__${math ? "math" : "other"} ${tokens.filter((token, i) => token !== tokens[i - 1] || /[\p{L}\p{N}]/u.test(token)).join(" ")}`;
}

/** Seconds of wall clock and of processor time, of all threads. */
async function timed(work) {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

async function classify(list, folder, quick) {
  const cut = Math.floor(0.7 * list.length);
  // Pages are cut, so that a turn takes less than a minute.
  const texts = list
    .map(({ math, text }) => ({ math, text: text.slice(0, quick ? 1000 : 1500) }))
    .filter(({ text }) => text);
  const [train, test] = [texts.slice(0, cut), texts.slice(cut)];
  const buckets = quick ? 1000 : SETTINGS.bucket;
  progress(`training on ${whole(train.length)} texts`);
  const ours = await timed(() => {
    const trainer = classifierTrainer({ buckets });
    for (const { math, text } of train) trainer.add(text, math);
    return trainer.train();
  });
  const classifier = ours.result;
  const read = wordReader();
  const characters = test.reduce((sum, { text }) => sum + text.length, 0);
  const scoring = await timed(() =>
    test.reduce((right, { math, text }) => right + (classifier.scoreTokens(read(text).tokens) > 0.5 === math), 0),
  );
  const result = {
    train: {
      wall: ours.wall,
      cpu: ours.cpu,
      texts: train.length,
      words: train.reduce((n, { text }) => n + read(text).tokens.length, 0),
    },
    accuracy: scoring.result / test.length,
    scoringRate: characters / 1e6 / scoring.cpu,
    modelBytes: classifier.serialize().length,
  };
  try {
    execFileSync("fasttext", [], { stdio: "ignore" });
  } catch (error) {
    if (error.code === "ENOENT") return result;
  }
  const path = (file) => join(folder, file);
  writeFileSync(path("train.txt"), `${train.map(line).join("\n")}\n`);
  writeFileSync(path("test.txt"), `${test.map(line).join("\n")}\n`);
  const settings = Object.entries({ ...SETTINGS, bucket: buckets }).flatMap(([key, value]) => [`-${key}`, `${value}`]);
  progress("training fastText's command, one thread");
  const start = performance.now();
  execFileSync("fasttext", [
    "supervised",
    "-input",
    path("train.txt"),
    "-output",
    path("model"),
    ...settings,
    "-thread",
    "1",
    "-verbose",
    "0",
  ]);
  result.command = { wall: (performance.now() - start) / 1000 };
  const labels = execFileSync("fasttext", ["predict", path("model.bin"), path("test.txt")], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  // Scoring alone: the same texts often, less the time in which the model is read.
  const often = 20;
  writeFileSync(path("often.txt"), `${test.map(line).join("\n")}\n`.repeat(often));
  const predict = (file) => {
    const begin = performance.now();
    execFileSync("fasttext", ["predict", path("model.bin"), path(file)], { stdio: ["ignore", "ignore", "inherit"] });
    return (performance.now() - begin) / 1000;
  };
  progress("scoring with fastText's command");
  const [once, all] = [predict("test.txt"), predict("often.txt")];
  result.command.scoringRate = ((often - 1) * characters) / 1e6 / Math.max(1e-3, all - once);
  const right = labels
    .trim()
    .split("\n")
    .filter((label, i) => (label === "__label__math") === test[i].math).length;
  result.command.accuracy = right / test.length;
  return result;
}

async function endToEnd(list, folder) {
  const figures = {};
  const seed = join(folder, "seed.jsonl");
  const seeds = list.filter(({ math }) => math).slice(0, 100);
  writeFileSync(seed, seeds.map(({ url, text }) => JSON.stringify({ url, text: text.slice(0, 3000) })).join("\n"));
  const benchmarks = Array.from(
    { length: 5000 },
    (_, i) => `How many apples does basket number ${i} of the ${i % 7} farmers hold at noon`,
  );
  const small = { dimension: 16, buckets: 200_000, epochs: 1 };
  const trainer = classifierTrainer(small);
  for (const { math, text } of list.slice(0, 600)) trainer.add(text.slice(0, 3000), math);
  const classifier = trainer.train();
  // What is kept of the web is a hundredth; of these pages a tenth.
  const scores = list.map(({ text }) => classifier.score(text)).sort((a, b) => b - a);
  const minScore = scores[Math.floor(scores.length / 10)];
  for (const kind of ["wet", "warc"]) {
    const inputs = [0, 1].map((half) => join(folder, `${half}.${kind}.gz`));
    for (const [half, path] of inputs.entries()) {
      const records = list
        .filter((_, i) => i % 2 === half)
        .map(({ url, html, text }) => gzipSync(formatWarc(kind === "wet" ? { url, text } : { url, html })));
      writeFileSync(path, Buffer.concat(records));
    }
    const common = { inputs, minWords: 1 };
    progress(`${kind}: one pass with a trained classifier`);
    // Once for the compilers' sake, once for the figures.
    const filter = { classifier, minScore };
    let pass;
    for (const round of ["cold", "warm", "warmer"]) {
      const output = join(folder, `${kind}-${round}`);
      pass = await timed(() => preparePages({ ...common, output, filter, benchmarks }));
    }
    progress(`${kind}: prepare everything, one iteration of the loop`);
    // Training is timed above; here a small model, so that the stages' own work shows.
    const options = { seedFiles: [seed], keep: { share: 0.1 }, negatives: 100, classifier: small, benchmarks };
    let prepared;
    let mined;
    for (const round of ["cold", "warm"]) {
      prepared = await timed(() => preparePages({ ...common, output: join(folder, `${kind}-pages-${round}`) }));
      options.shards = prepared.result.shards;
      const once = { iterations: 1, output: join(folder, `${kind}-corpus-${round}`) };
      mined = await timed(() => mineCorpus({ ...options, ...once }));
    }
    // Two iterations less one: what an iteration more costs.
    const more = { iterations: 2, stopShare: 1, review: () => true, output: join(folder, `${kind}-corpus-2`) };
    const twice = await timed(() => mineCorpus({ ...options, ...more }));
    const text = pass.result.characters / 1e6;
    figures[kind] = {
      text,
      compressed: inputs.reduce((sum, path) => sum + readFileSync(path).length, 0) / 1e6,
      html: list.reduce((sum, { html }) => sum + html.length, 0) / 1e6,
      kept: pass.result.keptCharacters / 1e6,
      pass: { wall: pass.wall, cpu: pass.cpu, rate: text / pass.cpu, wallRate: text / pass.wall },
      loop: {
        prepare: prepared.cpu,
        mine: mined.cpu,
        iterationRate: text / Math.max(1e-3, twice.cpu - mined.cpu),
        rate: text / (prepared.cpu + mined.cpu),
        wallRate: text / (prepared.wall + mined.wall),
      },
    };
  }
  return figures;
}

async function extraction(list) {
  const characters = list.reduce((sum, { html }) => sum + html.length, 0) / 1e6;
  const contestants = {
    "@gradus/math-corpus": (html) => extractText(html).text,
  };
  try {
    const { Parser } = await import("htmlparser2");
    contestants.htmlparser2 = (html) => {
      let text = "";
      const parser = new Parser({
        ontext(part) {
          text += part;
        },
      });
      parser.end(html);
      return text;
    };
  } catch {
    progress("htmlparser2 is not installed");
  }
  const rates = {};
  for (let round = 0; round < 2; round++) {
    for (const [who, extract] of Object.entries(contestants)) {
      const { cpu } = await timed(() => {
        for (const { html } of list) extract(html);
      });
      rates[who] = Math.max(rates[who] ?? 0, characters / cpu);
    }
  }
  return rates;
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), "gradus-corpus-"));
  try {
    const list = pages(quick).map((page) => ({ ...page, text: extractText(page.html).text }));
    const html = await extraction(list);
    const stages = await endToEnd(list, folder);
    const classifier = await classify(list, folder, quick);
    const { command } = classifier;
    const checks = quick
      ? []
      : [
          ...Object.entries(stages).map(([kind, { pass }]) => ({
            what: `one pass over ${kind.toUpperCase()}: at least ${PROMISED.rate} MB of text a second of processor time (${pass.rate.toFixed(1)})`,
            holds: pass.rate >= PROMISED.rate,
          })),
        ];
    if (command && !quick) {
      const difference = classifier.accuracy - command.accuracy;
      const speed = command.wall / classifier.train.wall;
      checks.push(
        {
          what: `accuracy at most ${100 * PROMISED.accuracy} points below the command's (${(100 * difference).toFixed(2)} points)`,
          holds: difference >= -PROMISED.accuracy,
        },
        {
          what: `scoring at least ${PROMISED.speed} × as fast as the command (${times(classifier.scoringRate / command.scoringRate)})`,
          holds: classifier.scoringRate >= PROMISED.speed * command.scoringRate,
        },
        {
          what: `training at least ${PROMISED.speed} × as fast as the command on one thread (${times(speed)})`,
          holds: speed >= PROMISED.speed,
        },
      );
    }
    const seconds = (value) => `${value.toFixed(1)} s`;
    const percent = (value) => `${(100 * value).toFixed(2)}%`;
    const rate = (value) => `${value.toFixed(1)} MB/s`;
    return report({
      name,
      title: "From crawl to corpus",
      machine,
      peers: {
        "@gradus/math-corpus": "this repository",
        ...versionsOf("htmlparser2"),
        ...(command && { fasttext: "0.9.2 (Debian)" }),
      },
      sections: [
        `Classifier, ${whole(classifier.train.texts)} texts of documentation, ${whole(classifier.train.words)} tokens, dimension 256, 3 epochs, 2,000,000 buckets, one thread each.`,
        table(
          ["", "training", "accuracy", "scoring", "model"],
          [
            [
              "@gradus/math-corpus",
              seconds(classifier.train.wall),
              percent(classifier.accuracy),
              rate(classifier.scoringRate),
              `${whole(classifier.modelBytes / 1e6)} MB`,
            ],
            ...(command
              ? [["fasttext", seconds(command.wall), percent(command.accuracy), rate(command.scoringRate), "2,077 MB"]]
              : []),
          ],
        ),
        "Text of HTML, MB of HTML a second.",
        table(
          ["", "rate"],
          Object.entries(html).map(([who, value]) => [who, rate(value)]),
        ),
        "MB of text a second of processor time, that of all threads counted, and of wall clock. Each was done before in the same process, whose compilers had finished. One pass with a trained classifier: gzip → records → text → URLs → score → decontamination → near-duplicates → Parquet of the best tenth. Loop: all clean pages to Parquet, one iteration of scoring, collection, report. A further iteration trains and scores once more, from the files of tokens.",
        table(
          [
            "input",
            "text",
            "HTML",
            "one pass, text",
            "HTML",
            "wall clock, text",
            "loop, text",
            "wall clock, text",
            "a further iteration, text",
          ],
          Object.entries(stages).map(([kind, { text, html: markup, pass, loop }]) => [
            kind.toUpperCase(),
            `${whole(text)} MB`,
            kind === "warc" ? `${whole(markup)} MB` : "",
            rate(pass.rate),
            kind === "warc" ? rate(markup / pass.cpu) : "",
            rate(pass.wallRate),
            rate(loop.rate),
            rate(loop.wallRate),
            rate(loop.iterationRate),
          ]),
        ),
      ],
      checks,
      figures: { classifier, html, stages },
      quick,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
