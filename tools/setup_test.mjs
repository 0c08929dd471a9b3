import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { missingPackages } from "./setup.mjs";
import { syncVersions } from "./sync_versions.mjs";

const lock = {
  packages: {
    "": { name: "root" },
    "packages/seeds": { version: "0.0.0" },
    "node_modules/@gradus/seeds": { resolved: "packages/seeds", link: true },
    "node_modules/turbo": { version: "2.0.0" },
    "node_modules/@turbo/linux": { version: "2.0.0", optional: true },
    "node_modules/@turbo/mac": { version: "2.0.0", optional: true },
    "node_modules/tsx": { version: "4.0.0", dev: true },
  },
};
const { "": _, "node_modules/@turbo/mac": __, "node_modules/tsx": ___, ...production } = lock.packages;
const missing = (changes) =>
  missingPackages({ lock, installed: { packages: production }, present: () => true, dev: false, ...changes });

test("an installation for this platform is complete without the others' packages", () => {
  assert.deepEqual(missing({}), []);
});

test("development dependencies are missing only when they are asked for", () => {
  assert.deepEqual(missing({ dev: true }), ["node_modules/tsx"]);
});

test("a lock that is newer than the installation is noticed", () => {
  const newer = { packages: { ...lock.packages, "node_modules/turbo": { version: "2.1.0" } } };
  assert.deepEqual(missing({ lock: newer }), ["node_modules/turbo"]);
  const more = { packages: { ...lock.packages, "node_modules/pbf": { version: "5.0.0" } } };
  assert.deepEqual(missing({ lock: more }), ["node_modules/pbf"]);
});

test("a folder that has gone is noticed, a platform's package too", () => {
  assert.deepEqual(missing({ present: (path) => path !== "node_modules/@turbo/linux" }), ["node_modules/@turbo/linux"]);
});

test("versions are copied to deno.json, and nothing else there changes", () => {
  const root = mkdtempSync(join(tmpdir(), "gradus-versions-"));
  try {
    mkdirSync(join(root, "packages/seeds"), { recursive: true });
    const file = join(root, "packages/seeds/deno.json");
    writeFileSync(join(root, "packages/seeds/package.json"), `{ "name": "@gradus/seeds", "version": "0.2.0" }`);
    writeFileSync(file, `{ "version": "0.1.0",   "license": "MIT" }\n`);
    assert.deepEqual(syncVersions(root), ["@gradus/seeds 0.1.0 → 0.2.0"]);
    assert.equal(readFileSync(file, "utf8"), `{ "version": "0.2.0",   "license": "MIT" }\n`);
    assert.deepEqual(syncVersions(root), []);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
