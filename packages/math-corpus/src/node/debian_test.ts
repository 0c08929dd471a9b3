// The whole way on pages that people wrote: documentation packages of Debian, packed into WARC, mined from a seed of one
// package (Maxima's manual), judged on packages that neither seed nor review saw.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeJsonl } from "@gradus/sft-packing/node";
import { extractText } from "../html/extract.ts";
import { docPages, labelOf, missingDocs, packWarc, sources } from "../testing/debian_docs.ts";
import { mineCorpus } from "./mine.ts";
import { readScores, readShard } from "./pages.ts";
import { preparePages } from "./prepare.ts";

const missing = missingDocs();
const skip = missing.length > 0 && `needs Debian's documentation packages, missing here: ${missing.join(", ")}`;
const folder = await mkdtemp(join(tmpdir(), "gradus-"));
after(() => rm(folder, { recursive: true, force: true }));

test("mathematics is found in documentation that training did not see", { skip }, async (context) => {
  const most = Number(process.env.GRADUS_DOC_PAGES ?? 200);
  const seedFiles = [join(folder, "seed.jsonl")];
  await writeJsonl(
    seedFiles[0],
    [...docPages(sources[0], 300)].map(({ url, html }) => ({ url, text: extractText(html).text })),
  );
  const inputs = [];
  for (const source of sources.slice(1)) {
    inputs.push(join(folder, `${source.domain}.warc.gz`));
    await writeFile(inputs[inputs.length - 1], packWarc(source, source.mathematical ? most / 2 : most));
  }
  const { shards, kept, pages } = await preparePages({ inputs, output: join(folder, "pages") });
  const result = await mineCorpus({
    shards,
    seedFiles,
    output: join(folder, "corpus"),
    keep: { share: 0.2 },
    negatives: 300,
    iterations: 3,
    classifier: { dimension: 16, buckets: 200_000, learningRate: 1, epochs: 5 },
    // The person of this test knows the labels of all but the held-out packages.
    review: ({ prefix }) => {
      const { label, heldOut } = labelOf(`https://${prefix}/x/`);
      return !heldOut && label === true;
    },
  });
  assert.equal(result.status, "done");
  if (result.status !== "done") return;
  context.diagnostic(`${kept} of ${pages} pages after deduplication`);
  const figures = [];
  for (const { iteration, threshold, collectedPages, known, joined } of result.iterations) {
    let [found, right, wanted] = [0, 0, 0];
    for (const [i] of shards.entries()) {
      const file = join(folder, "corpus", `iteration-${iteration}`, `scores-${String(i).padStart(5, "0")}.parquet`);
      const { scores } = await readScores(file);
      let row = 0;
      for await (const { url } of readShard(file)) {
        const { label, heldOut } = labelOf(url);
        const collected = scores[row++] >= threshold;
        if (!heldOut || label === undefined) continue;
        if (label) wanted++;
        if (collected) found++;
        if (label && collected) right++;
      }
    }
    figures.push({ precision: right / found, recall: right / wanted });
    context.diagnostic(
      `iteration ${iteration}: ${collectedPages} pages collected, ${joined} joined the seed, ${(100 * known).toFixed(1)}% known; ` +
        `held out: precision ${right}/${found} = ${(right / found).toFixed(3)}, recall ${right}/${wanted} = ${(right / wanted).toFixed(3)}`,
    );
  }
  const last = figures[figures.length - 1];
  assert.ok(last.precision > 0.7 && last.recall > 0.5, JSON.stringify(last));
});
