// What would go to npm, as packed: publint reads the manifest and the files, are-the-types-wrong resolves the types.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { bin, capture } from "../lib/run.mjs";

export const packaging = {
  name: "packaging",
  summary: "what npm would get: publint, are-the-types-wrong, nothing but built files",
  needsBuild: true,
  async run({ workspaces }) {
    const packages = workspaces.filter(({ kind }) => kind === "package");
    const folder = mkdtempSync(join(tmpdir(), "gradus-pack-"));
    try {
      const { code, output } = await capture("npm", [
        "pack",
        "--json",
        "--ignore-scripts",
        `--pack-destination=${folder}`,
        ...packages.flatMap(({ directory }) => ["-w", directory]),
      ]);
      if (code !== 0) return { problems: [{ reason: output }] };
      const packed = JSON.parse(output.slice(output.search(/^[[{]/m)));
      const problems = await Promise.all(
        Object.values(packed).map(({ filename, name, files }) =>
          problemsOf(
            join(folder, filename),
            packages.find((candidate) => candidate.name === name),
            files,
          ),
        ),
      );
      return { problems: problems.flat() };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function problemsOf(tarball, { directory, manifest }, files) {
  const problems = [];
  const file = `${directory}/package.json`;
  for (const { path } of files)
    if (!/^(dist\/.*\.(js|d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(path) || /_test[._]/.test(path))
      problems.push({ file, reason: `would publish ${path}` });

  const bytes = readFileSync(tarball);
  const { messages } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  });
  for (const message of messages)
    problems.push({ file, reason: `publint: ${formatMessage(message, manifest, { color: false })}` });

  const { code, output } = await capture(bin("attw"), [tarball, "--profile=esm-only", "--format=ascii", "--no-emoji"]);
  if (code !== 0) problems.push({ file, reason: `are-the-types-wrong:\n${output}` });
  return problems;
}
