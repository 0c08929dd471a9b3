// Runs a package's `*_test.ts` files, first on Node, then on Deno: `node ../../tools/test.mjs [--node | --deno] [files]`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const files = named.length
  ? named
  : readdirSync("src", { recursive: true })
      .filter((file) => file.endsWith("_test.ts"))
      .sort()
      .map((file) => join("src", file));

if (files.length === 0) {
  console.log("no tests");
  process.exit(0);
}
function run(name, command, args) {
  console.log(`\n── ${name} ──`);
  const { status } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
  });
  if (status !== 0) process.exit(status ?? 1);
}
if (!flags.includes("--deno")) run("Node", "node", ["--import", "tsx", "--test", ...files]);
if (!flags.includes("--node")) run("Deno", "npx", ["deno", "test", "--no-check", "--allow-all", ...files]);
