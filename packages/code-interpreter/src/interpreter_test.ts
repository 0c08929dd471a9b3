import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInterpreter, type Interpreter } from "./interpreter.ts";
import { hostilePrograms } from "./testing/hostile.ts";

const hasPython3 = spawnSync("python3", ["--version"]).status === 0;

/** Families that cost a start of Pyodide for each program; the benchmark runs them, too. */
const needsNewWorker = new Set([
  "endless C code",
  "endless regular expression",
  "huge power",
  "huge allocation",
  "growing list",
  "growing string",
  "recursion without limit",
  "nested parser",
  "deep repr",
]);

describe("Pyodide", () => {
  let python: Interpreter;
  before(async () => {
    python = await createInterpreter({
      slots: 1,
      timeLimitMs: 5000,
      memoryLimitMb: 256,
      outputLimit: 1000,
      prelude: "import fractions",
      wheels: [wheel("tiny_module.py", "answer = 42\n")],
    });
  });
  after(() => python.close());

  test("prints, and says how it ended", async () => {
    const { durationMs, ...result } = await python.run("print(1 + 1)");
    deepEqual(result, { output: "2\n", truncated: false, error: undefined, timedOut: false });
    ok(durationMs > 0);
    equal((await python.run("1 / 0")).error, "ZeroDivisionError: division by zero");
    match((await python.run("def f")).error!, /^SyntaxError/);
    equal((await python.run("import sys; sys.exit(3)")).error, "SystemExit: 3");
    equal((await python.run("import sys; sys.exit()")).error, undefined);
    equal((await python.run("import os; os._exit(4)")).error, "SystemExit: 4");
    equal((await python.run("input()")).error, "EOFError: EOF when reading a line");
    equal((await python.run("import sys; print('a'); print('b', file=sys.stderr); print('ü')")).output, "a\nb\nü\n");
  });

  test("a program sees nothing of the one before", async () => {
    await python.run(
      [
        "import builtins, sys, os, math, random",
        "open('left.txt', 'w').write('x')",
        "os.remove('/lib/python314.zip')",
        "os.chdir('/tmp')",
        "os.environ['LEFT'] = '1'",
        "math.pi = 3",
        "random.seed(1)",
        "builtins.left = 1",
        "builtins.len = None",
        "sys.modules['json'] = None",
        "sys.path.clear()",
        "sys.stdout = None",
        "os.close(1)",
      ].join("\n"),
    );
    const look = [
      "import os, sys, math, json, decimal",
      "print(os.listdir('.'), os.getcwd(), math.pi, 'left' in globals(), len('abc'), os.environ.get('LEFT'))",
      "print(os.path.exists('/lib/python314.zip'))",
    ].join("\n");
    equal((await python.run(look)).output, "[] /program 3.141592653589793 False 3 None\nTrue\n");
  });

  test("two runs of a program draw the same numbers and hash alike", async () => {
    const program = "import random; print(random.random(), hash('a'), {'b', 'c', 'd'})";
    equal((await python.run(program)).output, (await python.run(program)).output);
  });

  test("the prelude's modules are loaded and wheels can be imported", async () => {
    equal((await python.run("import sys; print('fractions' in sys.modules)")).output, "True\n");
    equal((await python.run("import tiny_module; print(tiny_module.answer)")).output, "42\n");
  });

  test("nothing leads to JavaScript", async () => {
    for (const name of ["js", "pyodide_js", "pyodide", "pyodide.ffi", "_pyodide_core", "ctypes", "_ctypes"])
      match((await python.run(`import sys; import ${name}`)).error!, /^ModuleNotFoundError/, name);
    // What a program can still dig out of memory has closed doors.
    const dig = [
      "import gc",
      "found = [o for o in gc.get_objects() if type(o).__name__ == 'JsProxy']",
      "print(len(found))",
      "for o in found: print(dir(o), o.constructor)",
    ].join("\n");
    const { output, error } = await python.run(dig);
    ok(output.startsWith("0\n") || /is closed/.test(error ?? ""), `${output} ${error}`);
    const foreign = [
      "import _imp, sys",
      "from importlib.machinery import ModuleSpec",
      "del sys.modules['_ctypes']",
      "c = _imp.create_builtin(ModuleSpec('_ctypes', None)); _imp.exec_builtin(c)",
      "print('got in')",
    ].join("\n");
    match((await python.run(foreign)).error!, /^PermissionError: ffi_\w+ is closed/);
  });

  test("no network, no processes, no threads", async () => {
    for (const program of [
      "import socket; socket.create_connection(('127.0.0.1', 80))",
      "import socket; socket.getaddrinfo('example.org', 80)",
      "import urllib.request; urllib.request.urlopen('http://127.0.0.1/')",
      "import os; os.fork()",
      "import os; os.execv('/bin/sh', ['sh'])",
      "import subprocess; subprocess.run(['ls'])",
      "import threading; threading.Thread(target=print).start()",
      "import os; assert os.system('true') == 0",
      "open('/etc/passwd')",
      "open('/proc/self/environ')",
    ])
      ok((await python.run(program)).error, program);
  });

  test("output beyond the limit is dropped, and said to be", async () => {
    const { output, truncated } = await python.run("for i in range(10000): print('x' * 99)");
    equal(output.length, 1000);
    equal(truncated, true);
  });

  test("a limit of time stops what catches everything, and what never looks", async () => {
    const stubborn = "while True:\n  try:\n    while True: pass\n  except BaseException: pass";
    const { timedOut, error, durationMs } = await python.run(stubborn, { timeLimitMs: 100 });
    equal(timedOut, true);
    equal(error, "TimeoutError: stopped after 100 ms");
    ok(durationMs < 2000, `${durationMs} ms`);
    equal((await python.run("sum(range(10**12))", { timeLimitMs: 100 })).timedOut, true);
    equal((await python.run("print('still here')")).output, "still here\n");
  });

  test("a limit of memory is a MemoryError, and files count apart", async () => {
    match((await python.run("x = bytearray(10**9)")).error!, /^MemoryError/);
    match((await python.run("import os; f = open('f', 'wb'); os.truncate('f', 10**9)")).error!, /^OSError.*space/);
    equal((await python.run("x = bytearray(10**8); print(len(x))")).output, "100000000\n");
  });

  test("a signal ends a program that runs and one that waits, for the signal's reason", async () => {
    const controller = new AbortController();
    const running = python.run("while True: pass", { signal: controller.signal });
    const waiting = python.run("print(1)", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await rejects(running, /enough/);
    await rejects(waiting, /enough/);
    equal((await python.run("print(2)")).output, "2\n");
    await rejects(python.run("print(1)", { signal: controller.signal }), /enough/);
  });

  test("after each hostile program the next one is right", { timeout: 120_000 }, async () => {
    const programs = hostilePrograms(41).filter(({ family }) => !needsNewWorker.has(family));
    for (const { family, program } of programs) {
      await python.run(program, { timeLimitMs: 60 });
      const { output, error } = await python.run("print(sum(range(10)))");
      equal(output, "45\n", `after ${family}: ${error}\n${program}`);
    }
  });
});

describe("python3", { skip: !hasPython3 && "there is no python3" }, () => {
  let python: Interpreter;
  before(async () => {
    python = await createInterpreter({ backend: "python3", slots: 2, timeLimitMs: 5000, memoryLimitMb: 256 });
  });
  after(() => python.close());

  test("prints, and says how it ended", async () => {
    equal((await python.run("print(1 + 1)")).output, "2\n");
    equal((await python.run("1 / 0")).error, "ZeroDivisionError: division by zero");
    equal((await python.run("input()")).error, "EOFError: EOF when reading a line");
    equal((await python.run("import os; os._exit(4)")).error, "SystemExit: 4");
    equal((await python.run("import sys; print('a'); print('b', file=sys.stderr)")).output, "a\nb\n");
  });

  test("has an empty folder, and nothing of this process's environment", async () => {
    await python.run("open('left.txt', 'w').write('x')");
    equal((await python.run("import os; print(os.listdir('.'), 'HOME' in os.environ)")).output, "[] False\n");
  });

  test("limits of time, memory and output hold", async () => {
    const stubborn = "while True:\n  try:\n    while True: pass\n  except BaseException: pass";
    equal((await python.run(stubborn, { timeLimitMs: 100 })).timedOut, true);
    match((await python.run("x = bytearray(10**9)")).error!, /^MemoryError/);
    const { output, truncated } = await python.run("print('x' * 10**6)");
    equal(output.length, 65_536);
    equal(truncated, true);
    match((await python.run("while True: print('x' * 10**6)", { timeLimitMs: 60_000 })).error!, /bytes of output/);
  });

  test("no network where the system permits to take it away", async (t) => {
    if (!python.networkOff) return t.skip("this system does not permit network name spaces");
    ok((await python.run("import socket; socket.create_connection(('127.0.0.1', 80))")).error);
    const { output } = await python.run("import socket; print(len(socket.if_nameindex()))");
    equal(output, "1\n");
  });
});

test("an option that is wrong is named", async () => {
  await rejects(createInterpreter({ slots: 0 }), /slots must be a whole number from 1 on, found 0/);
  await rejects(createInterpreter({ memoryLimitMb: 10 }), /memoryLimitMb must be a whole number from 64 on, found 10/);
  await rejects(createInterpreter({ backend: "ruby" as never }), /backend must be .* found "ruby"/);
  await rejects(createInterpreter({ python3: "no-such-python", backend: "python3" }), /no-such-python/);
  await rejects(
    createInterpreter({ prelude: "import no_such_module" }),
    /prelude: ModuleNotFoundError: .*no_such_module/,
  );
});

/** A zip archive with one stored file, which is what a wheel is. */
function wheel(name: string, text: string): Uint8Array {
  const [file, data] = [new TextEncoder().encode(name), new TextEncoder().encode(text)];
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const fields = [
    20,
    0,
    0,
    0,
    0x21,
    ~crc & 0xffff,
    (~crc >>> 16) & 0xffff,
    data.length,
    0,
    data.length,
    0,
    file.length,
    0,
  ];
  const local = [0x4b50, 0x0403, ...fields];
  const central = [0x4b50, 0x0201, 20, ...fields, 0, 0, 0, 0, 0, 0, 0];
  const start = 2 * local.length + file.length + data.length;
  const end = [0x4b50, 0x0605, 0, 0, 1, 1, 2 * central.length + file.length, 0, start, 0, 0];
  const bytes = (words: number[]): number[] => words.flatMap((word) => [word & 255, word >>> 8]);
  return Uint8Array.from([...bytes(local), ...file, ...data, ...bytes(central), ...file, ...bytes(end)]);
}

test("where Pyodide is not installed, the error says how to install it, and programs are found all the same", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradus-"));
  try {
    // A copy of the sources with no node_modules above it.
    cpSync(new URL(".", import.meta.url), join(folder, "src"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const main = join(folder, "main.ts");
    const lines = [
      `import { createInterpreter } from "./src/mod.ts";`,
      `import { lastProgram } from "./src/text.ts";`,
      `console.log(JSON.stringify(lastProgram("\`\`\`python\\n1\\n")));`,
      "createInterpreter().catch((error) => console.log(error.message));",
    ];
    writeFileSync(main, lines.join("\n"));
    const flags =
      "Deno" in globalThis
        ? ["run", "--no-check", "--allow-all"]
        : process.execArgv.filter((a, i, all) => !/^--test/.test(a) && !/^--test/.test(all[i - 1] ?? ""));
    const output = execFileSync(process.execPath, [...flags, main], { encoding: "utf8" });
    equal(output.split("\n")[0], '"1\\n"');
    match(output, /Cannot start the interpreter: Pyodide is not installed: run "npm install pyodide"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
