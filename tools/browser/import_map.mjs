// The import map with which a browser finds packages by name, made from their manifests. Files are served as they lie in
// the repository, so a URL is a path from the root.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../lib/workspaces.mjs";

const conditions = ["browser", "import", "module", "default"];

/** The file that one entry of `exports` names for a browser, or undefined. */
export function targetOf(entry) {
  if (typeof entry === "string") return entry;
  for (const [condition, target] of Object.entries(entry ?? {}))
    if (conditions.includes(condition)) {
      const file = targetOf(target);
      if (file) return file;
    }
  return undefined;
}

/**
 * Subpath → file, for the entries that are JavaScript: `"./rewards" → "./dist/rewards/mod.js"`. A pattern,
 * `"./src/*.js" → "./lib/*.js"`, becomes what an import map can say: `"./src/" → "./lib/"`.
 */
export function entriesOf({ exports, module, main }) {
  if (exports === undefined) return { ".": module ?? main ?? "./index.js" };
  const map = typeof exports === "string" || !Object.keys(exports)[0].startsWith(".") ? { ".": exports } : exports;
  const entries = Object.entries(map)
    .map(([subpath, entry]) => [subpath, targetOf(entry)])
    .filter(([, file]) => /(\.m?js|\*)$/.test(file ?? ""))
    .map((names) => names.map((name) => name.replace(/\*.*$/, "")));
  return Object.fromEntries(entries);
}

/**
 * Specifier → URL for the packages in `workspaces` that `wanted` names, and for all that they depend on.
 *
 * @throws Error when two versions of a package are needed: one name would have to mean two files.
 */
export function importMap({ root, workspaces, wanted }) {
  const directories = new Map();
  const imports = {};
  const own = new Map(workspaces.map(({ name, directory }) => [name, directory]));

  const add = (name, from, optional) => {
    const directory = own.get(name) ?? installed(root, from, name);
    if (!directory) {
      if (optional) return;
      throw new Error(`${name} is not installed, and ${from} depends on it`);
    }
    if (directories.has(name)) {
      if (directories.get(name) !== directory)
        throw new Error(`${from} needs ${name} from ${directory}, others from ${directories.get(name)}`);
      return;
    }
    directories.set(name, directory);
    const manifest = readJson(join(root, directory, "package.json"));
    for (const [subpath, file] of Object.entries(entriesOf(manifest)))
      imports[name + subpath.slice(1)] = `/${directory}/${file.replace(/^\.\//, "")}`;
    for (const needed of Object.keys(manifest.dependencies ?? {})) add(needed, directory, false);
    for (const needed of Object.keys(manifest.peerDependencies ?? {}))
      add(needed, directory, Boolean(manifest.peerDependenciesMeta?.[needed]?.optional));
  };
  for (const name of wanted) add(name, ".", false);
  return { imports };
}

/** Where npm installed `name` for the package in `from`, relative to the root: the nearest node_modules that has it. */
function installed(root, from, name) {
  const parts = from.split("/");
  for (let depth = parts.length; depth >= 0; depth--) {
    const directory = [...parts.slice(0, depth), "node_modules", name].join("/").replace(/^\.\//, "");
    if (existsSync(join(root, directory, "package.json"))) return directory;
  }
  return undefined;
}
