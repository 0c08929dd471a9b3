/**
 * The first stage: raw files → clean pages. Extracts text, drops pages of the same URL, too short ones and
 * near-duplicates, writes the rest as Parquet: an input file becomes some shards, a file of hashes (from which a later
 * process knows what was seen) and, when all of it is safe, a report. After a kill a file that has no report is done
 * again; the output is the same as without the kill.
 *
 * @platform node
 * @module
 */

import { isUtf8 } from "node:buffer";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "@gradus/sft-packing/node";
import { asString } from "../archive/page.ts";
import { checkInteger, checkKeys, checkNumber, shown } from "../check.ts";
import type { Classifier } from "../classifier/classifier.ts";
import { decontaminator } from "../decontaminate/decontaminate.ts";
import { type NearDuplicateOptions, nearDuplicateIndex } from "../dedup/near_duplicates.ts";
import { domainOf, urlHash, urlSet } from "../dedup/url.ts";
import { textExtractor } from "../html/extract.ts";
import { wordReader } from "../text/words.ts";
import { QUICK } from "./compression.ts";
import { progressMeter, type StageProgress } from "./progress.ts";
import { readRawPages } from "./read_pages.ts";
import { keepSettings, readReport } from "./resume.ts";
import { charactersOf, writeShards } from "./shards.ts";

/** What to prepare. */
export interface PrepareOptions {
  /** Files in the formats of `readPages`, in the order in which duplicates are looked for. */
  readonly inputs: readonly string[];
  /** Folder of the output; the same again to resume. */
  readonly output: string;
  /** Pages with fewer words are dropped. Default 50. */
  readonly minWords?: number;
  /** How near-duplicates are found, or false to keep them. */
  readonly nearDuplicates?: NearDuplicateOptions | false;
  /** Drops pages of a lower score at once, with a classifier that is there already: the whole way in one pass. */
  readonly filter?: { readonly classifier: Classifier; readonly minScore: number };
  /** Texts of benchmarks: pages that share an n-gram with one are dropped. Default: none. */
  readonly benchmarks?: Iterable<string>;
  /**
   * Keeps the hashes of each page's tokens beside the shards, 4 bytes a token, from which `mineCorpus` scores and trains
   * without reading the text again. Default true, false with a `filter`.
   */
  readonly tokens?: boolean;
  /** Characters of text in a shard. Default 256 million. */
  readonly shardSize?: number;
  readonly onProgress?: (progress: StageProgress) => void;
  /** Ends the stage after the page under way; what was not finished is done again later. */
  readonly signal?: AbortSignal;
}

/** What became of the pages. */
export interface PrepareCounts {
  pages: number;
  kept: number;
  duplicateUrls: number;
  badUrls: number;
  tooShort: number;
  nearDuplicates: number;
  lowScore: number;
  contaminated: number;
  /** Records without a page: redirects, images … */
  skippedRecords: number;
  /** Characters of text: of all pages, and of those kept. */
  characters: number;
  keptCharacters: number;
}

/** Result of the stage. */
export interface PrepareReport extends PrepareCounts {
  /** All shards, in order. */
  readonly shards: string[];
  /** Input files that an earlier process had done. */
  readonly resumed: number;
}

const DOING = "prepare pages";
const COLUMNS = { url: "string", domain: "string", text: "string" } as const;
const KEYS = [
  "inputs",
  "output",
  "minWords",
  "nearDuplicates",
  "filter",
  "benchmarks",
  "tokens",
  "shardSize",
  "onProgress",
  "signal",
];

/**
 * Prepares pages: see above. Columns of a shard: `url`, `domain`, `text`.
 *
 * @throws {RangeError} The folder holds the output of other inputs or settings.
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const folder = await mkdtemp(`${tmpdir()}/gradus-`);
 * const rows = ["http://a.org/", "https://www.a.org/#top"].map((url) => JSON.stringify({ url, html: "<p>Let x = 2." }));
 * await writeFile(`${folder}/crawl.jsonl`, rows.join("\n"));
 * const report = await preparePages({ inputs: [`${folder}/crawl.jsonl`], output: `${folder}/pages`, minWords: 1 });
 * console.log(report.kept, report.duplicateUrls); // 1 1
 * ```
 */
export async function preparePages(options: PrepareOptions): Promise<PrepareReport> {
  checkKeys(DOING, options, KEYS);
  const {
    inputs,
    output,
    minWords = 50,
    nearDuplicates = {},
    filter,
    tokens: keepTokens = !filter,
    shardSize = 2.56e8,
    onProgress,
    signal,
  } = options;
  const search = options.benchmarks && decontaminator(options.benchmarks);
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new TypeError(
      `Cannot ${DOING}: inputs must be a list of at least one file, found ${inputs?.length === 0 ? "none" : shown(inputs)}`,
    );
  checkInteger(DOING, "minWords", minWords, 0);
  if (filter) checkNumber(DOING, "filter.minScore", filter.minScore, 0, 1);
  checkNumber(DOING, "shardSize", shardSize, 1, Number.MAX_SAFE_INTEGER);
  await mkdir(output, { recursive: true });
  await keepSettings(join(output, "settings.json"), {
    ...{ inputs, minWords, nearDuplicates, shardSize, tokens: keepTokens },
    ...{ benchmarks: search?.benchmarks, minScore: filter?.minScore, classifier: filter?.classifier.settings },
  });

  // What passed a filter is a corpus: everybody can read Snappy. All other pages are for the next stage.
  const compression = filter ? undefined : QUICK;
  const urls = urlSet();
  const index = nearDuplicates === false ? undefined : nearDuplicateIndex(nearDuplicates);
  const read = wordReader();
  const extract = textExtractor();
  const sizes = await Promise.all(inputs.map(async (path) => (await stat(path)).size));
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const total: PrepareReport = { ...noCounts(), shards: [], resumed: 0 };
  let resumed = 0;
  let doneBytes = 0;
  let meter: ReturnType<typeof progressMeter> | undefined;

  for (const [i, input] of inputs.entries()) {
    const part = join(output, `part-${String(i).padStart(5, "0")}`);
    const known = await readReport<PrepareCounts & { shards: string[] }>(`${part}.json`);
    if (known) {
      restore(numbersOf(await readFile(`${part}.seen`)));
      addCounts(total, known);
      total.shards.push(...known.shards.map((name) => join(output, name)));
      doneBytes += sizes[i];
      resumed++;
      continue;
    }
    meter ??= progressMeter("prepare", totalBytes, doneBytes, onProgress);
    const counts = noCounts();
    const seen: number[] = [];
    const signatures: Int32Array[] = [];
    const position = { bytes: 0, skipped: 0 };
    const before = doneBytes;
    const progress = meter;
    async function* clean() {
      for await (const page of readRawPages(input, position)) {
        signal?.throwIfAborted();
        counts.pages++;
        const text = page.html === undefined ? (page.text ?? "") : extract(asBytes(page.html)).text;
        const characters = charactersOf(text);
        counts.characters += characters;
        progress.page(text.length, before + position.bytes);
        let hash: readonly [number, number];
        let domain: string;
        try {
          hash = urlHash(page.url);
          domain = domainOf(page.url);
        } catch {
          counts.badUrls++;
          continue;
        }
        if (!urls.addHash(...hash)) {
          counts.duplicateUrls++;
          continue;
        }
        seen.push(...hash);
        const { words, tokens } = read(text);
        if (words.length < minWords) {
          counts.tooShort++;
          continue;
        }
        if (filter && filter.classifier.scoreTokens(tokens) < filter.minScore) {
          counts.lowScore++;
          continue;
        }
        if (search && search.findWords(words) >= 0) {
          counts.contaminated++;
          continue;
        }
        if (index) {
          if (index.addWords(words) >= 0) {
            counts.nearDuplicates++;
            continue;
          }
          signatures.push(index.signature.slice());
        }
        counts.kept++;
        counts.keptCharacters += characters;
        yield { url: page.url, domain, text: ownText(text), characters, words: words.length, tokens };
      }
    }
    const files = await writeShards(clean(), part, COLUMNS, { shardSize, tokens: keepTokens, compression });
    counts.skippedRecords = position.skipped;
    await writeWhole(`${part}.seen`, async (write) => {
      await write(bytesOf(Int32Array.of(seen.length / 2, signatures.length)));
      await write(bytesOf(Int32Array.from(seen)));
      for (const signature of signatures) await write(bytesOf(signature));
    });
    const shards = files.map((file) => file.slice(output.length).replace(/^[/\\]+/, ""));
    await writeWhole(`${part}.json`, (write) => write(`${JSON.stringify({ input, ...counts, shards }, null, 2)}\n`));
    addCounts(total, counts);
    total.shards.push(...files);
    doneBytes += sizes[i];
    meter.end(doneBytes);
  }
  return { ...total, resumed };

  function restore(data: Int32Array): void {
    const [urlCount, signatureCount] = data;
    for (let i = 0; i < urlCount; i++) urls.addHash(data[2 + 2 * i], data[3 + 2 * i]);
    const start = 2 + 2 * urlCount;
    const places = signatureCount ? (data.length - start) / signatureCount : 0;
    for (let i = 0; i < signatureCount; i++)
      index?.restore(data.subarray(start + i * places, start + (i + 1) * places));
  }
}

function asBytes(html: string | Uint8Array): Uint8Array {
  return typeof html === "string" ? encoder.encode(html) : html;
}

const encoder = new TextEncoder();

/** A text of its own, for the bytes are overwritten: as `asString` reads it, which puts U+FFFD for what is no UTF-8. */
function ownText(text: string | Uint8Array): string | Uint8Array {
  if (typeof text === "string") return text;
  const marked = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
  return isUtf8(text) && !marked ? new Uint8Array(text) : asString(text);
}

function bytesOf(numbers: Int32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A copy, since a small file's bytes need not begin at a multiple of four. */
function numbersOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}

function noCounts(): PrepareCounts {
  return {
    pages: 0,
    kept: 0,
    duplicateUrls: 0,
    badUrls: 0,
    tooShort: 0,
    nearDuplicates: 0,
    lowScore: 0,
    contaminated: 0,
    skippedRecords: 0,
    characters: 0,
    keptCharacters: 0,
  };
}

function addCounts(total: PrepareCounts, more: PrepareCounts): void {
  for (const name of Object.keys(noCounts()) as (keyof PrepareCounts)[]) total[name] += more[name];
}
