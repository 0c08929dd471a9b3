/**
 * Corpus: a crawl goes through DeepSeekMath's search for mathematics (`@gradus/math-corpus`): seed → classifier → pages
 * ranked → domains → larger seed, again; copies and what gives held-out problems away are dropped. The crawl is a web made
 * by `corpus/web.ts`, or the files that the configuration names.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatWarc } from "@gradus/math-corpus";
import { mineCorpus, preparePages, readPages, type StageProgress } from "@gradus/math-corpus/node";
import { COPIES, isMathPage, SEED, type WebOptions, webPage } from "../corpus/web.ts";
import type { Configuration } from "../recipe/configuration.ts";
import type { ProblemSource } from "../recipe/problem_source.ts";
import { fileError, writeWhole } from "../run/files.ts";
import type { RecipeStage, StageAccount, StageContext } from "./stage.ts";

/** A page of so many words is worth reading, and so many seed pages are given. */
const MIN_WORDS = 20;
const SEED_PAGES = 150;

/** A text on its own must be whole: a question, its solution and its answer line. */
const worked = /^(?<question>[^\n]+)\n(?:[^\n]+\n)*#### [^\n]+$/;

export const corpus: RecipeStage = {
  name: "corpus",
  consumes: () => [],
  produces: () => ["corpus/passages.jsonl"],
  run,
};

async function run({ configuration, directory, progress, problems }: StageContext): Promise<StageAccount> {
  const { corpus: settings, seed } = configuration;
  const { inputs, seedFiles } = settings.inputs
    ? (settings as Crawl)
    : await generatedCrawl(directory.path, configuration, problems);
  const bar = progress.stage("Corpus", 100, { unit: "%" });
  // Preparing, then the iterations: how much each takes is guessed, the bar need not be exact.
  const parts = settings.iterations + 2;
  let [part, last] = [-1, ""];
  const onProgress = ({ stage, bytes, totalBytes }: StageProgress): void => {
    if (stage !== last) [part, last] = [part + 1, stage];
    const share = (part + bytes / Math.max(1, totalBytes)) / parts;
    bar.update({ done: Math.min(100, Math.round(100 * share)), detail: stage });
  };
  // Answers belong to the text: "47*38" alone is too short to be told apart, with its result it is not.
  const benchmarks = problems.heldOut.map(({ question, answer }) => `${question} ${answer}`);
  const prepared = await preparePages({
    ...{ inputs, output: join(directory.path, "corpus/pages"), minWords: MIN_WORDS, onProgress },
  });
  const mined = await mineCorpus({
    ...{ shards: prepared.shards, seedFiles, output: join(directory.path, "corpus/mined"), onProgress },
    ...{ keep: { share: settings.keepShare }, iterations: settings.iterations, classifier: settings.classifier, seed },
    ...{ benchmarks, contaminated: "line" },
    // The person who looks at the list knows what these places are; of another crawl, a share decides.
    review: ({ prefix, pages, collected }) => (settings.inputs ? collected > pages / 2 : isMathPage(prefix)),
    negatives: Math.max(SEED_PAGES, Math.round(settings.pages / 10)),
  });
  if (mined.status === "review") throw new Error(`Cannot make the corpus: ${mined.file} waits for a person`);
  bar.finish(`${mined.corpus.pages} pages of mathematics of ${prepared.pages}`);

  const counts = { passages: 0, worked: 0, heldOut: 0, mathPages: 0, pages: 0, characters: 0 };
  const path = join(directory.path, "corpus/passages.jsonl");
  await writeLines(path, passagesOf(mined.corpus.shards, problems, counts));
  const { iterations } = mined;
  await writeWhole(
    join(directory.path, "corpus/report.json"),
    `${JSON.stringify({ prepared: { ...prepared, shards: undefined, resumed: undefined }, iterations, counts }, null, 2)}\n`,
  );
  return {
    consumed: { "pages of the crawl": prepared.pages, files: inputs.length },
    produced: {
      "pages kept": mined.corpus.pages,
      ...(settings.inputs ? {} : { "of them mathematics": counts.mathPages }),
      iterations: iterations.length,
      "copies dropped": prepared.nearDuplicates + prepared.duplicateUrls,
      "lines dropped for held-out n-grams": mined.corpus.contaminatedLines,
      "short held-out problems dropped": counts.heldOut,
      passages: counts.passages,
      "of them worked problems": counts.worked,
      characters: counts.characters,
    },
  };
}

interface Crawl {
  readonly inputs: readonly string[];
  readonly seedFiles: readonly string[];
}

/** The generated web as a WARC file, and the pages that the search begins with. */
async function generatedCrawl(folder: string, configuration: Configuration, problems: ProblemSource): Promise<Crawl> {
  const { seed, levels, corpus: settings } = configuration;
  const [crawl, seeds] = ["corpus/crawl.warc", "corpus/seed.jsonl"].map((name) => join(folder, name));
  const options: WebOptions = { seed, levels, corpus: settings, heldOut: problems.heldOut };
  if (!existsSync(crawl)) {
    const records = function* (): Generator<Uint8Array> {
      for (let index = 0; index < settings.pages; index++) yield formatWarc(webPage(options, index));
    };
    await writeChunks(crawl, records());
  }
  const clean: WebOptions = { ...options, heldOut: [] };
  const pages = Array.from({ length: SEED_PAGES }, (_, i) => `${JSON.stringify(webPage(clean, SEED + COPIES * i))}\n`);
  await writeWhole(seeds, pages.join(""));
  return { inputs: [crawl], seedFiles: [seeds] };
}

/**
 * Passages of the mined pages, apart from those with a held-out question: of questions shorter than an n-gram that can be
 * told from others, the decontamination knows nothing.
 */
async function* passagesOf(
  shards: readonly string[],
  problems: ProblemSource,
  counts: { passages: number; worked: number; heldOut: number; mathPages: number; pages: number; characters: number },
): AsyncGenerator<string> {
  for (const shard of shards) {
    for await (const { url, text = "" } of readPages(shard)) {
      counts.pages++;
      if (isMathPage(url)) counts.mathPages++;
      for (const passage of text.split(/\n{2,}/)) {
        const trimmed = passage.trim();
        if (trimmed === "") continue;
        const { question } = worked.exec(trimmed)?.groups ?? {};
        // A solution whose question was cut out answers nothing.
        if (question?.includes("=")) continue;
        if (question !== undefined && problems.isHeldOut(question)) {
          counts.heldOut++;
          continue;
        }
        counts.passages++;
        counts.characters += trimmed.length;
        if (question !== undefined) counts.worked++;
        yield trimmed;
      }
    }
  }
}

async function writeLines(path: string, texts: AsyncIterable<string>): Promise<void> {
  const encoder = new TextEncoder();
  const lines = async function* (): AsyncGenerator<Uint8Array> {
    let block = "";
    for await (const text of texts) {
      block += `${JSON.stringify(text)}\n`;
      if (block.length > 1 << 16) {
        yield encoder.encode(block);
        block = "";
      }
    }
    yield encoder.encode(block);
  };
  await writeChunks(path, lines());
}

/** A large file, written in pieces under a temporary name and moved into place when it is whole. */
async function writeChunks(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(`${path}.tmp`, "w");
    try {
      for await (const chunk of chunks) await file.write(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? fileError(`Cannot write ${path}`, error) : error;
  }
}

/** The passages that the corpus stage left. */
export async function readPassages(path: string): Promise<string[]> {
  const content = await readFile(path, "utf8").catch((error: unknown) => {
    throw fileError(`Cannot read ${path}`, error);
  });
  return content
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as string);
}
