// A size budget for each package: all JavaScript that it ships, minified and gzipped together, dependencies not counted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { listFiles } from "../lib/workspaces.mjs";

/** kB (1000 bytes) that a package may weigh. Raise one only with a reason in the commit that does. */
export const budgets = {
  "@gradus/seeds": 5,
  "@gradus/tokenizer": 22,
  "@gradus/evals": 15,
  "@gradus/sft-packing": 12,
  "@gradus/grpo": 19,
  "@gradus/reward-model": 14,
  "@gradus/math-verify": 29,
  "@gradus/transformer": 40,
  "@gradus/autodiff": 50,
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
