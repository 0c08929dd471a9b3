// Makes sure that what a command needs is installed, quickly and silently when it is: `node tools/setup.mjs [--dev]`,
// with --dev what tests and checks need too. Also what the other tools use to run commands.
//
// This file has to load on any Node since 14, to be able to say that it is too old.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldest = 20;

/** Ends the process with one line and exit code 1. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

if (!globalThis.Deno && Number.parseInt(process.versions.node, 10) < oldest)
  fail(`Gradus needs Node ${oldest} or newer, this is ${process.version} (https://nodejs.org)`);

/** Runs a command in the repository's root (npm's tools by their name); ends the process with its exit code when it fails. */
export function run(command, args, options = {}) {
  const result = spawn(command, args, options);
  if (result.signal) process.kill(process.pid, result.signal);
  if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
}

function spawn(command, args, options) {
  const path = `${join(root, "node_modules", ".bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    ...options,
    env: { ...process.env, PATH: path, ...options.env },
  });
  if (result.error && result.error.code === "ENOENT") fail(`Cannot run ${command}: it is not installed`);
  if (result.error) throw result.error;
  return result;
}

// turbo counts its users by default.
const untold = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

/** Runs turbo tasks; their output comes task by task, without prefixes. */
export function turbo(tasks) {
  run("turbo", ["run", ...tasks, "--output-logs=full", "--log-order=grouped", "--log-prefix=none", "--continue"], {
    env: untold,
  });
}

/** Builds every workspace that has changed. Prints nothing unless it fails. */
export function build() {
  const options = { env: untold, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" };
  const { status, stdout, stderr } = spawn("turbo", ["run", "build", "--output-logs=errors-only"], options);
  if (status === 0) return;
  console.error(`${stdout}${stderr}`.trim());
  fail("Cannot build: see above");
}

/**
 * What of `lock` (package-lock.json) is missing in an installation that says of itself `installed`
 * (node_modules/.package-lock.json, which npm writes when it is done). Packages for other platforms may be missing.
 *
 * @param present tells whether a path like `node_modules/turbo` is there
 * @returns the paths that are missing or of another version
 */
export function missingPackages({ lock, installed, present, dev }) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => {
      if (path === "" || !path.includes("node_modules/") || entry.extraneous) return false;
      if (entry.dev && !dev) return false;
      const found = installed.packages[path];
      if (!found) return !entry.optional && !entry.devOptional;
      return found.version !== entry.version || !present(path);
    })
    .map(([path]) => path);
}

/** Installs what is missing: nothing is asked of the network when everything is there. */
export function install({ dev }) {
  if (globalThis.Deno) return installUnderDeno({ dev });
  const lock = readJson("package-lock.json");
  const installed = readJson("node_modules/.package-lock.json");
  if (installed) {
    const present = (path) => existsSync(join(root, path, "package.json"));
    if (missingPackages({ lock, installed, present, dev }).length === 0) return;
  }
  const all = dev || Boolean(installed?.packages["node_modules/tsx"]);
  console.log(`Installing ${all ? "everything, tools for tests and checks too" : "what training needs"} (once) …`);
  // `npm ci` starts from nothing: right for a fresh clone and for what an interrupted install left behind.
  npm([installed ? "install" : "ci", ...(all ? [] : ["--omit=dev"])]);
}

function installUnderDeno({ dev }) {
  if (existsSync(join(root, "node_modules", dev ? "oxc-parser" : "onnxruntime-node"))) return;
  console.log("Installing (once) …");
  run(globalThis.Deno.execPath(), ["install", ...(dev ? [] : ["--prod"])]);
}

function npm(args) {
  const patience = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]; // npm waits 70 s by default
  const { status, stderr } = spawn("npm", [...args, ...patience], {
    stdio: ["ignore", "inherit", "pipe"],
    encoding: "utf8",
    // For npm versions that no longer hand unknown settings in .npmrc on to install scripts.
    env: { ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  if (status === 0) return;
  const unreachable =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/.exec(
      stderr,
    );
  if (unreachable)
    fail(
      `Cannot install: npm's registry cannot be reached (${unreachable[1]}). Check the connection and run this again`,
    );
  if (/\bENOSPC\b/.test(stderr)) fail("Cannot install: the disk is full (ENOSPC)");
  console.error(stderr.trim());
  fail(`Cannot install: npm ${args.join(" ")} ended with exit code ${status}`);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8"));
  } catch {
    return undefined; // absent, or cut off by an interrupted install
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install({ dev: process.argv.includes("--dev") });
