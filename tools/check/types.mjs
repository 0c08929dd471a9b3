// Types, under TypeScript and under Deno: sources, tests, and the examples in the documentation.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeExampleTests } from "../doc_examples.mjs";
import { bin, capture } from "../lib/run.mjs";
import { listFiles } from "../lib/workspaces.mjs";

const problemsOf = ({ code, output }) => (code === 0 ? [] : [{ reason: output }]);

export const types = {
  name: "types",
  summary: "types under TypeScript",
  run: async () => ({ problems: problemsOf(await capture(bin("tsc"), ["-p", "tsconfig.json"])) }),
};

export const denoTypes = {
  name: "deno",
  summary: "types under Deno",
  async run({ root, workspaces }) {
    const files = workspaces.flatMap(({ directory }) =>
      listFiles(`${root}/${directory}/src`, (path) => path.endsWith(".ts")).map((path) => `${directory}/src/${path}`),
    );
    return { problems: problemsOf(await capture(bin("deno"), ["check", "--quiet", ...files])) };
  },
};

export const exampleTypes = {
  name: "examples",
  summary: "types of the examples in READMEs and doc comments",
  async run({ root, workspaces }) {
    const folder = ".examples-check";
    const config = join(root, "tsconfig.examples.tmp.json");
    try {
      const files = workspaces
        .map(({ directory }) => [directory, writeExampleTests(join(root, directory), folder)])
        .filter(([, file]) => file)
        .map(([directory, file]) => `${directory}/${file}`);
      writeFileSync(config, JSON.stringify({ extends: "./tsconfig.json", include: [], files }));
      const { code, output } = await capture(bin("tsc"), ["-p", config]);
      return { problems: code === 0 ? [] : [{ reason: inDocumentation(root, output) }] };
    } finally {
      for (const { directory } of workspaces) rmSync(join(root, directory, folder), { recursive: true, force: true });
      rmSync(config, { force: true });
    }
  },
};

/** Says where the documentation has what the compiler found in a module made from it. */
function inDocumentation(root, output) {
  return output.replace(/^(.*?)\/\.examples-check\/(\d+\.ts)\((\d+),\d+\)/gm, (_, directory, module, line) => {
    const lines = readFileSync(join(root, directory, ".examples-check", module), "utf8").split("\n");
    const start = lines.findIndex((text) => /^\/\/ \S+:\d+$/.test(text));
    const [, file, first] = /^\/\/ (\S+):(\d+)$/.exec(lines[start]);
    return `${directory}/${file}:${Number(first) + Number(line) - start - 2}`;
  });
}
