/**
 * A slot with the machine's own Python: one process for each program, started ahead, so that a call waits for no start.
 *
 * What it has: limits on memory, files, processes and time; no environment; a folder of its own that is deleted; another
 * user where it may become one; no network where `unshare` is permitted. What it has not: a wall around the files that
 * everybody on this machine may read. For programs of unknown origin use Pyodide, or start the whole in a container.
 *
 * @module
 * @platform node
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slot, SlotResult, SlotTask } from "../pool.ts";
import { LAUNCHER } from "./launcher.ts";
import type { Python3Options } from "./options.ts";

/** Programs that write more than this are ended: reading it would keep this process busy. */
const FLOOD_BYTES = 4 << 20;

const ENVIRONMENT = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", PYTHONHASHSEED: "0" };

/** The strictest way to start a process that this system permits. */
export function findSandbox(python3: string): { command: readonly string[]; networkOff: boolean } {
  const spaces = ["--net", "--pid", "--fork", "--kill-child"];
  for (const wall of [
    ["unshare", ...spaces],
    ["unshare", "--map-root-user", ...spaces],
  ]) {
    const { status } = spawnSync(wall[0], [...wall.slice(1), "true"], { stdio: "ignore" });
    if (status === 0) return { command: [...wall, python3], networkOff: true };
  }
  return { command: [python3], networkOff: false };
}

/** Starts a process that waits for its program. */
export async function startPython3Slot(options: Python3Options): Promise<Slot> {
  const folder = await mkdtemp(join(tmpdir(), "program-"));
  const { command, memoryLimitMb, fileLimitMb, prelude } = options;
  const limits = [String(memoryLimitMb * 2 ** 20), String(fileLimitMb * 2 ** 20), prelude];
  const child = spawn(command[0], [...command.slice(1), "-I", "-c", LAUNCHER, ...limits], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const slot = new Python3Slot(child, folder, options);
  await slot.ready();
  return slot;
}

class Python3Slot implements Slot {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #outputLimit: number;
  readonly #name: string;
  readonly #kept: Uint8Array[] = [];
  readonly #ended: Promise<void>;
  #written = 0;
  #control = "";
  /** Python itself, where `unshare` stands before it. */
  #inner = 0;
  #heard: () => void = () => {};
  spent = false;

  constructor(child: ChildProcess, folder: string, { command, outputLimit }: Python3Options) {
    this.#child = child;
    this.#folder = folder;
    this.#outputLimit = outputLimit;
    this.#name = command.at(-1)!;
    child.stdin!.on("error", () => {}); // it may end before it has read its program
    child.stdout!.on("data", (chunk: Uint8Array) => this.#keep(chunk));
    child.stderr!.on("data", (chunk: Uint8Array) => {
      if (this.#control.length < 8192) this.#control += new TextDecoder().decode(chunk);
      this.#heard();
    });
    this.#ended = new Promise((resolve) => {
      child.on("error", (error) => {
        this.#control = `Error: ${error.message}`;
        resolve();
      });
      child.on("close", () => resolve());
    });
    void this.#ended.then(() => {
      this.spent = true;
      this.#heard();
      return rm(this.#folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    });
  }

  async ready(): Promise<void> {
    while (!this.#control.includes("\0")) {
      if (this.spent) throw new Error(`Cannot start ${this.#name}: ${this.#why()}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    const [pid, told] = this.#control.split("\0");
    this.#inner = Number(pid);
    this.#control = told;
    this.#hold(false);
  }

  async run({ program, timeLimitMs, signal }: SlotTask): Promise<SlotResult> {
    const start = performance.now();
    this.#hold(true);
    let timedOut = false;
    const abort = (): void => this.#kill();
    const timer = setTimeout(() => {
      timedOut = true;
      this.#kill();
    }, timeLimitMs);
    signal?.addEventListener("abort", abort, { once: true });
    this.#child.stdin!.end(`${Math.ceil(timeLimitMs / 1000) + 1}\n${program}`);
    await this.#ended;
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    this.#kill(); // what it has started and left behind
    if (signal?.aborted) throw signal.reason;
    const output = Buffer.concat(this.#kept).toString();
    const truncated = this.#written > this.#outputLimit;
    return {
      output,
      truncated,
      error: this.#error(timedOut, timeLimitMs),
      timedOut,
      durationMs: performance.now() - start,
    };
  }

  close(): void {
    this.spent = true;
    this.#kill();
  }

  #error(timedOut: boolean, timeLimitMs: number): string | undefined {
    if (timedOut) return `TimeoutError: stopped after ${timeLimitMs} ms`;
    if (this.#written > FLOOD_BYTES) return `OSError: stopped after ${FLOOD_BYTES} bytes of output`;
    if (this.#control) return this.#control;
    const { exitCode, signalCode } = this.#child;
    if (exitCode === 0) return undefined;
    return exitCode === null ? `SystemError: ended by ${signalCode}` : `SystemExit: ${exitCode}`;
  }

  #why(): string {
    return this.#control.trim().split("\n").at(-1) || `it ended with code ${this.#child.exitCode}`;
  }

  #keep(chunk: Uint8Array): void {
    const room = this.#outputLimit - Math.min(this.#written, this.#outputLimit);
    if (room > 0) this.#kept.push(chunk.slice(0, room));
    this.#written += chunk.length;
    if (this.#written > FLOOD_BYTES) this.#kill();
  }

  /** The process and its group. It leads a group of its own, and in its name space all others end with it. */
  #kill(): void {
    this.#child.kill("SIGKILL");
    if (this.#inner < 2) return;
    for (const pid of [this.#inner, -this.#inner])
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
  }

  /** Whether it keeps this process alive. */
  #hold(busy: boolean): void {
    for (const part of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      const handle = part as { ref?(): void; unref?(): void };
      if (busy) handle.ref?.();
      else handle.unref?.();
    }
  }
}
