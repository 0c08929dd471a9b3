import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createProgress, createRate, formatCount, formatDuration } from "./progress.ts";

function capture(terminal: boolean, columns = 120): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk) => {
    text += chunk;
  });
  const fakes = { cursorTo: (): boolean => true, moveCursor: (): boolean => true, clearLine: (): boolean => true };
  return { stream: Object.assign(stream, { isTTY: terminal, columns, ...fakes }), text: () => text };
}

test("without a terminal there is one line at the start, every few seconds, and at the end", () => {
  const { stream, text } = capture(false);
  let time = 0;
  const progress = createProgress({ stream, interval: 5, now: () => time });
  const stage = progress.stage("SFT", 100, { unit: "steps" });
  for (let step = 1; step <= 100; step++) {
    time += 200;
    stage.update({ done: step, detail: `loss ${step}` });
  }
  stage.finish("accuracy 48%");
  progress.log("a note");
  progress.stop();
  assert.deepEqual(text().trimEnd().split("\n"), [
    "SFT: 100 steps",
    "SFT: 25%  25/100 steps  5.0 steps/s  15 s left  loss 25",
    "SFT: 50%  50/100 steps  5.0 steps/s  10 s left  loss 50",
    "SFT: 75%  75/100 steps  5.0 steps/s  5 s left  loss 75",
    "SFT: 100%  100/100 steps  5.0 steps/s  0 s left  loss 100",
    "SFT: done in 20 s  accuracy 48%",
    "a note",
  ]);
});

test("work done before a resume does not count for the rate", () => {
  const { stream, text } = capture(false);
  let time = 0;
  const progress = createProgress({ stream, interval: 1, now: () => time });
  const stage = progress.stage("GRPO", 100, { from: 60 });
  time = 2000;
  stage.update({ done: 64 });
  assert.match(text(), /GRPO: 100 steps, 60 of them done\nGRPO: 64% {2}64\/100 steps {2}2\.0 steps\/s {2}18 s left\n/);
});

test("on a terminal each stage has a bar, and no line is wider than the terminal", () => {
  const { stream, text } = capture(true, 70);
  let time = 0;
  const progress = createProgress({ stream, interactive: true, now: () => time });
  const first = progress.stage("pre-training", 10);
  time = 1000;
  first.update({ done: 5, detail: "x".repeat(100) });
  first.finish("accuracy 12.0%");
  progress.stage("SFT", 10).update({ done: 5, detail: "y".repeat(100) });
  progress.stop();
  const lines = stripVTControlCharacters(text()).split(/[\r\n]+/);
  assert.ok(
    lines.some((line) => /^pre-training {3}█{12} done in 1 s {2}accuracy 12\.0%$/.test(line)),
    text(),
  );
  assert.ok(
    lines.some((line) => /^SFT {12}█{6}░{6} {2}50% {2}5\/10 steps.*y…$/.test(line)),
    text(),
  );
  assert.ok(Math.max(...lines.map((line) => line.length)) < 70, text());
});

test("the rate follows a change of speed within its window", () => {
  const rate = createRate(0, 0, 10_000);
  assert.equal(rate.perSecond(), undefined);
  for (let second = 1; second <= 30; second++) rate.add(second * 1000, second);
  assert.equal(rate.perSecond(), 1);
  for (let second = 1; second <= 15; second++) rate.add((30 + second) * 1000, 30 + second * 4);
  assert.equal(rate.perSecond(), 4);
});

test("durations and counts are short", () => {
  assert.deepEqual([0, 59.6, 200, 3600, 7530].map(formatDuration), [
    "0 s",
    "1 min 00 s",
    "3 min 20 s",
    "1 h 00 min",
    "2 h 05 min",
  ]);
  const counts = [0, 0.534, 5, 42.4, 999, 8123, 9960, 250_000, 999_900, 12_400_000];
  assert.deepEqual(counts.map(formatCount), ["0", "0.53", "5.0", "42", "999", "8.1k", "10k", "250k", "1.0M", "12M"]);
});
