// What a figure cannot be read without: the machine, the date, the versions of everybody who took part.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

/** The folder of the benchmarks. */
export const here = fileURLToPath(new URL("..", import.meta.url));

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Deno, as the repository's own `npm ci` installs it; undefined where it is missing. */
export const deno = [`${root}node_modules/.bin/deno`, `${root}node_modules/.bin/deno.cmd`].find(existsSync);

/** Debian's Python, for which Debian's packages are installed; elsewhere the one on the path. */
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/** The environment for NumPy and PyTorch: OpenBLAS shall find out by itself which processor it runs on. */
export function pythonEnvironment(threads) {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...rest } = process.env;
  return { ...rest, OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}`, OMP_WAIT_POLICY: "passive" };
}

function firstLine(command, args, options = {}) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], ...options }).split(
      "\n",
    )[0];
  } catch {
    return undefined;
  }
}

/** Python and the version of PyTorch in it, or undefined. */
export function findTorch() {
  const version = firstLine(python, ["-c", "import torch; print(torch.__version__)"], { env: pythonEnvironment(2) });
  return version && { python, version };
}

/** Version of an installed package, as the benchmarks resolve it. */
export function versionOf(name) {
  for (const folder of [`${here}node_modules/${name}`, `${root}node_modules/${name}`]) {
    const file = `${folder}/package.json`;
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version;
  }
  return undefined;
}

/** Names of packages with their versions, those not installed left out. */
export function versionsOf(...names) {
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]).filter(([, version]) => version));
}

/** The machine, for the head of a result. */
export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    ...(deno ? { deno: firstLine(deno, ["--version"])?.match(/\d+\.\d+\.\d+/)?.[0] } : {}),
    commit: firstLine("git", ["rev-parse", "--short", "HEAD"], { cwd: root }),
    loadBefore: Number(loadavg()[0].toFixed(2)),
  };
}
