// The workspaces of this repository: what each `package.json` under `packages/` and `examples/` says.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/**
 * Reads every workspace below `root`.
 *
 * @returns {{ name: string, kind: "package" | "example", directory: string, manifest: object }[]} `directory` is
 * relative to the root, with forward slashes.
 */
export function readWorkspaces(root = repository) {
  const found = [];
  for (const [folder, kind] of [
    ["packages", "package"],
    ["examples", "example"],
  ]) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = join(root, folder, name, "package.json");
      if (!existsSync(path)) continue;
      const manifest = readJson(path);
      found.push({ name: manifest.name, kind, directory: `${folder}/${name}`, manifest });
    }
  }
  return found;
}

/** All files below `directory` (absolute) whose name passes `wanted`, sorted, relative to it with forward slashes. */
export function listFiles(directory, wanted = () => true) {
  if (!existsSync(directory)) return [];
  const files = [];
  const walk = (relative) => {
    for (const entry of readdirSync(join(directory, relative), { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "dist") continue;
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory()) walk(path);
      else if (wanted(path)) files.push(path);
    }
  };
  walk("");
  return files.sort();
}

/** All files and folders below `directory` (relative to the root, itself included), relative to the root. */
export function listEntries(directory) {
  const entries = readdirSync(join(repository, directory), { withFileTypes: true, recursive: true });
  return [directory, ...entries.map((entry) => join(relative(repository, entry.path), entry.name))];
}
