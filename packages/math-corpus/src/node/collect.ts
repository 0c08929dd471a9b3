/**
 * The last stage: the pages above the threshold, without those that share text with benchmarks, as Parquet with a report.
 *
 * @platform node
 * @module
 */

import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "@gradus/sft-packing/node";
import { asString } from "../archive/page.ts";
import type { Decontaminator } from "../decontaminate/decontaminate.ts";
import { domainOf } from "../dedup/url.ts";
import { formatQuality, type QualityReport, qualityCollector } from "../report/quality.ts";
import { wordReader } from "../text/words.ts";
import { readRawShard, readScores, readShard } from "./pages.ts";
import { progressMeter } from "./progress.ts";
import { readReport } from "./resume.ts";
import type { StageOptions } from "./score.ts";
import { charactersOf, writeShards } from "./shards.ts";

/** What was collected. */
export interface CorpusReport {
  /** Pages that came through, and those that share n-grams with benchmarks. */
  readonly pages: number;
  readonly contaminatedPages: number;
  /** Lines that were cut out, where lines go and not pages. */
  readonly contaminatedLines: number;
  readonly quality: QualityReport;
  readonly shards: readonly string[];
}

interface PartCounts {
  pages: number;
  contaminatedPages: number;
  contaminatedLines: number;
  shards: string[];
}

/** Collects; parts that were finished before are left as they are. */
export async function collectCorpus(
  shards: readonly string[],
  scores: readonly string[],
  threshold: number,
  folder: string,
  decontaminate: Decontaminator | undefined,
  contaminated: "page" | "line",
  shardSize: number,
  { onProgress, signal }: StageOptions = {},
): Promise<CorpusReport> {
  await mkdir(folder, { recursive: true });
  const read = wordReader();
  const sizes = await Promise.all(shards.map(async (path) => (await stat(path)).size));
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const total: PartCounts = { pages: 0, contaminatedPages: 0, contaminatedLines: 0, shards: [] };
  let meter: ReturnType<typeof progressMeter> | undefined;
  let done = 0;
  for (const [i, shard] of shards.entries()) {
    const part = join(folder, `part-${String(i).padStart(5, "0")}`);
    let counts = await readReport<PartCounts>(`${part}.json`);
    if (!counts) {
      meter ??= progressMeter("collect", totalBytes, done, onProgress);
      const progress = meter;
      const fresh: PartCounts = { pages: 0, contaminatedPages: 0, contaminatedLines: 0, shards: [] };
      async function* rows() {
        const { scores: list } = await readScores(scores[i]);
        let row = 0;
        for await (const page of readRawShard(shard)) {
          signal?.throwIfAborted();
          const score = list[row++];
          progress.page(page.text.length, done);
          if (score < threshold) continue;
          const { url } = page;
          let text: string | Uint8Array = page.text;
          if (decontaminate && decontaminate.findWords(read(text).words) >= 0) {
            fresh.contaminatedPages++;
            if (contaminated === "page") continue;
            const lines = decontaminate.removeLines(asString(text));
            fresh.contaminatedLines += lines.removed;
            text = lines.text;
            if (text.trim() === "") continue;
          }
          fresh.pages++;
          // A copy, else one page that is kept holds on to all that were read with it.
          if (typeof text !== "string") text = new Uint8Array(text);
          yield { url, domain: domainOf(url), text, score, characters: charactersOf(text) };
        }
      }
      const columns = { url: "string", domain: "string", text: "string", score: "number" } as const;
      const files = await writeShards(rows(), part, columns, { shardSize });
      fresh.shards = files.map((file) => file.slice(folder.length).replace(/^[/\\]+/, ""));
      await writeWhole(`${part}.json`, (write) => write(`${JSON.stringify(fresh, null, 2)}\n`));
      counts = fresh;
    }
    total.pages += counts.pages;
    total.contaminatedPages += counts.contaminatedPages;
    total.contaminatedLines += counts.contaminatedLines;
    total.shards.push(...counts.shards.map((name) => join(folder, name)));
    done += sizes[i];
    meter?.end(done);
  }
  const quality = qualityCollector();
  for (const shard of total.shards)
    for await (const row of readShard(shard)) quality.add(row as { text: string; domain?: string; score?: number });
  const report: CorpusReport = { ...total, quality: quality.report() };
  const { shards: _, ...numbers } = report;
  await writeWhole(join(folder, "report.json"), (write) => write(`${JSON.stringify(numbers, null, 2)}\n`));
  await writeWhole(join(folder, "report.md"), (write) => write(`# Corpus\n\n${formatQuality(report.quality)}`));
  return report;
}
