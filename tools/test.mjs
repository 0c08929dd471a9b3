// Runs the tests of the workspace in the current folder, first on Node, then on Deno:
//
//   node ../../tools/test.mjs [--node | --deno] [FILE …]
//
// Without file names: all `*_test.ts` files below src/, and the examples in the documentation (tools/doc_examples.mjs).
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeExampleTests } from "./doc_examples.mjs";
import { bin } from "./lib/run.mjs";
import { listFiles, repository } from "./lib/workspaces.mjs";

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
for (const flag of flags)
  if (flag !== "--node" && flag !== "--deno") {
    console.error(`Unknown flag ${flag}; there are --node and --deno`);
    process.exit(2);
  }

const files = named.length
  ? named
  : listFiles("src", (path) => path.endsWith("_test.ts")).map((path) => join("src", path));
const examples = named.length ? undefined : writeExampleTests(".");
if (examples) files.push(examples);

if (files.length === 0) {
  console.log("no tests");
  process.exit(0);
}

let failed = 0;
function run(title, command, args) {
  console.log(`\n── ${title} ──`);
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, TSX_TSCONFIG_PATH: join(repository, "tsconfig.json"), NO_COLOR: "1" },
  });
  if (error) throw error;
  if (status !== 0) failed = status ?? 1;
}
if (!flags.includes("--deno"))
  run("Node", process.execPath, [
    "--import",
    new URL("lib/typescript.mjs", import.meta.url).href,
    "--test",
    "--test-reporter=spec",
    ...files,
  ]);
if (!flags.includes("--node"))
  run("Deno", globalThis.Deno ? process.execPath : bin("deno"), ["test", "--no-check", "--allow-all", ...files]);
if (examples) rmSync(".examples", { recursive: true, force: true });
process.exit(failed);
