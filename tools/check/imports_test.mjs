import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { importsOf, readSources } from "../lib/imports.mjs";
import { readWorkspaces } from "../lib/workspaces.mjs";
import { findCycleProblems, findCycles } from "./cycles.mjs";
import { findProblems, isNodeFile } from "./imports.mjs";

/** Lays out a small repository, reads it as the checks do, and returns what `find` says of it as "file:line reason". */
function problemsOf(find, files) {
  const root = mkdtempSync(join(tmpdir(), "gradus-check-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    const workspaces = readWorkspaces(root);
    const problems = find({ workspaces, sources: readSources(root, workspaces), rootTools: ["fast-check"] });
    return problems.map(({ file, line, reason }) => `${file}:${line} ${reason}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const manifest = (name, dependencies = [], more = {}) => ({
  name: `@gradus/${name}`,
  exports: { ".": "./dist/mod.js" },
  dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "0.0.0"])),
  ...more,
});

/** A sound repository, which each test below breaks in one place. */
const sound = {
  "packages/seeds/package.json": manifest("seeds", [], { gradus: { portable: true } }),
  "packages/seeds/src/mod.ts": `export * from "./philox.ts";`,
  "packages/seeds/src/philox.ts": "export const a: number = 1;",
  "packages/grpo/package.json": manifest("grpo", ["@gradus/seeds"], { gradus: { portable: true } }),
  "packages/grpo/src/mod.ts": `import { a } from "@gradus/seeds";\nexport const b: number = a;`,
  "packages/grpo/src/mod_test.ts": `import test from "node:test";\nimport fc from "fast-check";`,
  "packages/transformer/package.json": manifest("transformer", ["@gradus/grpo", "onnxruntime-node"]),
  "packages/transformer/src/mod.ts": `import { readFile } from "node:fs/promises";\nimport type { P } from "@gradus/grpo";`,
  "packages/evals/package.json": manifest("evals", ["@gradus/transformer"]),
  "packages/evals/src/mod.ts": `import { c } from "@gradus/transformer";`,
  "examples/demo/package.json": manifest("example-demo", ["@gradus/grpo", "@gradus/transformer"]),
  "examples/demo/src/main.ts": `import "@gradus/grpo";\nimport "@gradus/transformer";\nimport "node:fs";`,
};

const broken = (changes) => problemsOf(findProblems, { ...sound, ...changes });

test("a sound repository has no problems", () => {
  assert.deepEqual(broken({}), []);
  assert.deepEqual(problemsOf(findCycleProblems, sound), []);
});

test("a package may not import one that stands above it", () => {
  const [problem, ...rest] = broken({
    "packages/transformer/src/mod.ts": `export {};\nexport { b } from "@gradus/grpo";`,
  });
  assert.match(problem, /^packages\/transformer\/src\/mod\.ts:2 @gradus\/grpo stands above @gradus\/transformer/);
  assert.deepEqual(rest, []);
});

test("a primitive imports nothing of Gradus but seeds, not even a type", () => {
  const [problem] = broken({
    "packages/grpo/package.json": manifest("grpo", ["@gradus/evals"]),
    "packages/grpo/src/mod.ts": `import type { c } from "@gradus/evals";`,
  });
  assert.match(problem, /mod\.ts:1 @gradus\/grpo stands alone/);
});

test("a portable package may not import Node's modules, unless the file says that it needs Node", () => {
  const fs = `import { readFileSync } from "node:fs";\nexport const read: unknown = readFileSync;`;
  assert.match(broken({ "packages/seeds/src/philox.ts": fs })[0], /philox\.ts:1 "node:fs" needs Node/);
  assert.match(
    broken({ "packages/seeds/src/philox.ts": `const fs: unknown = await import("node:fs");\nexport { fs as a };` })[0],
    /"node:fs" needs Node/,
  );
  const marked = `// Reads seeds from a file.\n// @platform node\n${fs}`;
  assert.deepEqual(broken({ "packages/seeds/src/file.ts": marked }), []);
  assert.match(
    broken({ "packages/seeds/src/file.ts": marked, "packages/seeds/src/mod.ts": `export * from "./file.ts";` })[0],
    /mod\.ts:1 "\.\/file\.ts" needs Node/,
  );
  assert.deepEqual(
    broken({
      "packages/seeds/src/file.ts": marked,
      "packages/seeds/src/mod.ts": `export const read = (): Promise<unknown> => import("./file.ts");`,
    }),
    [],
  );
});

test("a portable package may not import an npm package that needs Node", () => {
  const [problem] = broken({
    "packages/seeds/package.json": manifest("seeds", ["onnxruntime-node"], { gradus: { portable: true } }),
    "packages/seeds/src/philox.ts": `import "onnxruntime-node";`,
  });
  assert.match(problem, /"onnxruntime-node" needs Node/);
});

test("Node's modules are written with node:", () => {
  assert.match(broken({ "packages/transformer/src/mod.ts": `import "fs";` })[0], /write "node:fs"/);
});

test("nobody reaches into another package", () => {
  assert.match(
    broken({ "packages/evals/src/mod.ts": `import "@gradus/transformer/src/mod.ts";` })[0],
    /reaches into @gradus\/transformer/,
  );
  assert.match(
    broken({ "packages/evals/src/mod.ts": `import "../../transformer/src/mod.ts";` })[0],
    /leaves the package/,
  );
  assert.match(broken({ "packages/evals/src/mod.ts": `import "@gradus/evals";` })[0], /this package itself/);
  assert.match(broken({ "packages/evals/src/mod.ts": `import "npm:zod";` })[0], /by their name/);
});

test("every import is declared: sources by dependencies, tests by the root's tools too", () => {
  assert.match(
    broken({ "packages/grpo/src/mod.ts": `import "fast-check";` })[0],
    /fast-check is not among the dependencies/,
  );
  assert.match(broken({ "packages/grpo/src/mod_test.ts": `import "zod";` })[0], /zod is not among the dependencies/);
  assert.match(broken({ "packages/grpo/package.json": manifest("grpo") })[0], /@gradus\/seeds is not among/);
});

test("a package without a place in the house is named", () => {
  assert.match(broken({ "packages/new/package.json": manifest("new") })[0], /@gradus\/new has no place/);
});

test("files that import each other are found, through types and re-exports too", () => {
  const cyclic = {
    ...sound,
    "packages/seeds/src/philox.ts": `export const a: number = 1;\nimport type { B } from "./deep/b.ts";`,
    "packages/seeds/src/deep/b.ts": `export type B = number;\nexport * from "../philox.ts";`,
  };
  const problems = problemsOf(findCycleProblems, cyclic);
  assert.equal(problems.length, 1);
  assert.match(problems[0], /deep\/b\.ts:2 files import .*deep\/b\.ts → .*philox\.ts → .*deep\/b\.ts$/);
});

test("packages that depend on each other are found, by manifest or by import", () => {
  const byManifest = {
    ...sound,
    "packages/seeds/package.json": manifest("seeds", ["@gradus/evals"]),
    "packages/transformer/package.json": manifest("transformer", ["@gradus/seeds"]),
  };
  assert.match(
    problemsOf(findCycleProblems, byManifest)[0],
    /: @gradus\/evals → @gradus\/transformer → @gradus\/seeds → @gradus\/evals$/,
  );
  const byImport = { ...sound, "packages/seeds/src/philox.ts": `import "@gradus/grpo";` };
  assert.match(problemsOf(findCycleProblems, byImport)[0], /packages depend on each other/);
});

test("findCycles finds a loop of one, and none where paths only meet", () => {
  assert.deepEqual(findCycles(new Map([["a", ["a"]]])), [["a", "a"]]);
  const diamond = new Map([
    ["a", ["b", "c"]],
    ["b", ["d"]],
    ["c", ["d"]],
    ["d", []],
  ]);
  assert.deepEqual(findCycles(diamond), []);
});

test("findCycles agrees with reachability on random graphs", () => {
  for (let trial = 0; trial < 300; trial++) {
    const size = 1 + (trial % 7);
    const edge = (i, j) => Math.sin(trial * 7919 + i * 104729 + j * 1299709) > 0.6;
    const nodes = Array.from({ length: size }, (_, i) => i);
    const graph = new Map(nodes.map((i) => [String(i), nodes.filter((j) => edge(i, j)).map(String)]));
    const reach = nodes.map((i) => nodes.map((j) => edge(i, j)));
    for (const k of nodes) for (const i of nodes) for (const j of nodes) reach[i][j] ||= reach[i][k] && reach[k][j];
    assert.equal(
      findCycles(graph).length > 0,
      nodes.some((i) => reach[i][i]),
    );
  }
});

test("only statements that vanish with the types count as type-only", () => {
  const typeOnly = (source) => importsOf(source, "a.ts").map((found) => found.typeOnly);
  assert.deepEqual(typeOnly(`import type { A } from "a";\nexport type { B } from "b";\nexport type * from "c";`), [
    true,
    true,
    true,
  ]);
  assert.deepEqual(typeOnly(`import { type A } from "a";\nexport { type B } from "b";\nimport "c";`), [
    false,
    false,
    false,
  ]);
});

test("imports in comments and strings are not imports; computed ones cannot be judged", () => {
  assert.deepEqual(importsOf(`// import "a";\nconst s = 'import "b"';\nawait import(s);\nawait import("c");`, "a.ts"), [
    { specifier: "c", line: 4, typeOnly: false, dynamic: true },
  ]);
});

test("the mark @platform node counts in the first comment only", () => {
  assert.equal(isNodeFile("/**\n * Files.\n *\n * @platform node\n */\nexport {};"), true);
  assert.equal(isNodeFile("// @platform node\nexport {};"), true);
  assert.equal(isNodeFile("export {};\n// @platform node\n"), false);
});
