// Installs what a command needs, once: `node tools/setup.mjs` for building and running, `--dev` for tests and checks too.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the repository root and ends the process with its code when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** `npm ci`, unless the packages are there: with `dev` those for tests and checks as well. */
export function install({ dev }) {
  if (existsSync(join(root, "node_modules", dev ? "tsx" : "turbo"))) return;
  console.log(`Installing dependencies (${dev ? "all" : "run-time and build only"}) …`);
  run("npm", ["ci", ...(dev ? [] : ["--omit=dev"])]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install({ dev: process.argv.includes("--dev") });
