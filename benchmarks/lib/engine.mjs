// Engines run in processes of their own, so that memory is measured apart. A process is told what to do by lines of JSON on
// its standard input, and answers each with one line that begins with ANSWER. One engine lives at a time: some have threads
// that spin while they wait (jax-js's keep more than half a core busy), and one that is stopped and let go on is slow for a
// while.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const ANSWER = "@answer ";

/** The most memory that this process has ever held, in bytes, as the system counts it. */
export function peakMemory() {
  // In Deno `resourceUsage` may be missing; Linux knows in any case.
  try {
    return Number(readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s+(\d+)/)[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** Inside the process: answers requests until there are no more. Answers get `peak`, the memory so far in bytes. */
export async function serve(handler) {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await handler(JSON.parse(line));
    process.stdout.write(`${ANSWER}${JSON.stringify({ ...answer, peak: peakMemory() })}\n`);
  }
  process.exit(0);
}

/** Outside: a process that answers. `ask` rejects with the end of its error output when it dies first. */
export class Engine {
  #child;
  #errors = "";
  #waiting = [];

  constructor(name, command, args, options = {}) {
    this.name = name;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.#child.stderr.on("data", (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (line.startsWith(ANSWER)) this.#waiting.shift()?.resolve(JSON.parse(line.slice(ANSWER.length)));
    });
    const fail = (reason) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${name} ${reason}: ${this.#errors.trim()}`));
    };
    this.#child.on("error", (error) => fail(error.message));
    this.#child.on("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null || this.#child.signalCode) {
        reject(new Error(`${this.name} has ended: ${this.#errors.trim()}`));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Lets the process end, by force after five seconds. */
  async close() {
    if (this.#child.exitCode !== null || this.#child.signalCode) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    this.#child.stdin.end();
    await ended;
    clearTimeout(force);
  }
}
