// Every package loads by its name in plain Node once it is built, from the repository's root.
import { capture } from "../lib/run.mjs";

export const load = {
  name: "load",
  summary: "each built package can be imported by name in plain Node",
  needsBuild: true,
  async run({ workspaces }) {
    const problems = [];
    for (const { name, kind, directory, manifest } of workspaces) {
      if (kind !== "package") continue;
      for (const entry of Object.keys(manifest.exports)) {
        if (entry.endsWith(".json")) continue;
        const specifier = name + entry.slice(1);
        const { code, output } = await capture(process.execPath, [
          "--input-type=module",
          "-e",
          `import ${JSON.stringify(specifier)}`,
        ]);
        if (code !== 0 || output)
          problems.push({ file: directory, reason: `import "${specifier}" exits with ${code}:\n${output}` });
      }
    }
    return { problems };
  },
};
