import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { entriesOf, importMap, targetOf } from "./import_map.mjs";

test("a browser's condition wins over what comes after it", () => {
  const conditions = { node: "./node.js", browser: { types: "./a.d.ts", default: "./browser.js" }, default: "./a.js" };
  assert.equal(targetOf(conditions), "./browser.js");
  assert.equal(targetOf({ require: "./a.cjs", import: "./a.mjs" }), "./a.mjs");
  assert.equal(targetOf({ node: "./node.js" }), undefined);
});

test("entries are those that are JavaScript; patterns become prefixes", () => {
  assert.deepEqual(entriesOf({ main: "./lib.js" }), { ".": "./lib.js" });
  assert.deepEqual(entriesOf({ exports: { import: "./a.js" } }), { ".": "./a.js" });
  assert.deepEqual(
    entriesOf({ exports: { "./b": "./dist/b.js", "./src/*.js": "./lib/*.js", "./package.json": "./package.json" } }),
    { "./b": "./dist/b.js", "./src/": "./lib/" },
  );
});

/** A repository with these manifests, `directory → manifest`, while `use` runs. */
function withManifests(manifests, use) {
  const root = mkdtempSync(join(tmpdir(), "gradus-import-map-"));
  try {
    for (const [directory, manifest] of Object.entries(manifests)) {
      const path = join(root, directory, "package.json");
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(manifest));
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
const workspaces = [
  { name: "@gradus/a", directory: "packages/a" },
  { name: "@gradus/b", directory: "packages/b" },
];
const wanted = ["@gradus/a"];

test("packages, what they depend on, and installed optional peers are found", () => {
  const manifests = {
    "packages/a": {
      exports: { ".": { default: "./dist/mod.js" }, "./more": { default: "./dist/more/mod.js" } },
      dependencies: { "@gradus/b": "*", nested: "*" },
      peerDependencies: { there: "*", absent: "*" },
      peerDependenciesMeta: { there: { optional: true }, absent: { optional: true } },
    },
    "packages/b": { exports: "./dist/mod.js" },
    "packages/a/node_modules/nested": { main: "index.js" },
    "node_modules/nested": { main: "other.js" },
    "node_modules/there": { main: "index.js" },
  };
  assert.deepEqual(
    withManifests(manifests, (root) => importMap({ root, workspaces, wanted })),
    {
      imports: {
        "@gradus/a": "/packages/a/dist/mod.js",
        "@gradus/a/more": "/packages/a/dist/more/mod.js",
        "@gradus/b": "/packages/b/dist/mod.js",
        nested: "/packages/a/node_modules/nested/index.js",
        there: "/node_modules/there/index.js",
      },
    },
  );
});

test("a missing dependency and two versions of one are errors", () => {
  const missing = { "packages/a": { exports: "./mod.js", dependencies: { absent: "*" } } };
  withManifests(missing, (root) =>
    assert.throws(
      () => importMap({ root, workspaces, wanted }),
      /absent is not installed, and packages\/a depends on it/,
    ),
  );
  const twice = {
    "packages/a": { exports: "./mod.js", dependencies: { "@gradus/b": "*", c: "*" } },
    "packages/b": { exports: "./mod.js", dependencies: { c: "*" } },
    "packages/a/node_modules/c": { main: "index.js" },
    "node_modules/c": { main: "index.js" },
  };
  withManifests(twice, (root) =>
    assert.throws(
      () => importMap({ root, workspaces, wanted }),
      /packages\/a needs c from packages\/a\/node_modules\/c/,
    ),
  );
});
