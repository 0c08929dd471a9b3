// npm reads a package's version from package.json, JSR from deno.json: they must be equal, and so must name and licence.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../lib/workspaces.mjs";

export const versions = {
  name: "versions",
  summary: "package.json and deno.json agree",
  run({ root, workspaces }) {
    const problems = [];
    for (const { directory, kind, manifest } of workspaces) {
      if (kind !== "package") continue;
      const file = `${directory}/deno.json`;
      if (!existsSync(join(root, file))) {
        problems.push({ file, reason: "is missing" });
        continue;
      }
      const deno = readJson(join(root, file));
      for (const field of ["name", "version", "license"])
        if (deno[field] !== manifest[field])
          problems.push({ file, reason: `${field} is ${deno[field]}, package.json says ${manifest[field]}` });
    }
    return { problems };
  },
};
