import assert from "node:assert/strict";
import { test } from "node:test";
import { extractText } from "@gradus/math-corpus";
import { distinctProblems } from "../problems/dataset.ts";
import { reward } from "../verify.ts";
import { isMathPage, SEED, type WebOptions, webPage } from "./web.ts";

const options: WebOptions = {
  seed: 1,
  levels: { 1: 1, 2: 1 },
  corpus: { pages: 1000, mathShare: 0.4, problemsPerPage: 5, styles: { steps: 1, terse: 1, direct: 1 } },
  heldOut: distinctProblems(0, "held-out", 50, { level: { 1: 1, 2: 1 } }),
};
const pages = Array.from({ length: 600 }, (_, index) => webPage(options, index));

test("a page is a function of the seed and its number", () => {
  assert.deepEqual(webPage(options, 17), pages[17]);
  assert.notDeepEqual(webPage({ ...options, seed: 2 }, 17), pages[17]);
});

test("the wanted share of the pages is mathematics, copies stand elsewhere, the seed is all worked sums", () => {
  const originals = pages.filter(({ url }) => !url.includes("mirror"));
  const share = originals.filter(({ url }) => isMathPage(url)).length / originals.length;
  assert.ok(Math.abs(share - 0.4) < 0.08, `${share}`);
  assert.equal(pages.length - originals.length, 15);
  for (const { html } of pages.filter(({ url }) => url.includes("mirror")))
    assert.equal(originals.filter((each) => each.html === html).length, 1);
  for (let i = 0; i < 5; i++) assert.match(webPage(options, SEED + 40 * i).url, /worked-sums/);
});

test("worked problems survive the way through HTML, and their last lines are right answers", () => {
  const page = pages.find(({ url }) => url.includes("worked-sums")) as { html: string };
  const blocks = extractText(page.html)
    .text.split(/\n{2,}/)
    .filter((block) => block.includes("####"));
  assert.ok(blocks.length >= 5);
  for (const block of blocks) {
    const answer = /#### (.*)$/.exec(block)?.[1] as string;
    assert.equal(reward(block, answer), 1);
  }
});

test("some pages give held-out problems away, for decontamination to find", () => {
  const leaked = pages.filter(({ html = "" }) =>
    options.heldOut.some(({ question }) => html.includes(`${question}\n`)),
  );
  assert.ok(leaked.length > 2 && leaked.length < 40, `${leaked.length}`);
});
