import assert from "node:assert/strict";
import { test } from "node:test";
import { completeLock, platformOf } from "../complete_lock.mjs";
import { findLockProblems, findTraces } from "./hygiene.mjs";

test("paths of a machine and addresses of registries are found with their line", () => {
  assert.deepEqual(
    findTraces('ok\nread("/home/ada/data.jsonl")').map(({ line }) => line),
    [2],
  );
  for (const text of [
    "/root/.cache",
    "(/Users/ada/x)",
    "C:\\Users\\ada",
    "/mnt/disk/x",
    "https://registry.npmjs.org/pbf",
    "http://npm-registry.internal.example/x",
  ])
    assert.equal(findTraces(text).length, 1, text);
});

test("relative paths, system folders and web pages are not", () => {
  for (const text of [
    "./work/x",
    "src/home/page.ts",
    "/usr/lib/chromium",
    "https://example.org/home/ada",
    "https://www.npmjs.com/package/pbf",
  ])
    assert.deepEqual(findTraces(text), [], text);
});

test("a lock bound to a registry or without a platform's package is a problem", () => {
  const lock = {
    packages: {
      "node_modules/a": {
        version: "1.0.0",
        resolved: "https://mirror.example/a.tgz",
        optionalDependencies: { "@a/linux-x64": "1.0.0", "@a/win32-arm64": "1.0.0" },
      },
      "node_modules/@a/linux-x64": { version: "1.0.0" },
      "packages/b": { version: "0.0.0" },
      "node_modules/b": { resolved: "packages/b", link: true },
    },
  };
  const problems = findLockProblems(lock).map(({ reason }) => reason);
  assert.equal(problems.length, 2);
  assert.match(problems[0], /mirror\.example/);
  assert.match(problems[1], /lacks node_modules\/@a\/win32-arm64/);
  completeLock(lock);
  assert.deepEqual(lock.packages["node_modules/@a/win32-arm64"], {
    version: "1.0.0",
    cpu: ["arm64"],
    os: ["win32"],
    optional: true,
  });
  assert.deepEqual(completeLock(lock), []);
});

test("a nested platform package goes beside a hoisted one of another version", () => {
  const lock = {
    packages: {
      "node_modules/a": { version: "2.0.0", optionalDependencies: { "@a/darwin-64": "2.0.0" } },
      "node_modules/@a/darwin-64": { version: "1.0.0" },
    },
  };
  assert.deepEqual(completeLock(lock), ["node_modules/a/node_modules/@a/darwin-64"]);
});

test("platforms are read off the names that native packages use", () => {
  assert.deepEqual(platformOf("@biomejs/cli-linux-arm64-musl"), { cpu: ["arm64"], libc: ["musl"], os: ["linux"] });
  assert.deepEqual(platformOf("@deno/linux-x64-glibc"), { cpu: ["x64"], libc: ["glibc"], os: ["linux"] });
  assert.deepEqual(platformOf("@turbo/windows-64"), { cpu: ["x64"], os: ["win32"] });
  assert.deepEqual(platformOf("fsevents"), { os: ["darwin"] });
});
