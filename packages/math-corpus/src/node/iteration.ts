/**
 * One iteration of the loop, cut into steps that each leave a file: train → score → choose → domains → review.
 *
 * @platform node
 * @module
 */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "@gradus/sft-packing/node";
import { type Classifier, readClassifier } from "../classifier/classifier.ts";
import { type ClassifierOptions, classifierTrainer } from "../classifier/trainer.ts";
import { urlHash } from "../dedup/url.ts";
import { type DomainCount, domainCounter, underAny } from "../loop/domains.ts";
import { type Keep, scoreHistogram } from "../loop/selection.ts";
import { mix } from "../text/pair_set.ts";
import { countRows, readScores, readUrls } from "./pages.ts";
import { readPages } from "./read_pages.ts";
import { exists } from "./resume.ts";
import { type StageOptions, scoreShards } from "./score.ts";
import { readTokens } from "./tokens.ts";

/** What an iteration did, in numbers; kept in its `report.json`. */
export interface IterationReport {
  readonly iteration: number;
  /** Texts that the classifier was trained on; of the positive ones, pages that joined the seed. */
  readonly positives: number;
  readonly joined: number;
  readonly negatives: number;
  /** Pages that were scored, and the words in them. */
  readonly pages: number;
  readonly words: number;
  /** Pages and words with at least the threshold's score. */
  readonly threshold: number;
  readonly collectedPages: number;
  readonly collectedWords: number;
  /** Share of the collected pages that the iteration before had collected; 0 for the first. */
  readonly known: number;
  readonly domains: number;
  readonly mathematicalDomains: number;
}

/** An iteration that is over. */
export interface DoneIteration {
  readonly report: IterationReport;
  /** Files of scores, one for each shard. */
  readonly scores: readonly string[];
  /** Parts of domains whose pages join the seed, as the review says. */
  readonly accepted: readonly string[];
}

/** What all iterations share. */
export interface LoopInput extends StageOptions {
  readonly shards: readonly string[];
  readonly seedFiles: readonly string[];
  readonly positives: number;
  readonly negatives: number;
  readonly keep: Keep;
  readonly domainShare: number;
  readonly minDomainPages: number;
  readonly classifier: ClassifierOptions;
  readonly seed: number;
}

/** Trains, scores, chooses and counts; everything that lies in the folder already is taken from there. */
export async function runIteration(
  input: LoopInput,
  folder: string,
  earlier: readonly DoneIteration[],
): Promise<{ report: IterationReport; scores: string[]; domains: DomainCount[] }> {
  await mkdir(folder, { recursive: true });
  const { classifier, counts } = await trainOrRead(input, folder, earlier);
  const scores = await scoreShards(input.shards, classifier, folder, input);

  const histogram = scoreHistogram();
  for (const file of scores) {
    const { scores: list, words } = await readScores(file);
    for (let i = 0; i < list.length; i++) histogram.add(list[i], words[i]);
  }
  const threshold = histogram.threshold(input.keep);
  const before = earlier.at(-1);
  const counter = domainCounter();
  let [collectedPages, collectedWords, known] = [0, 0, 0];
  for (const [shard, file] of scores.entries()) {
    const { scores: list, words } = await readScores(file);
    const old = before && (await readScores(before.scores[shard])).scores;
    let row = 0;
    for await (const url of readUrls(file)) {
      const collected = list[row] >= threshold;
      counter.add(url, collected);
      if (collected) {
        collectedPages++;
        collectedWords += words[row];
        if (before && old && old[row] >= before.report.threshold) known++;
      }
      row++;
    }
  }
  const domains = counter.mathematical(input.domainShare, input.minDomainPages);
  const report: IterationReport = {
    iteration: earlier.length + 1,
    ...counts,
    pages: histogram.pages,
    words: histogram.words,
    threshold,
    collectedPages,
    collectedWords,
    known: collectedPages ? known / collectedPages : 0,
    domains: counter.size,
    mathematicalDomains: domains.length,
  };
  await writeWhole(join(folder, "report.json"), (write) => write(`${JSON.stringify(report, null, 2)}\n`));
  return { report, scores, domains };
}

interface SeedCounts {
  readonly positives: number;
  readonly joined: number;
  readonly negatives: number;
}

async function trainOrRead(
  input: LoopInput,
  folder: string,
  earlier: readonly DoneIteration[],
): Promise<{ classifier: Classifier; counts: SeedCounts }> {
  const [modelPath, seedPath] = [join(folder, "classifier.bin"), join(folder, "seed.json")];
  if (await exists(modelPath))
    return {
      classifier: readClassifier(await readFile(modelPath)),
      counts: JSON.parse(await readFile(seedPath, "utf8")) as SeedCounts,
    };
  const trainer = classifierTrainer({ ...input.classifier, seed: input.seed });
  let fromFiles = 0;
  for (const file of input.seedFiles) {
    for await (const { text, html } of readPages(file)) {
      if (fromFiles >= input.positives) break;
      input.signal?.throwIfAborted();
      trainer.add(text ?? (await import("../html/extract.ts")).extractText(html as string).text, true);
      fromFiles++;
    }
  }
  // A page is a negative if the hash of its URL is low enough: no list is needed, and order does not matter.
  const rate = Math.min(1, input.negatives / Math.max(1, await countRows(input.shards)));
  const accepted = earlier.map((iteration) => underAny(iteration.accepted));
  for (const [i, shard] of input.shards.entries()) {
    const scores = await Promise.all(earlier.map((iteration) => readScores(iteration.scores[i])));
    let row = 0;
    for await (const { url, tokens } of readTokens(shard)) {
      input.signal?.throwIfAborted();
      const joins = earlier.some(({ report }, j) => scores[j].scores[row] < report.threshold && accepted[j](url));
      if (joins) trainer.addTokens(tokens, true);
      else if ((mix(urlHash(url)[0] ^ mix(input.seed + 1)) >>> 0) / 2 ** 32 < rate) trainer.addTokens(tokens, false);
      row++;
    }
  }
  const { positive, negative } = trainer.count;
  const counts = { positives: positive, joined: positive - fromFiles, negatives: negative };
  const classifier = trainer.train();
  await writeWhole(seedPath, (write) => write(`${JSON.stringify(counts, null, 2)}\n`));
  await writeWhole(modelPath, (write) => write(classifier.serialize()));
  return { classifier, counts };
}
