import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { ProblemResult } from "../tasks/scores.ts";
import { tasks } from "../tasks/tasks.ts";
import { openEvaluation } from "./journal.ts";
import { loadProblems } from "./load.ts";

async function inFolder(use: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "evals-"));
  try {
    await use((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const rows = [
  { question: "2 + 3?", answer: "5" },
  { question: "3 + 3?", answer: "6" },
];
const golds = ["5", "6"];

test("JSON Lines, JSON, TSV and Parquet, gzipped, by path and by address, give the same problems", async () => {
  await inFolder(async (path) => {
    const files: Record<string, string | Uint8Array> = {
      "a.jsonl": `${rows.map((row) => JSON.stringify(row)).join("\r\n")}\n\n`,
      "a.json": JSON.stringify(rows, null, 2),
      "a.tsv": rows.map(({ question, answer }) => `${question}\t${answer}`).join("\n"),
      "a.parquet": new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: "question", data: rows.map(({ question }) => question) },
            { name: "answer", data: rows.map(({ answer }) => answer) },
          ],
        }),
      ),
      "a.jsonl.gz": gzipSync(rows.map((row) => JSON.stringify(row)).join("\n")),
    };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(path(name), content);
      for (const from of [path(name), pathToFileURL(path(name))]) {
        const problems = await loadProblems(tasks.plain, from);
        assert.deepEqual(problems.map(({ gold }) => gold), golds, name); // biome-ignore format: short
      }
    }
    const server = createServer((request, response) => {
      if (request.url === "/a.jsonl") response.end(files["a.jsonl"]);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      assert.equal((await loadProblems(tasks.plain, `${base}/a.jsonl`, { limit: 1 })).length, 1);
      await assert.rejects(loadProblems(tasks.plain, `${base}/b.jsonl`), /b.jsonl: the server answered 404/);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

test("a file that cannot be read is named, with the line", async () => {
  await inFolder(async (path) => {
    await assert.rejects(loadProblems(tasks.plain, path("none.jsonl")), /Cannot read .*none\.jsonl: ENOENT/);
    await writeFile(path("empty.jsonl"), "\n");
    await assert.rejects(loadProblems(tasks.plain, path("empty.jsonl")), /empty\.jsonl: there is no problem in it/);
    await writeFile(path("bad.jsonl"), '{"question":"q","answer":"1"}\n{"question":\n');
    await assert.rejects(loadProblems(tasks.plain, path("bad.jsonl")), /bad\.jsonl: line 2: /);
    await writeFile(path("odd.txt"), "hello\n");
    await assert.rejects(loadProblems(tasks.plain, path("odd.txt")), /line 1 is neither JSON nor/);
    await writeFile(path("fields.jsonl"), '{"text":"q"}\n');
    await assert.rejects(loadProblems(tasks.plain, path("fields.jsonl")), /fields\.jsonl: Cannot read row 0 of plain/);
  });
});

test("a journal cut off anywhere in its last record keeps all before it; other settings are refused", async () => {
  await inFolder(async (path) => {
    const file = path("run.jsonl");
    const result = (id: string): ProblemResult => ({ id, question: "q é", gold: "1", samples: [] });
    const settings = { task: "plain", samples: 2 };
    let journal = await openEvaluation(file, settings);
    assert.deepEqual(journal.finished, []);
    await journal.append([result("a"), result("b")]);
    await journal.close();
    const whole = await readFile(file);
    const last = JSON.stringify(result("b"));
    const start = whole.length - Buffer.byteLength(last) - 1;
    for (let length = start; length < whole.length; length++) {
      await writeFile(file, whole);
      await truncate(file, length);
      journal = await openEvaluation(file, settings);
      assert.deepEqual(journal.finished, [result("a")], `cut at ${length}`);
      await journal.append([result("b")]);
      await journal.close();
      assert.deepEqual(await readFile(file), whole);
    }
    await assert.rejects(openEvaluation(file, { task: "plain", samples: 3 }), /now the settings are .*"samples":3/);
    await appendFile(file, "{broken\n");
    await assert.rejects(openEvaluation(file, settings), /line 4 is damaged/);
  });
});
