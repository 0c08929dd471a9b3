/**
 * How a program ends when it does not end by itself: Ctrl-C, a reader that has gone, an error that nobody waited for, a
 * worker that died. Each is told in one line and leaves an exit code.
 *
 * @module
 */

/** What to say and do. */
export interface ProcessGuard {
  /** Told on Ctrl-C. */
  readonly interrupted: string;
  /** One line for an error. */
  readonly describe: (error: unknown) => string;
}

/**
 * Watches the process until the function that it returns is called.
 *
 * - SIGINT: tells `interrupted`, then ends by that same signal, which shells report as exit code 130.
 * - EPIPE on stdout or stderr (`npm start | head`): ends silently, by SIGTERM (143).
 * - Unhandled rejections and exceptions: one line, then SIGTERM.
 * - Nothing left to wait for though the program is not done, as after the death of a worker: one line, exit code 1 (on Node;
 *   on Deno there is no such moment while signals are listened for).
 *
 * Signals, not `process.exit`: that tears down workers in the middle of native code, which aborts with noise of its own.
 * What is on disk is whole at every moment, so nothing is lost.
 */
export function guardProcess({ interrupted, describe }: ProcessGuard): () => void {
  const endBy = (signal: "SIGINT" | "SIGTERM"): void => {
    release();
    process.kill(process.pid, signal);
  };
  const interrupt = (): void => {
    process.stderr.write(`\n${interrupted}\n`);
    endBy("SIGINT");
  };
  const fail = (error: unknown): void => {
    process.stderr.write(`${describe(error)}\n`);
    endBy("SIGTERM");
  };
  const pipe = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE") endBy("SIGTERM");
    else fail(error);
  };
  const idle = (): void => {
    process.stderr.write(`${describe(new Error("Stopped: the engine ended without an answer"))}\n`);
    process.exit(1);
  };
  const release = (): void => {
    process.off("SIGINT", interrupt);
    process.off("uncaughtException", fail);
    process.off("unhandledRejection", fail);
    process.off("beforeExit", idle);
  };
  process.on("SIGINT", interrupt);
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  process.on("beforeExit", idle);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", pipe);
  return release;
}
