import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { writeJsonl } from "@gradus/sft-packing/node";
import { formatWarc } from "../archive/write_warc.ts";
import { classifierTrainer } from "../classifier/trainer.ts";
import { isMath, sampleCrawl, sampleText } from "../testing/crawl.ts";
import { type MineOptions, mineCorpus } from "./mine.ts";
import { readShard } from "./pages.ts";
import { preparePages } from "./prepare.ts";
import { formatProgress, type StageProgress } from "./progress.ts";
import { readPages } from "./read_pages.ts";
import { tokensPath } from "./shards.ts";

const folder = await mkdtemp(join(tmpdir(), "gradus-"));
after(() => rm(folder, { recursive: true, force: true }));

/** The crawl as three files of WARC, each record a gzip member of its own. */
const inputs = [0, 1, 2].map((i) => join(folder, `crawl-${i}.warc.gz`));
const crawl = sampleCrawl(40);
for (const [i, path] of inputs.entries()) {
  const records = crawl.filter((_, at) => at % 3 === i).map((page) => gzipSync(formatWarc(page)));
  await writeFile(path, Buffer.concat(records));
}
const seedFiles = [join(folder, "seed.jsonl")];
await writeJsonl(
  seedFiles[0],
  Array.from({ length: 60 }, (_, i) => ({ url: "https://seed.example/", text: sampleText("math", 100, 5e5 + i) })),
);

/** All files below a folder with their bytes. */
async function contents(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = names.map(({ parentPath, path: older, name }) => join(parentPath ?? older, name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(path.length), (await readFile(file)).toString("base64")])),
  );
}

const prepared = await preparePages({ inputs, output: join(folder, "pages") });

test("pages of the same URL and near-duplicates go, all others stay, with their text", async () => {
  const { pages, kept, duplicateUrls, nearDuplicates, tooShort } = prepared;
  assert.deepEqual(
    { pages, kept, duplicateUrls, nearDuplicates, tooShort },
    { pages: crawl.length, kept: 320, duplicateUrls: 32, nearDuplicates: 32, tooShort: 0 },
  );
  const texts = new Set<string>();
  for (const shard of prepared.shards) for await (const { text } of readShard(shard)) texts.add(text.slice(0, 100));
  assert.equal(texts.size, 320);
});

test("a page that is no UTF-8 gets U+FFFD for what is none, one with a mark loses it", async () => {
  const record = formatWarc({ url: "http://a.example/", text: "caf# crème" });
  record[record.indexOf("#".charCodeAt(0))] = 0xe9;
  const marked = formatWarc({ url: "http://b.example/", text: "\ufeff\ufeffπ 👍" });
  const input = join(folder, "damaged.wet");
  await writeFile(input, Buffer.concat([record, marked]));
  const { shards } = await preparePages({ inputs: [input], output: join(folder, "damaged"), minWords: 1 });
  const pages: string[] = [];
  for await (const { text } of readShard(shards[0])) pages.push(text);
  assert.deepEqual(pages, ["caf\ufffd crème", "π 👍"]);
});

test("a stage that was killed goes on, and its files are those of one that was not", async () => {
  const output = join(folder, "killed");
  const main = new URL("../testing/prepare_main.ts", import.meta.url).pathname;
  const run =
    "Deno" in globalThis
      ? ["run", "--no-check", "--allow-all"]
      : process.execArgv.filter((a, i, all) => !/^--test/.test(a) && !/^--test/.test(all[i - 1] ?? ""));
  const child = spawn(process.execPath, [...run, main, output, ...inputs], { stdio: ["ignore", "pipe", "inherit"] });
  // The first line comes at the end of the first file: the second is under way.
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const report = await preparePages({ inputs, output });
  assert.ok(report.resumed >= 1);
  assert.deepEqual({ ...report, resumed: 0, shards: 3 }, { ...prepared, shards: 3 });
  assert.deepEqual(await contents(output), await contents(join(folder, "pages")));
});

test("other settings than those of the folder are refused", async () => {
  await assert.rejects(
    preparePages({ inputs, output: join(folder, "pages"), minWords: 3 }),
    /minWords was 50, and now is 3: take another folder/,
  );
});

test("with a classifier that is there already, one pass drops what is not mathematics and what benchmarks have", async () => {
  const trainer = classifierTrainer({ dimension: 16, buckets: 5000, epochs: 20, learningRate: 1 });
  for (let i = 0; i < 60; i++)
    for (const kind of ["math", "other"] as const) trainer.add(sampleText(kind, 100, 7e5 + i), kind === "math");
  const filter = { classifier: trainer.train(), minScore: 0.5 };
  const benchmarks = [sampleText("math", 150, 5)];
  const report = await preparePages({ inputs, output: join(folder, "filtered"), filter, benchmarks });
  assert.equal(report.contaminated, 1);
  assert.equal(
    report.lowScore + report.kept + report.nearDuplicates + report.contaminated + report.duplicateUrls,
    crawl.length,
  );
  for (const shard of report.shards) for await (const { url } of readShard(shard)) assert.ok(isMath(url), url);
  assert.ok(report.kept > 100);
});

const mineOptions: Omit<MineOptions, "output"> = {
  shards: prepared.shards,
  seedFiles,
  keep: { share: 0.25 },
  negatives: 100,
  classifier: { dimension: 16, buckets: 5000, epochs: 10 },
  benchmarks: [sampleText("math", 150, 5)],
};

test("the loop collects the mathematics, takes the review's parts into the seed, and keeps every iteration's numbers", async () => {
  const output = join(folder, "mined");
  const seen: StageProgress[] = [];
  const waiting = await mineCorpus({ ...mineOptions, output, onProgress: (progress) => seen.push(progress) });
  assert.equal(waiting.status, "review");
  const file = waiting.status === "review" ? waiting.file : "";
  const again = await mineCorpus({ ...mineOptions, output });
  assert.equal(again.status, "review");
  const text = await readFile(file, "utf8");
  assert.match(text, /^- (algebra|analysis|campus)\.example\//m);
  await writeFile(
    file,
    text.replace("reviewed: no", "reviewed: yes").replace(/^- (campus.example\/math|al|an)/gm, "+ $1"),
  );

  const result = await mineCorpus({
    ...mineOptions,
    output,
    iterations: 2,
    onProgress: (progress) => seen.push(progress),
  });
  assert.equal(result.status, "done");
  if (result.status !== "done") return;
  const [first, second] = result.iterations;
  assert.equal(first.pages, 320);
  assert.ok(second.joined > 0 && second.positives === 60 + second.joined);
  assert.ok(second.known > 0.5, `${second.known}`);
  assert.ok(result.corpus.contaminatedPages >= 1, "the benchmark text is a page of the crawl");
  let right = 0;
  for (const shard of result.corpus.shards) for await (const { url } of readShard(shard)) if (isMath(url)) right++;
  assert.ok(right / result.corpus.pages > 0.95, `precision ${right} of ${result.corpus.pages}`);
  assert.deepEqual(new Set(seen.map(({ stage }) => stage)), new Set(["score", "collect"]));
  const kept = JSON.parse(await readFile(join(output, "iterations.json"), "utf8"));
  assert.deepEqual(kept, result.iterations);
});

test("the loop needs no files of tokens: from the text come the same scores, and the same corpus", async () => {
  const review: MineOptions["review"] = ({ prefix }) => isMath(`https://${prefix}`);
  const bare = await preparePages({ inputs, output: join(folder, "bare"), tokens: false });
  assert.ok(!(await readdir(join(folder, "bare"))).some((name) => name.endsWith(".tokens")));
  const [a, b] = [join(folder, "with-tokens"), join(folder, "without-tokens")];
  await mineCorpus({ ...mineOptions, review, output: a });
  await mineCorpus({ ...mineOptions, review, output: b, shards: bare.shards });
  const [{ "/settings.json": _, ...whole }, { "/settings.json": __, ...other }] = await Promise.all(
    [a, b].map(contents),
  );
  assert.deepEqual(other, whole);
});

test("a file of tokens that is cut off, or belongs to another shard, is an error", async () => {
  const output = join(folder, "cut");
  const { shards } = await preparePages({ inputs, output });
  const path = tokensPath(shards[0]);
  const bytes = await readFile(path);
  const mine = (name: string) => mineCorpus({ ...mineOptions, shards, output: join(folder, name) });
  await writeFile(path, bytes.subarray(0, bytes.length - 4));
  await assert.rejects(mine("cut-1"), /part-00000-0000.tokens: it ends within a page/);
  await writeFile(path, await readFile(tokensPath(shards[1])));
  await assert.rejects(mine("cut-2"), /part-00000-0000.tokens: it has (more|fewer) pages than/);
});

test("an aborted loop goes on to the files of one that was not", async () => {
  const review: MineOptions["review"] = ({ prefix }) => isMath(`https://${prefix}`);
  const whole = join(folder, "whole");
  await mineCorpus({ ...mineOptions, review, output: whole });
  const output = join(folder, "aborted");
  for (let attempt = 0; ; attempt++) {
    const abort = new AbortController();
    let calls = 0;
    const signal = attempt < 2 ? abort.signal : undefined;
    const onProgress = () => void (++calls > 1 + attempt && abort.abort());
    const result = mineCorpus({ ...mineOptions, review, output, signal, onProgress });
    const failure: unknown = await result.then(
      () => undefined,
      (error) => error,
    );
    if (failure === undefined) break;
    assert.equal((failure as Error).name, "AbortError");
  }
  const [a, b] = await Promise.all([whole, output].map(contents));
  assert.deepEqual(Object.keys(b), Object.keys(a));
  assert.deepEqual(b, a);
});

test("pages are read from JSONL and Parquet, too; other files and damaged ones are named", async () => {
  const rows = [];
  for await (const { url } of readPages(prepared.shards[0])) rows.push(url);
  assert.ok(rows.length > 50);
  const gzipped = join(folder, "rows.jsonl.gz");
  await writeFile(gzipped, gzipSync('{"url":"a:b","html":"<p>x"}\n'));
  for await (const page of readPages(gzipped)) assert.deepEqual(page, { url: "a:b", html: "<p>x" });
  await assert.rejects(readPages("x.zip").next(), /x.zip: expected .warc, .wet, .jsonl/);
  const half = join(folder, "half.warc.gz");
  await writeFile(half, (await readFile(inputs[0])).subarray(0, 5000));
  await assert.rejects(async () => {
    for await (const _ of readPages(half));
  }, /Cannot read .*half.warc.gz: /);
});

test("progress says the share, the rate and the time left", () => {
  const progress = { stage: "score", bytes: 5e8, totalBytes: 1e9, pages: 1200, textRate: 31.2, secondsLeft: 3675 };
  assert.equal(formatProgress(progress), "score 50.0%  1,200 pages  31.2 MB/s  1:01:15 left");
});
