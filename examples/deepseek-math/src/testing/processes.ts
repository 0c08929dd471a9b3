/** Real processes for tests: sources run on the runtime that runs the tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Everything on stderr so far. */
  stderr(): string;
}

/** The example's own program. */
export const program: string = fileURLToPath(new URL("../main.ts", import.meta.url));
/** The same with {@linkcode tinyConfiguration}. */
export const tinyProgram: string = fileURLToPath(new URL("./tiny_main.ts", import.meta.url));

const typescript = new URL("../../../../tools/lib/typescript.mjs", import.meta.url).href;
const runtime: readonly string[] =
  "Deno" in globalThis ? ["run", "--allow-all", "--no-check", "--quiet"] : ["--import", typescript];

/** Starts a source file as a process. */
export function start(file: string, args: readonly string[], { cwd }: { cwd?: string } = {}): Started {
  const child = spawn(process.execPath, [...runtime, file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd,
    env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: undefined },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended, stderr: () => stderr };
}

/** Runs a source file to its end. */
export function run(file: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Ended> {
  return start(file, args, options).ended;
}

/** A folder that is gone when the body is done. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "gradus-run-"));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
