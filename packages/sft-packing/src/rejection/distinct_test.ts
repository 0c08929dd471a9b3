import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { equationList, mostDiverse, reasoningPath } from "./distinct.ts";

test("the same equations in other words are one reasoning path, other equations are another", () => {
  const first = "Natalia sold 48/2 = <<48/2=24>>24 clips in May, and 48+24 = <<48+24=72>>72 in all.\n#### 72";
  const second = "In May: <<48/2=24>>24. Together that makes <<48+24=72>>72.\n#### 72";
  assert.equal(reasoningPath(first), reasoningPath(second));
  assert.notEqual(reasoningPath(first), reasoningPath("<<48*1.5=72>>72"));
  assert.notEqual(reasoningPath("2+3 = 5"), reasoningPath("3+2 = 5"));
});

test("equations are read from plain text too", () => {
  const cases: [string, string[]][] = [
    ["It costs $1,200 × 3 = $3,600.", ["1200*3=3600"]],
    ["(2 + 3) * 4 = 20, then 20 ÷ 5 = 4", ["(2+3)*4=20", "20/5=4"]],
    ["x = 5, no equation of numbers", []],
    ["50% * 80 = 40.", ["50%*80=40"]],
  ];
  for (const [text, equations] of cases) assert.deepEqual(equationList(text), equations, text);
});

test("texts without equations are the same up to spaces", () => {
  assert.equal(reasoningPath(" The answer\nis  no. "), reasoningPath("The answer is no."));
  assert.notEqual(reasoningPath("The answer is no."), reasoningPath("The answer is yes."));
});

test("the reasoning path of 200 kilobytes of anything takes less than a second", () => {
  for (const piece of ["1", "1+", "(", "1 ", " ", "1 + 1 ", "$-", "<<", "1.,", "(1)"]) {
    const begin = performance.now();
    reasoningPath(piece.repeat(200_000 / piece.length));
    const elapsed = performance.now() - begin;
    assert.ok(elapsed < 1000, `${JSON.stringify(piece)}: ${elapsed} ms`);
  }
});

test("the most diverse are distinct, ascending, include the first, and are what a plain search takes", () => {
  const words = (text: string) => new Set(text.split(" "));
  const distance = (a: string, b: string) => {
    const [x, y] = [words(a), words(b)];
    return 1 - [...x].filter((word) => y.has(word)).length / new Set([...x, ...y]).size;
  };
  const text = fc
    .array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 4 })
    .map((w) => w.join(" "));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 6 }), (texts, count) => {
      const expected = [0];
      while (expected.length < Math.min(count, texts.length)) {
        const nearest = texts.map((text, i) =>
          expected.includes(i) ? -1 : Math.min(...expected.map((j) => distance(texts[j], text))),
        );
        expected.push(nearest.indexOf(Math.max(...nearest)));
      }
      assert.deepEqual(
        mostDiverse(texts, count),
        expected.sort((a, b) => a - b),
      );
    }),
  );
});

const gsm8k = new URL("../../../../../shared/data/gsm8k/train.jsonl", import.meta.url);

test("every solution of GSM8K has its calculator's equations as its path", { skip: !existsSync(gsm8k) }, () => {
  let without = 0;
  for (const line of readFileSync(gsm8k, "utf8").trim().split("\n")) {
    const { answer } = JSON.parse(line);
    const annotations = answer.match(/<<.*?>>/g) ?? [];
    if (annotations.length === 0) without++;
    else assert.equal(equationList(answer).length, annotations.length);
  }
  assert.ok(without < 150, `${without} without annotations`);
});
