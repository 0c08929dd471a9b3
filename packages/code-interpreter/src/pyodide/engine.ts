/**
 * One Python in this thread. It is started once; then an **image** of its memory is taken, and put back after each
 * program. So a program begins with the same bytes as every other: modules, patched builtins, open files, threads of
 * thought of any kind are gone, however the program before it ended, and also if it was stopped in the middle.
 *
 * Putting back copies the whole memory (31 MB in 2 ms); that happens after the answer has been given.
 *
 * @module
 */
import { guardImports, Stop, type Watch } from "./doors.ts";
import { type FileSystem, guardFiles } from "./files.ts";
import { OUTCOME_DEVICE, PREPARE, RUNNER } from "./runner.ts";

/** How an engine is started. */
export interface EngineOptions {
  /** Address of `pyodide.mjs`; its other files lie beside it. */
  readonly pyodide: string;
  /** Bytes that WebAssembly's memory may grow to. */
  readonly maxBytes: number;
  /** Bytes of files that a program may write, and of its output that are kept. */
  readonly maxFileBytes: number;
  readonly maxOutputBytes: number;
  /** Python that is run before the image is taken. */
  readonly prelude: string;
  /** Pure-Python wheels, put on the path. */
  readonly wheels: readonly Uint8Array[];
  /** Pyodide's compiled module, from an engine that was started before. Default: compiled here. */
  readonly compiled?: WebAssembly.Module;
}

/** How a program ended. */
export interface EngineResult {
  readonly output: Uint8Array;
  /** What was written, kept or not. */
  readonly outputBytes: number;
  readonly error?: string;
  readonly timedOut: boolean;
  /** Size of WebAssembly's memory, which never shrinks. */
  readonly memoryBytes: number;
}

/** A Python that is ready. */
export interface Engine {
  /** Size of the image. */
  readonly imageBytes: number;
  /** For the next engine's start. */
  readonly compiled: WebAssembly.Module;
  run(program: string, timeLimitMs: number): EngineResult;
  /** Puts the image back. Call it after each `run`, before the next. */
  reset(): void;
}

interface EmscriptenModule {
  HEAPU8: Uint8Array;
  FS: FileSystem;
  stackSave(): number;
  stackRestore(pointer: number): void;
  _malloc(bytes: number): number;
  _PyRun_SimpleString(text: number): number;
  _Py_EMSCRIPTEN_SIGNAL_HANDLING: number;
}

interface Pyodide {
  _module: EmscriptenModule;
  FS: FileSystem;
  runPython(code: string): unknown;
  setStdin(options: { read(buffer: Uint8Array): number; isatty?: boolean }): void;
  setStdout(options: { write(buffer: Uint8Array): number; isatty?: boolean }): void;
  setStderr(options: { write(buffer: Uint8Array): number; isatty?: boolean }): void;
}

const COMMAND = "_run()\0";

/** Starts Python, closes the doors and takes the image. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { maxFileBytes, maxOutputBytes } = options;
  const watch: Watch = { sealed: false, deadline: Infinity };
  const { pyodide, compiled } = await load(options, watch);
  const module = pyodide._module;
  const fs = pyodide.FS;

  let input: Uint8Array = new Uint8Array(0);
  let kept: Uint8Array[] = [];
  let written = 0;
  let outcome: number[] = [];
  const write = (buffer: Uint8Array): number => {
    const room = maxOutputBytes - Math.min(written, maxOutputBytes);
    if (room > 0) kept.push(buffer.slice(0, room));
    written += buffer.length;
    return buffer.length;
  };
  pyodide.setStdin({
    read(buffer) {
      const part = input.subarray(0, buffer.length);
      buffer.set(part);
      input = input.subarray(part.length);
      return part.length;
    },
    isatty: false,
  });
  pyodide.setStdout({ write, isatty: false });
  pyodide.setStderr({ write, isatty: false });
  fs.createDevice("/dev", OUTCOME_DEVICE, null, (byte) => {
    if (outcome.length < 4096) outcome.push(byte);
  });

  fs.mkdirTree("/wheels");
  options.wheels.forEach((wheel, i) => {
    fs.writeFile(`/wheels/${i}.whl`, wheel);
    pyodide.runPython(`import sys; sys.path.append("/wheels/${i}.whl")`);
  });
  pyodide.runPython(PREPARE);
  if (options.prelude) {
    try {
      pyodide.runPython(
        `exec(compile(${JSON.stringify(options.prelude)}, "prelude.py", "exec"), {"__name__": "prelude"})`,
      );
    } catch (error) {
      throw new Error(`Cannot run the prelude: ${lastLine(String((error as Error).message))}`);
    }
  }
  pyodide.runPython(RUNNER);
  pyodide.runPython("import gc; gc.collect()");
  const restoreFiles = guardFiles(fs, { bytes: maxFileBytes, nodes: 10_000 });
  const command = module._malloc(COMMAND.length);
  for (let i = 0; i < COMMAND.length; i++) module.HEAPU8[command + i] = COMMAND.charCodeAt(i);
  module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 1;
  const stack = module.stackSave();
  const image = module.HEAPU8.slice();
  watch.sealed = true;
  const utf8 = new TextDecoder();

  const engine: Engine = {
    imageBytes: image.length,
    compiled,
    run(program, timeLimitMs): EngineResult {
      input = new TextEncoder().encode(program);
      kept = [];
      written = 0;
      outcome = [];
      let error: string | undefined;
      let timedOut = false;
      watch.deadline = performance.now() + timeLimitMs;
      try {
        if (module._PyRun_SimpleString(command) !== 0) error = "SystemError: the program broke its interpreter";
        else if (outcome.length > 0) error = utf8.decode(Uint8Array.from(outcome));
      } catch (thrown) {
        timedOut = thrown instanceof Stop && thrown.reason === "time";
        error = describe(thrown, timeLimitMs);
      }
      watch.deadline = Infinity;
      const output = new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of kept) {
        output.set(part, at);
        at += part.length;
      }
      return { output, outputBytes: written, error, timedOut, memoryBytes: module.HEAPU8.length };
    },
    reset(): void {
      const memory = module.HEAPU8;
      memory.set(image);
      if (memory.length > image.length) memory.fill(0, image.length);
      module.stackRestore(stack);
      restoreFiles();
    },
  };
  engine.run("print(1)", 10_000); // compiles what every program needs
  engine.reset();
  return engine;

  function describe(thrown: unknown, timeLimitMs: number): string | undefined {
    if (thrown instanceof Stop) {
      if (thrown.reason === "time") return `TimeoutError: stopped after ${timeLimitMs} ms`;
      if (thrown.reason === "exit") return thrown.code === 0 ? undefined : `SystemExit: ${thrown.code}`;
      if (thrown.reason === "abort") return "SystemError: the interpreter aborted";
      return `PermissionError: ${thrown.reason} is closed`;
    }
    if (thrown instanceof RangeError) return "RecursionError: the stack is full";
    return `SystemError: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** Loads Pyodide with guarded imports; WebAssembly's two ways to start a module are wrapped while it loads. */
async function load(
  { pyodide: url, maxBytes, compiled }: EngineOptions,
  watch: Watch,
): Promise<{ pyodide: Pyodide; compiled: WebAssembly.Module }> {
  const { loadPyodide } = (await import(url)) as { loadPyodide(options: object): Promise<Pyodide> };
  const { instantiate, instantiateStreaming, compile } = WebAssembly;
  let module = compiled;
  const start = async (
    source: BufferSource | WebAssembly.Module | Response | PromiseLike<Response>,
    imports?: WebAssembly.Imports,
  ): Promise<unknown> => {
    const table = imports as Record<string, Record<string, unknown>> | undefined;
    if (!table?.wasi_snapshot_preview1) return instantiate(source as BufferSource, imports); // a helper of Pyodide's
    guardImports(table, watch, maxBytes);
    const settled = await source;
    module ??= await compile(settled instanceof Response ? await settled.arrayBuffer() : (settled as BufferSource));
    return { module, instance: await instantiate(module, imports) };
  };
  WebAssembly.instantiate = start as typeof instantiate;
  if (instantiateStreaming) WebAssembly.instantiateStreaming = start as typeof instantiateStreaming;
  try {
    const pyodide = await loadPyodide({
      indexURL: folderOf(url),
      env: { HOME: "/program", PYTHONHASHSEED: "0" },
      checkAPIVersion: false,
    });
    return { pyodide, compiled: module! };
  } finally {
    WebAssembly.instantiate = instantiate;
    if (instantiateStreaming) WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}

/** Pyodide wants a path where there is a file system. */
function folderOf(url: string): string {
  const { protocol, pathname, href } = new URL(".", url);
  return protocol === "file:" ? decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:)/, "") : href;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
