import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verify } from "@gradus/math-verify";
import { canonicalQuestion } from "./dataset.ts";
import { evaluate, parseExpression } from "./expression.ts";
import { annotationsIn, gsm8kExpressions, loadGsm8k } from "./gsm8k.ts";
import { format } from "./rational.ts";

const directory = fileURLToPath(new URL("../../../../../shared/data/gsm8k", import.meta.url));
const skip = existsSync(directory) ? false : "GSM8K is not here (../shared/data/gsm8k)";

test("every row of GSM8K is read, and every annotation's result is the exact value", { skip }, async () => {
  const { train, test: held } = await loadGsm8k(directory);
  assert.deepEqual([train.length, held.length], [7473, 1319]);
  for (const annotation of [...train, ...held].flatMap(({ solution }) => annotationsIn(solution))) {
    const [left, right] = annotation.split("=");
    assert.ok(verify(format(evaluate(parseExpression(left))), right, { precision: 15 }), annotation);
  }
});

// An earlier trial counted 23,701 training annotations, repetitions included, and 1,430 different test annotations that
// training lacks: those of at most 26 characters, which was its sequence length.
test("annotations of at most 26 characters number 23,701 in training and 1,430 unseen in test", { skip }, async () => {
  const { train, test: held } = await loadGsm8k(directory);
  const all = (rows: typeof train): string[] => rows.flatMap(({ solution }) => annotationsIn(solution));
  const short = (rows: typeof train): string[] => all(rows).filter((annotation) => annotation.length <= 26);
  assert.equal(all(train).length, 23_716);
  assert.equal(short(train).length, 23_701);
  const seen = new Set(all(train));
  assert.equal(new Set(all(held).filter((annotation) => !seen.has(annotation))).size, 1434);
  assert.equal(new Set(short(held).filter((annotation) => !seen.has(annotation))).size, 1430);
});

test("as problems, test expressions are unseen in any order of operands and end in their answers", {
  skip,
}, async () => {
  const { train, counts, test: held } = gsm8kExpressions(await loadGsm8k(directory));
  assert.deepEqual([train.length, held.length], [9607, 1191]);
  assert.equal(counts.length, train.length);
  const seen = new Set(train.map(({ question }) => canonicalQuestion(question)));
  assert.ok(held.every(({ question }) => !seen.has(canonicalQuestion(question))));
  for (const { solutions, answer } of [...train, ...held]) {
    for (const text of Object.values(solutions)) assert.ok(text.endsWith(`#### ${answer}`), text);
  }
});

async function withFolder(files: Record<string, string>, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gsm8k-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const good = '{"question": "1 + 1?", "answer": "1+1=<<1+1=2>>2\\n#### 1,002"}\n';

test("a broken line is named by file and number", async () => {
  await withFolder({ "train.jsonl": `${good}{"question": \n`, "test.jsonl": good }, async (folder) => {
    await assert.rejects(loadGsm8k(folder), { name: "SyntaxError", message: /train\.jsonl:2: not valid JSON \(.+\)$/ });
  });
  await withFolder({ "train.jsonl": good, "test.jsonl": `\n${good}[1]\n` }, async (folder) => {
    await assert.rejects(loadGsm8k(folder), {
      name: "TypeError",
      message: /test\.jsonl:3: expected an object .* found \[1\]$/,
    });
  });
  await withFolder({ "train.jsonl": '{"question": "q", "answer": "a"}', "test.jsonl": good }, async (folder) => {
    await assert.rejects(loadGsm8k(folder), /train\.jsonl:1: expected an answer that ends in "####/);
  });
});

test("a missing directory or file is named", async () => {
  await assert.rejects(loadGsm8k("no/such/place"), /found no directory no\/such\/place$/);
  await withFolder({ "train.jsonl": good }, async (folder) => {
    await assert.rejects(loadGsm8k(folder), /found no file .*test\.jsonl$/);
  });
});

test("answers lose their thousands' commas and blank lines are skipped", async () => {
  await withFolder({ "train.jsonl": `${good}\n`, "test.jsonl": good }, async (folder) => {
    const { train } = await loadGsm8k(folder);
    assert.deepEqual(train, [{ question: "1 + 1?", solution: "1+1=<<1+1=2>>2\n#### 1,002", answer: "1002" }]);
  });
});
