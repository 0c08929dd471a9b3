// A size budget for each package: all JavaScript that it ships, minified and gzipped together, dependencies not counted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSync, transformSync } from "esbuild";
import { listFiles } from "../lib/workspaces.mjs";

/** kB (1000 bytes) that a package may weigh. Raise one only with a reason in the commit that does. */
export const budgets = {
  "@gradus/seeds": 5,
  "@gradus/shor": 10,
  "@gradus/zero-knowledge": 8.5,
  "@gradus/beacon": 12.5,
  "@gradus/tokenizer": 18,
  "@gradus/evals": 15,
  "@gradus/sft-packing": 13.5,
  "@gradus/sparse-attention": 35,
  "@gradus/grpo": 20.5,
  "@gradus/reward-model": 12.5,
  "@gradus/math-corpus": 22.5,
  "@gradus/math-verify": 29,
  "@gradus/code-interpreter": 13,
  "@gradus/transformer": 40,
  "@gradus/autodiff": 50,
};

/** kB of a main entry with all that it imports before anything is called, minified as one; `lazy` is loaded later. */
const entries = {
  "@gradus/tokenizer": { budget: 12, lazy: ["./train.js"] },
  "@gradus/sparse-attention": { budget: 25.5, lazy: ["./gpujs/backend.js", "./gpujs/runtime.js"] },
};

export const size = {
  name: "size",
  summary: "each package within its budget, minified and gzipped",
  needsBuild: true,
  run({ root, workspaces }) {
    const problems = [];
    const weights = [];
    for (const { name, kind, directory } of workspaces) {
      if (kind !== "package") continue;
      const weight = weigh(join(root, directory, "dist"));
      weights.push(`${name.split("/")[1]} ${weight.toFixed(1)}`);
      if (!(name in budgets))
        problems.push({ reason: `${name} has no budget in tools/check/size.mjs (it weighs ${weight.toFixed(1)} kB)` });
      else if (weight > budgets[name])
        problems.push({ file: directory, reason: `weighs ${weight.toFixed(1)} kB, its budget is ${budgets[name]} kB` });
      if (!(name in entries)) continue;
      const { budget, lazy } = entries[name];
      const entry = weighEntry(join(root, directory, "dist/mod.js"), lazy);
      weights.push(`of which first ${entry.toFixed(1)}`);
      if (entry > budget)
        problems.push({
          file: directory,
          reason: `its entry weighs ${entry.toFixed(3)} kB, its budget is ${budget} kB`,
        });
    }
    return { problems, note: `kB: ${weights.join(", ")}` };
  },
};

/** kB of all JavaScript below `directory`, minified and gzipped as one. */
export function weigh(directory) {
  const code = listFiles(directory, (path) => path.endsWith(".js")).map(
    (path) =>
      transformSync(readFileSync(join(directory, path), "utf8"), { minify: true, format: "esm", target: "es2022" })
        .code,
  );
  return code.length ? gzipSync(code.join("\n"), { level: 9 }).length / 1000 : 0;
}

/** kB of a module and what it imports, without the modules in `lazy`, minified and gzipped. */
function weighEntry(file, lazy) {
  const { outputFiles } = buildSync({
    entryPoints: [file],
    external: lazy,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
}
