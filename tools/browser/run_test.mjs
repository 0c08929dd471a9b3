import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { repository } from "../lib/workspaces.mjs";
import { findChromium } from "./chromium.mjs";
import { portableTasks, runInChromium } from "./run.mjs";
import { serve } from "./serve.mjs";

const chromium = findChromium();
const skip = !chromium && "neither Chromium nor Chrome is installed (or named by GRADUS_CHROMIUM)";

test("what cannot run in a browser is reported, and Chromium leaves nothing behind", { skip }, async (t) => {
  const { TMPDIR } = process.env;
  const folder = mkdtempSync(join(tmpdir(), "gradus-run-"));
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true });
  });
  process.env.TMPDIR = folder;
  const tasks = [
    { name: "needs Node", entries: ["node:fs"], scenarios: "./plain.mjs", examples: [] },
    { name: "throws", entries: [], scenarios: "./absent.mjs", examples: [{ place: "here", url: "/throws.js" }] },
  ];
  const pages = {
    ...portableTasks(repository).pages,
    "/tasks.json": JSON.stringify(tasks),
    "/throws.js": 'setTimeout(() => { throw new Error("later") }); await 0; throw new RangeError("no")',
  };
  const { reports, trouble } = await runInChromium({ chromium, root: repository, tasks, pages, limit: 60_000 });
  assert.match(reports.get("needs Node").exports["node:fs"].failure, /node:fs/);
  assert.match(reports.get("throws").results["./absent.mjs"].failure, /absent/);
  assert.match(reports.get("throws").examples.here.failure, /RangeError: no/);
  assert.match(trouble.join("\n"), /GET \/node:fs.js: ENOENT/);
  assert.match(trouble.join("\n"), /GET \/tools\/browser\/absent.mjs: ENOENT/);
  assert.deepEqual(readdirSync(folder), []);
});

test("a page that never answers, and a Chromium that ends at once, are reported", { skip }, async () => {
  const run = (options) =>
    runInChromium({ chromium, root: repository, tasks: [{}], pages: { "/": "" }, limit: 2000, ...options });
  assert.deepEqual((await run()).trouble, ["Chromium was not done after 2 s"]);
  assert.match((await run({ chromium: process.execPath })).trouble[0], /Chromium ended early:[\s\S]*bad option/);
  assert.match((await run({ chromium: "/absent/chromium" })).trouble[0], /Chromium ended early:[\s\S]*ENOENT/);
});

test("only JavaScript below the root is served", async () => {
  const server = await serve({ root: repository, pages: { "/": "hello" }, onPost() {} });
  const get = (path) =>
    new Promise((resolve, reject) => {
      const { port } = new URL(server.url); // not fetch, which would tidy the path up first
      request({ port, host: "127.0.0.1", path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
  try {
    assert.equal(await get("/"), 200);
    assert.equal(await get("/tools/browser/plain.mjs"), 200);
    for (const path of ["/package.json", "/absent.js", "/../x.js", "/..%2f..%2fx.js", "/%"])
      assert.equal(await get(path), 404);
    assert.equal(server.missing.length, 5);
  } finally {
    await server.close();
  }
});

test("entries and examples that need Node are left out", () => {
  const packing = portableTasks(repository).tasks.find(({ name }) => name === "@gradus/sft-packing");
  assert.ok(!packing.entries.includes("@gradus/sft-packing/node"));
  assert.ok(!packing.examples.some(({ place }) => place.startsWith("src/node/")));
  assert.ok(packing.leftOut.some(({ place }) => place.startsWith("src/node/")));
  for (const { reason } of packing.leftOut) assert.match(reason, /is of a file that needs Node|imports node:/);
});
