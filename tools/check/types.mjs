// Types, under TypeScript (the whole repository, tests too) and under Deno (what each workspace offers and its tests).
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
