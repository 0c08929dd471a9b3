// Copies each package's version from package.json, where changesets writes it, to deno.json, where JSR reads it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readWorkspaces, repository } from "./lib/workspaces.mjs";

/** Returns a line for each deno.json below `root` that changed. */
export function syncVersions(root) {
  const changed = [];
  for (const { kind, name, directory, manifest } of readWorkspaces(root)) {
    if (kind !== "package") continue;
    const path = join(root, directory, "deno.json");
    const text = readFileSync(path, "utf8");
    const { version } = JSON.parse(text);
    if (version === manifest.version) continue;
    writeFileSync(path, text.replace(`"version": "${version}"`, `"version": "${manifest.version}"`));
    changed.push(`${name} ${version} → ${manifest.version}`);
  }
  return changed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const line of syncVersions(repository)) console.log(line);
