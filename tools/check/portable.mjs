// Portable packages are checked once more as a browser sees them: no Node types, so that `process`, `Buffer` or
// `setImmediate`, which no import gives away, are unknown names.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTest, readSources } from "../lib/imports.mjs";
import { bin, capture } from "../lib/run.mjs";
import { isNodeFile } from "./imports.mjs";

export const portable = {
  name: "portable",
  summary: "portable packages use no Node globals",
  async run({ root, workspaces }) {
    const packages = workspaces.filter(({ manifest }) => manifest.gradus?.portable);
    const files = readSources(root, packages)
      .filter(({ file, source }) => !isTest(file) && !isNodeFile(source))
      .map(({ file }) => file);
    const config = join(root, "tsconfig.portable.tmp.json");
    writeFileSync(
      config,
      JSON.stringify({ extends: "./tsconfig.json", compilerOptions: { types: [] }, include: [], files }),
    );
    try {
      const { code, output } = await capture(bin("tsc"), ["-p", config]);
      return { problems: code === 0 ? [] : [{ reason: output }], note: packages.map(({ name }) => name).join(", ") };
    } finally {
      rmSync(config, { force: true });
    }
  },
};
