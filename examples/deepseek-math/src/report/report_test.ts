import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { escapeHtml, html } from "./html.ts";
import type { RunRecord } from "./record.ts";
import { renderReport, writeReport } from "./report.ts";
import { smooth, thin, ticks } from "./scale.ts";

const accuracy = (share: number): { accuracy: number; low: number; high: number; n: number } => ({
  accuracy: share,
  low: share - 0.05,
  high: share + 0.05,
  n: 500,
});

const run: RunRecord = {
  title: "A run",
  startedAt: "2025-01-02T03:04:05Z",
  seconds: 500,
  parameters: 1_200_000,
  seeds: [7],
  stages: [
    { stage: "pretrain", label: "Pre-training", steps: 30, tokens: 3000, seconds: 10 },
    { stage: "sft", label: "SFT", steps: 20, tokens: 2000, seconds: 8 },
    { stage: "grpo", label: "GRPO", rewarded: "1 for a right answer", steps: 10, tokens: 5000, seconds: 20 },
  ],
  metrics: [
    ...Array.from({ length: 30 }, (_, i) => ({ stage: "pretrain", step: i + 1, loss: 5 / (i + 1) })),
    ...Array.from({ length: 20 }, (_, i) => ({ stage: "sft", step: i + 1, loss: 1 / (i + 1) })),
    ...Array.from({ length: 10 }, (_, i) => ({ stage: "grpo", step: i + 1, reward: i / 10, kl: i / 100, length: 40 })),
  ],
  evaluations: [
    { stage: "pretrain", ...accuracy(0.1), byKind: { addition: accuracy(0.12) } },
    { stage: "sft", ...accuracy(0.45), byKind: { addition: accuracy(0.7) } },
    { stage: "grpo", ...accuracy(0.6), byKind: { addition: accuracy(0.65), word: accuracy(0.5) } },
  ],
  samples: [
    {
      question: "<script>alert(1)</script>",
      kind: "word",
      answer: "5",
      before: { text: '<img src=x onerror="alert(2)">', correct: false },
      after: { text: "2+3=5\n#### 5", correct: true },
    },
  ],
  configuration: { sft: { learningRate: 0.001 }, levels: [1, 2] },
  environment: { node: "20.20.2" },
};

/** Every element that is opened is closed, in the right order. */
function assertWellFormed(page: string): void {
  const empty = new Set(["meta", "!doctype", "line", "path", "circle", "rect"]);
  const open: string[] = [];
  for (const [, closing, name] of page
    .replace(/<style>[\s\S]*<\/style>/, "")
    .matchAll(/<(\/?)([!a-z][a-z0-9]*)[^>]*>/gi)) {
    if (empty.has(name.toLowerCase())) continue;
    if (closing) assert.equal(open.pop(), name);
    else open.push(name);
  }
  assert.deepEqual(open, []);
}

test("the page has the numbers, curves, table, samples, settings, and is well formed", () => {
  const page = renderReport(run);
  assertWellFormed(page);
  for (const text of ["60.0%", "+15.0", "10.0% after Pre-training, 45.0% after SFT, and 60.0% after GRPO", "1.2M"]) {
    assert.ok(page.includes(text), text);
  }
  for (const label of ["Pre-training: from", "SFT: from", "Mean reward: from", "KL to the reference, nats: from"]) {
    assert.ok(page.includes(`aria-label="${label}`), label);
  }
  assert.ok(page.includes('<td class="down">−5.0</td>'), "the change in addition");
  assert.ok(page.includes("sft.learningRate</dt><dd>0.001"), "configuration");
  assert.ok(page.includes("1, 2"), "lists in the configuration");
  assert.ok(page.includes("The reward is 1 for a right answer."), "what is rewarded");
  assert.ok(page.includes("20.20.2"), "environment");
});

test("metrics that a run lacks are left out", () => {
  const page = renderReport(run);
  assert.ok(!page.includes("Clipped tokens"));
  assert.ok(!page.includes("Entropy"));
});

test("text from the run cannot become markup", () => {
  const page = renderReport({ ...run, title: "</title><script>", configuration: { "<b>": "<i>" } });
  assertWellFormed(page);
  for (const tag of ["<script", "<img", "<b>", "<i>"]) assert.ok(!page.includes(tag), tag);
  assert.ok(page.includes("&lt;img src=x onerror=&quot;alert(2)&quot;&gt;"));
});

test("the page needs nothing from outside", () => {
  const page = renderReport(run);
  assert.doesNotMatch(page, /https?:|src=[^x]|<link|@import|url\(/);
});

test("a run without evaluations, metrics and samples still has a report", () => {
  const page = renderReport({ ...run, metrics: [], evaluations: [], samples: [] });
  assertWellFormed(page);
  assert.ok(page.includes("has not been evaluated"));
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

test("several seeds give one curve each, and their accuracies as dots", () => {
  const metrics = run.metrics.flatMap((row) => [1, 2, 3].map((seed) => ({ ...row, seed })));
  const evaluations = run.evaluations.map((each) => ({ ...each, runs: [0.1, 0.2, 0.3] }));
  const page = renderReport({ ...run, seeds: [1, 2, 3], metrics, evaluations });
  const sft = /aria-label="SFT: from[\s\S]*?<\/svg>/.exec(page)?.[0] ?? "";
  assert.equal(sft.match(/class="line"/g)?.length, 3);
  assert.equal(page.match(/class="run"/g)?.length, 9);
});

test("the report is put in place whole", async () => {
  const folder = await mkdtemp(join(tmpdir(), "report-"));
  try {
    await writeReport(join(folder, "run", "report.html"), run);
    assert.deepEqual(await readdir(join(folder, "run")), ["report.html"]);
    assert.equal(await readFile(join(folder, "run", "report.html"), "utf8"), renderReport(run));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("escaped text holds no markup and templates nest without escaping twice", () => {
  fc.assert(
    fc.property(fc.string(), (text) => assert.doesNotMatch(escapeHtml(text), /[<>"']|&(?!(amp|lt|gt|quot|#39);)/)),
  );
  assert.equal(html`<p>${[html`<b>${"&"}</b>`, undefined, false, 0]}</p>`.markup, "<p><b>&amp;</b>0</p>");
});

test("ticks are round, evenly spaced and cover the range", () => {
  assert.deepEqual(ticks(0, 0.94, 4), [0, 0.5, 1]);
  assert.deepEqual(ticks(0, 0.8, 4), [0, 0.2, 0.4, 0.6, 0.8]);
  const range = fc.tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(range, ([low, span]) => {
      const values = ticks(low, low + span, 4);
      assert.ok(values[0] <= low + 1e-6 * span && values[values.length - 1] >= low + span - 1e-6 * span);
      assert.ok(values.length >= 2 && values.length <= 8, String(values));
    }),
  );
  assert.deepEqual(ticks(0, 0, 4).slice(0, 1), [0]);
});

test("thinning keeps the mean and smoothing keeps both ends and straight lines", () => {
  const line = Array.from({ length: 1000 }, (_, i) => ({ x: i, y: 2 * i }));
  const thinned = thin(line, 100);
  assert.equal(thinned.length, 100);
  assert.ok(Math.abs(thinned.reduce((sum, { y }) => sum + y, 0) / 100 - 999) < 1e-9);
  for (const [i, { y }] of smooth(line).entries()) assert.ok(Math.abs(y - 2 * i) < 1e-9);
});

test("each metric of reinforcement learning has a chart; clipping only where it happened", () => {
  const metrics = (clipFraction: number) =>
    [1, 2, 3].map((step) => ({
      stage: "grpo",
      step,
      reward: step / 4,
      kl: 0.1,
      entropy: 1,
      length: 40,
      zeroVariance: 0.5,
      clipFraction,
      gradientNorm: 1,
    }));
  const titles = (page: string) => Array.from(page.matchAll(/<figcaption><span>([^<]*)/g), ([, title]) => title);
  const without = titles(renderReport({ ...run, metrics: metrics(0) }));
  assert.deepEqual(without, [
    "Mean reward",
    "KL to the reference, nats",
    "Entropy, nats",
    "Response length, tokens",
    "Groups without variance",
    "Gradient norm",
  ]);
  assert.ok(titles(renderReport({ ...run, metrics: metrics(0.1) })).includes("Clipped tokens"));
});
