// Completes package-lock.json with the platform packages that npm left out: `node tools/complete_lock.mjs [--check]`.
//
// Native tools (esbuild, Biome, Deno, oxc …) come as one optional package for each platform. A registry mirror that
// lacks some makes npm write a lock without them; `npm ci` then calls the lock out of sync, and on the platforms left
// out the tool would be missing. Their versions are pinned by the package that wants them, so the entries can be
// written here; `os` and `cpu`, which keep npm from installing foreign ones, are read off the names.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./lib/workspaces.mjs";

const systems = {
  ...Object.fromEntries(
    ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"].map(
      (name) => [name, name],
    ),
  ),
  windows: "win32",
  fsevents: "darwin",
};
const processors = {
  ...Object.fromEntries(
    ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"].map((name) => [
      name,
      name,
    ]),
  ),
  64: "x64",
};

/** What a platform package's name says of where it runs: `@esbuild/linux-arm64` → `{ os: ["linux"], cpu: ["arm64"] }`. */
export function platformOf(name) {
  const words = name.split(/[@/-]/);
  const os = words.map((word) => systems[word]).find(Boolean);
  const cpu = words.map((word) => processors[word]).find(Boolean);
  const libc = words.includes("musl")
    ? "musl"
    : words.some((word) => word === "gnu" || word === "glibc")
      ? "glibc"
      : undefined;
  return { ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }), ...(os && { os: [os] }) };
}

/** Adds the entries that `lock` (parsed) lacks, in place; returns their names. */
export function completeLock(lock) {
  const added = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      const hoisted = `node_modules/${name}`;
      if (lock.packages[hoisted]?.name) continue; // an override put another package in its place
      if (lock.packages[nested] || lock.packages[hoisted]?.version === range.replace(/^[~^]/, "")) continue;
      if (lock.packages[hoisted] && /^[~^]/.test(range)) continue;
      const place = lock.packages[hoisted] ? nested : hoisted;
      lock.packages[place] = {
        version: range.replace(/^[~^]/, ""),
        ...platformOf(name),
        ...(entry.dev && { dev: true }),
        optional: true,
      };
      added.push(place);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  return added;
}

if (process.argv[1] === join(repository, "tools", "complete_lock.mjs")) {
  const path = join(repository, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8"));
  const added = completeLock(lock);
  if (process.argv.includes("--check") && added.length) {
    console.error(`package-lock.json lacks ${added.join(", ")}: run node tools/complete_lock.mjs`);
    process.exit(1);
  }
  if (added.length) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(
    added.length ? `Added ${added.length} platform packages to package-lock.json` : "package-lock.json is complete",
  );
}
