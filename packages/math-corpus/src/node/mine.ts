/**
 * The loop of DeepSeekMath's section 2: seed → train → score → keep the top → domains → review → larger seed → again.
 *
 * @platform node
 * @module
 */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "@gradus/sft-packing/node";
import { checkInteger, checkKeys, checkNumber, shown } from "../check.ts";
import type { ClassifierOptions } from "../classifier/trainer.ts";
import { type DecontaminationOptions, decontaminator } from "../decontaminate/decontaminate.ts";
import type { DomainCount, PathCount } from "../loop/domains.ts";
import { formatReview, parseReview } from "../loop/review.ts";
import { checkKeep, type Keep } from "../loop/selection.ts";
import { type CorpusReport, collectCorpus } from "./collect.ts";
import { type DoneIteration, type IterationReport, type LoopInput, runIteration } from "./iteration.ts";
import type { StageProgress } from "./progress.ts";
import { exists, keepSettings } from "./resume.ts";

/** How to mine. */
export interface MineOptions {
  /** Shards that `preparePages` wrote. */
  readonly shards: readonly string[];
  /** Files of pages known to be mathematical, in the formats of `readPages`: the seed, e.g. OpenWebMath. */
  readonly seedFiles: readonly string[];
  /** Folder of the output; the same again to resume. */
  readonly output: string;
  /** How many of the best pages an iteration collects, e.g. `{ words: 3e10 }`. */
  readonly keep: Keep;
  /**
   * Who says which parts of mathematical domains join the seed: `"wait"` (default) writes `review.txt` and returns, for a
   * person; a function decides at once.
   */
  readonly review?: "wait" | ((path: PathCount, domain: DomainCount) => boolean);
  /** Texts of benchmarks that must not be in the corpus, e.g. questions and answers. Default: none. */
  readonly benchmarks?: Iterable<string>;
  /** What goes: the whole `"page"` (default), or each `"line"` that shares an n-gram. */
  readonly contaminated?: "page" | "line";
  readonly decontamination?: DecontaminationOptions;
  /** Most pages that are taken from the seed files. Default 500,000. */
  readonly positives?: number;
  /** Random pages that are taken for negatives, about. Default 500,000. */
  readonly negatives?: number;
  /** Most iterations. Default 4. */
  readonly iterations?: number;
  /** The loop stops when so large a share of the collected pages was collected the time before. Default 0.98. */
  readonly stopShare?: number;
  /** A domain is mathematical if more than this share of its pages was collected. Default 0.1. */
  readonly domainShare?: number;
  /** Domains with fewer pages are not reviewed. Default 1. */
  readonly minDomainPages?: number;
  readonly classifier?: ClassifierOptions;
  /** Default 0. */
  readonly seed?: number;
  /** Characters of text in a shard of the corpus. Default 256 million. */
  readonly shardSize?: number;
  readonly onProgress?: (progress: StageProgress) => void;
  readonly signal?: AbortSignal;
}

/** What came of it: the corpus, or a review that is due. */
export type MineResult =
  | { readonly status: "review"; readonly file: string; readonly iterations: readonly IterationReport[] }
  | { readonly status: "done"; readonly iterations: readonly IterationReport[]; readonly corpus: CorpusReport };

const DOING = "mine the corpus";
const KEYS =
  "shards seedFiles output keep review benchmarks contaminated decontamination positives negatives iterations stopShare domainShare minDomainPages classifier seed shardSize onProgress signal".split(
    " ",
  );

/**
 * Mines prepared pages. Every step leaves its files in `output` and is not done again: call it once more after a kill, or
 * after a review.
 *
 * @throws {RangeError} An option is out of range, or `output` holds another run.
 * @throws {SyntaxError} A review file is damaged.
 *
 * @example
 * ```ts no-run
 * const result = await mineCorpus({
 *   shards: ["pages/part-00000-0000.parquet"], // of preparePages
 *   seedFiles: ["open-web-math.parquet"],
 *   output: "corpus",
 *   keep: { share: 0.01 },
 * });
 * if (result.status === "review") console.log(`Edit ${result.file} and start again`);
 * else console.log(result.corpus.pages);
 * ```
 */
export async function mineCorpus(options: MineOptions): Promise<MineResult> {
  checkKeys(DOING, options, KEYS);
  const { shards, seedFiles, output, keep, review = "wait", benchmarks, contaminated = "page" } = options;
  const { positives = 500_000, negatives = 500_000, iterations = 4, stopShare = 0.98, domainShare = 0.1 } = options;
  const { minDomainPages = 1, classifier = {}, seed = 0, shardSize = 2.56e8, onProgress, signal } = options;
  for (const [name, list] of Object.entries({ shards, seedFiles })) {
    if (!Array.isArray(list) || list.length === 0)
      throw new TypeError(
        `Cannot ${DOING}: ${name} must be a list of at least one file, found ${list?.length === 0 ? "none" : shown(list)}`,
      );
  }
  checkKeep(keep);
  checkInteger(DOING, "positives", positives, 1);
  checkInteger(DOING, "negatives", negatives, 1);
  checkInteger(DOING, "iterations", iterations, 1);
  checkInteger(DOING, "minDomainPages", minDomainPages, 1);
  checkInteger(DOING, "seed", seed, 0, 2 ** 31);
  checkNumber(DOING, "stopShare", stopShare, 0, 1);
  checkNumber(DOING, "domainShare", domainShare, 0, 1);
  if (contaminated !== "page" && contaminated !== "line")
    throw new TypeError(`Cannot ${DOING}: contaminated must be "page" or "line", found ${shown(contaminated)}`);
  await mkdir(output, { recursive: true });
  const { onProgress: _, ...classifierSettings } = classifier;
  await keepSettings(join(output, "settings.json"), {
    ...{ shards, seedFiles, keep, positives, negatives, domainShare, minDomainPages, seed },
    classifier: classifierSettings,
  });

  const input: LoopInput = {
    ...{ shards, seedFiles, positives, negatives, keep, domainShare, minDomainPages, classifier, seed },
    ...{ onProgress, signal },
  };
  const done: DoneIteration[] = [];
  for (;;) {
    const folder = join(output, `iteration-${done.length + 1}`);
    const { report, scores, domains } = await runIteration(input, folder, done);
    const reports = [...done.map((iteration) => iteration.report), report];
    const last = reports.length >= iterations || (reports.length > 1 && report.known >= stopShare);
    if (last) {
      const search = benchmarks && decontaminator(benchmarks, options.decontamination);
      await mkdir(join(output, "corpus"), { recursive: true });
      await keepSettings(join(output, "corpus", "settings.json"), {
        ...{ threshold: report.threshold, contaminated, decontamination: options.decontamination, shardSize },
        benchmarks: search?.benchmarks,
      });
      const corpus = await collectCorpus(
        shards,
        scores,
        report.threshold,
        join(output, "corpus"),
        search,
        contaminated,
        shardSize,
        { onProgress, signal },
      );
      await writeWhole(join(output, "iterations.json"), (write) => write(`${JSON.stringify(reports, null, 2)}\n`));
      return { status: "done", iterations: reports, corpus };
    }
    const file = join(folder, "review.txt");
    if (!(await exists(file))) {
      const decided = review !== "wait";
      await writeWhole(file, (write) => write(formatReview(domains, decided ? review : undefined, decided)));
    }
    const answer = parseReview(await readFile(file, "utf8"));
    if (!answer.done) return { status: "review", file, iterations: reports };
    done.push({ report, scores, accepted: answer.accepted });
  }
}
