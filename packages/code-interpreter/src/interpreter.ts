/**
 * `createInterpreter`: Python for a model's programs.
 *
 * @module
 */
import { checkString, checkWhole } from "./check.ts";
import { Pool, type Slot } from "./pool.ts";
import { pyodideSlots } from "./pyodide/slot.ts";
import type { Python3Options } from "./python3/options.ts";

/** Options of {@linkcode createInterpreter}. */
export interface InterpreterOptions {
  /**
   * `"pyodide"`: Python in WebAssembly, in a worker for each slot. `"python3"`: the machine's Python in a process for
   * each program (Node and Deno). `"auto"`: Pyodide if it can be loaded, else `python3`. Default `"pyodide"`.
   */
  backend?: "pyodide" | "python3" | "auto";
  /** Programs that run at a time. Default 1. */
  slots?: number;
  /** Milliseconds that a program may take. Default 10,000. */
  timeLimitMs?: number;
  /** MiB that a program's memory may grow to, the interpreter's own (30 MiB) included. Default 512. */
  memoryLimitMb?: number;
  /** Bytes of output that are kept. Default 65,536. */
  outputLimit?: number;
  /** MiB of files that a program may write. Default 64. */
  fileLimitMb?: number;
  /** Python that is run once for each slot, before any program: `"import sympy"`. Its modules are loaded from then on. */
  prelude?: string;
  /** Contents of pure-Python wheels that programs may import. Pyodide only. Default none. */
  wheels?: readonly Uint8Array[];
  /** Address of `pyodide.mjs`. Default: that of the installed package. */
  pyodide?: string;
  /** The command for the other backend. Default `"python3"`. */
  python3?: string;
}

/** Options of one program. */
export interface RunOptions {
  /** Stops the program; `run` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds that this one may take. Default: the interpreter's. */
  timeLimitMs?: number;
}

/** How a program ended. */
export interface RunResult {
  /** What it wrote to standard output and standard error, in that order of time; at most `outputLimit` bytes. */
  readonly output: string;
  /** The last line of the traceback, `"ZeroDivisionError: division by zero"`; absent if it came to its end. */
  readonly error?: string;
  /** Whether output was dropped. */
  readonly truncated: boolean;
  readonly timedOut: boolean;
  /** Milliseconds in the slot, waiting for one not counted. */
  readonly durationMs: number;
}

/** A pool of Pythons. */
export interface Interpreter {
  readonly backend: "pyodide" | "python3";
  /** Whether programs are kept from the network; with `python3` that depends on what the system permits. */
  readonly networkOff: boolean;
  /** Runs a program in a Python that has seen no other. Resolves for programs that fail, too. */
  run(program: string, options?: RunOptions): Promise<RunResult>;
  /** Ends all slots; what is under way or waiting does not come to its end. */
  close(): void;
}

/** What `python3/slot.ts` exports. */
interface Python3Module {
  findSandbox(python3: string): { command: readonly string[]; networkOff: boolean };
  startPython3Slot(options: Python3Options): Promise<Slot>;
}

const ACTION = "Cannot start the interpreter";

/**
 * Starts Python, `slots` times; resolves when all are ready.
 *
 * @throws {RangeError | TypeError} If an option is not what it should be.
 * @throws {Error} If Python cannot be started, or the prelude fails.
 *
 * @example
 * ```ts no-run
 * import { createInterpreter } from "@gradus/code-interpreter";
 *
 * const python = await createInterpreter({ slots: 2, timeLimitMs: 5000 });
 * console.log(await python.run("print(1 + 1)")); // { output: "2\n", truncated: false, timedOut: false, … }
 * console.log((await python.run("1 / 0")).error); // "ZeroDivisionError: division by zero"
 * python.close();
 * ```
 */
export async function createInterpreter(options: InterpreterOptions = {}): Promise<Interpreter> {
  const { backend = "pyodide", slots = 1, timeLimitMs = 10_000, memoryLimitMb = 512, outputLimit = 65_536 } = options;
  const { fileLimitMb = 64, prelude = "", wheels = [], python3 = "python3" } = options;
  if (backend !== "pyodide" && backend !== "python3" && backend !== "auto")
    throw new TypeError(`${ACTION}: backend must be "pyodide", "python3" or "auto", found ${JSON.stringify(backend)}`);
  checkWhole(ACTION, "slots", slots, 1);
  checkWhole(ACTION, "timeLimitMs", timeLimitMs, 1);
  checkWhole(ACTION, "memoryLimitMb", memoryLimitMb, 64);
  checkWhole(ACTION, "outputLimit", outputLimit, 0);
  checkWhole(ACTION, "fileLimitMb", fileLimitMb, 0);
  checkString(ACTION, "prelude", prelude);
  if (backend === "python3" && wheels.length > 0)
    throw new TypeError(`${ACTION}: wheels must be empty for python3, found ${wheels.length}; install them there`);

  const withPyodide = async (): Promise<Interpreter> => {
    const engine = {
      pyodide: options.pyodide ?? findPyodide(),
      maxBytes: memoryLimitMb * 2 ** 20,
      maxFileBytes: fileLimitMb * 2 ** 20,
      maxOutputBytes: outputLimit,
      prelude,
      wheels,
    };
    return open("pyodide", true, pyodideSlots(engine));
  };
  const withPython3 = async (): Promise<Interpreter> => {
    const url = new URL(`./python3/slot.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
    const { findSandbox, startPython3Slot } = (await import(url.href)) as Python3Module;
    const sandbox = findSandbox(python3);
    const { command, networkOff } = sandbox;
    return open("python3", networkOff, () =>
      startPython3Slot({ command, memoryLimitMb, outputLimit, fileLimitMb, prelude }),
    );
  };
  const open = async (
    kind: Interpreter["backend"],
    networkOff: boolean,
    start: () => Promise<Slot>,
  ): Promise<Interpreter> => {
    const pool = new Pool(start, slots);
    await pool.fill();
    return {
      backend: kind,
      networkOff,
      async run(program, { signal, timeLimitMs: limit = timeLimitMs } = {}): Promise<RunResult> {
        checkString("Cannot run", "program", program);
        checkWhole("Cannot run", "timeLimitMs", limit, 1);
        return pool.run({ program, timeLimitMs: limit, signal });
      },
      close: () => pool.close(),
    };
  };

  if (backend === "python3") return withPython3();
  if (backend === "pyodide") return withPyodide();
  try {
    return await withPyodide();
  } catch (error) {
    try {
      return await withPython3();
    } catch (other) {
      throw new AggregateError([error, other], `${ACTION}: neither Pyodide nor ${python3} can be started`);
    }
  }
}

/** The address of the installed Pyodide, which is no dependency of this package: `python3` and `./text` need none. */
function findPyodide(): string {
  try {
    return import.meta.resolve("pyodide/pyodide.mjs");
  } catch (cause) {
    throw new Error(
      `${ACTION}: Pyodide is not installed: run "npm install pyodide", or give the address of its pyodide.mjs as pyodide`,
      { cause },
    );
  }
}
