/**
 * Programs that mean harm, by families: each with many variants, told apart by a number.
 *
 * @module
 */

/** A program and what it tries. */
export interface HostileProgram {
  readonly family: string;
  readonly program: string;
}

const families: Record<string, (n: number) => string> = {
  "endless loop": (n) => `i = ${n}\nwhile True:\n  i += 1`,
  "loop that catches everything": (n) =>
    `while True:\n  try:\n    while True: ${n}\n  except BaseException:\n    pass\n  finally:\n    continue`,
  "endless C code": (n) => `sum(range(${n}, 10**15))`,
  "endless regular expression": (n) => `import re\nre.match(r"(a+)+$", "a" * ${40 + (n % 20)} + "b")`,
  "huge power": (n) => `x = ${7 + n} ** (10 ** 8)\nprint(str(x))`,
  "huge allocation": (n) => `x = [bytearray(10 ** ${8 + (n % 4)}) for _ in range(1000)]`,
  "growing list": (n) => `x = [${n}]\nwhile True: x += x`,
  "growing string": (n) => `x = "${n}"\nwhile True: x += x`,
  recursion: (n) => `def f(x): return f(x + 1)\nf(${n})`,
  "recursion without limit": (n) => `import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f([x])\nf(${n})`,
  "nested parser": (n) => `eval("(" * ${1000 + n * 100} + ")" * ${1000 + n * 100})`,
  "deep repr": (n) => `x = []\nfor _ in range(${100_000 + n}): x = [x]\nprint(x)`,
  "endless repr": (n) => `class A:\n  def __repr__(self): return repr([self, ${n}])\nprint(A())`,
  "error whose text never ends": (n) => `class E(Exception):\n  def __str__(self):\n    while True: ${n}\nraise E()`,
  fork: (n) => `import os\nfor _ in range(${n + 1}):\n  try: os.fork()\n  except OSError: pass\nos.fork()`,
  exec: () => `import os\nos.execv("/bin/sh", ["sh", "-c", "kill -9 -1"])`,
  shell: (n) => `import os, subprocess\nos.system("rm -rf ${n}")\nsubprocess.Popen(["sleep", "100"])`,
  threads: (n) => `import threading\nfor _ in range(${n + 10}): threading.Thread(target=lambda: 1).start()`,
  "output flood": (n) => `while True: print("x" * ${1000 + n})`,
  "binary flood": (n) => `import os\nwhile True: os.write(${1 + (n % 2)}, bytes(range(256)) * 100)`,
  "exit at once": (n) => `import os\nos._exit(${n % 256})`,
  "exit at exit": (n) => `import atexit, sys\natexit.register(lambda: print(${n}))\nsys.exit(${n % 3})`,
  abort: (n) => `import os\nprint(${n})\nos.abort()`,
  "kill itself": (n) => `import os, signal\nos.kill(os.getpid(), ${[2, 6, 9, 11, 15][n % 5]})`,
  "own signal handler": (n) =>
    `import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, lambda *a: ${n})\nwhile True: pass`,
  JavaScript: (n) =>
    `import ${["js", "pyodide_js", "_pyodide_core", "pyodide.code", "pyodide.http"][n % 5]} as x\nprint(x)`,
  "JavaScript by the back door": (n) =>
    `import sys, _imp\nfrom importlib.machinery import ModuleSpec\nm = _imp.create_builtin(ModuleSpec("${["_pyodide_core", "_ctypes", "_testcapi", "_testinternalcapi"][n % 4]}", None))\n_imp.exec_builtin(m)\nfor name in dir(m):\n  f = getattr(m, name)\n  try: f(${n})\n  except Exception: pass`,
  "objects of others": () =>
    `import gc\nfor o in gc.get_objects():\n  try:\n    if isinstance(o, dict): o.clear()\n  except Exception: pass`,
  trace: (n) => `import sys\ndef t(*a):\n  while ${n + 1}: pass\nsys.settrace(t)\ndef f(): pass\nf()`,
  "patched builtins": () =>
    `import builtins\nfor name in list(vars(builtins)):\n  if name not in ("setattr", "list"): setattr(builtins, name, None)`,
  "no modules": () => `import sys\nsys.modules.clear()\nsys.path.clear()\nsys.meta_path.clear()`,
  "runner overwritten": () => `import sys\nf = sys._getframe(1)\nwhile f:\n  f.f_globals.clear()\n  f = f.f_back`,
  "deleted files": () =>
    `import os\nfor root, dirs, files in os.walk("/", topdown=False):\n  for name in files:\n    try: os.remove(os.path.join(root, name))\n    except OSError: pass\n  for name in dirs:\n    try: os.rmdir(os.path.join(root, name))\n    except OSError: pass`,
  "files overwritten": () =>
    `import os\nfor root, dirs, files in os.walk("/lib"):\n  for name in files:\n    p = os.path.join(root, name)\n    try:\n      os.chmod(p, 0o777)\n      open(p, "r+b").write(b"x" * 1000)\n    except OSError: pass`,
  "full disk": (n) => `f = open("f${n}", "wb")\nwhile True: f.write(bytes(10 ** 7))`,
  "many files": (n) => `i = ${n}\nwhile True:\n  open(f"f{i}", "w").close()\n  i += 1`,
  "closed descriptors": () => `import os\nfor fd in range(1000):\n  try: os.close(fd)\n  except OSError: pass`,
  sockets: (n) => `import socket\nsocket.create_connection(("127.0.0.1", ${1 + n}), timeout=1)`,
  web: () => `import urllib.request\nprint(urllib.request.urlopen("http://example.org/").read())`,
  sleep: (n) => `import time\ntime.sleep(${1000 + n})`,
  "crafted bytecode": (n) =>
    `def f(): return 1\nf.__code__ = f.__code__.replace(co_code=bytes([${(n * 37) % 256}, ${n % 256}] * 50), co_stacksize=1)\nprint(f())`,
  "garbage with a temper": (n) => `class A:\n  def __del__(self):\n    while True: ${n}\nx = A()\ndel x`,
};

/** `count` programs: the families in turn, then again with other numbers. */
export function hostilePrograms(count: number): HostileProgram[] {
  const names = Object.keys(families);
  return Array.from({ length: count }, (_, i) => {
    const family = names[i % names.length];
    return { family, program: families[family](Math.floor(i / names.length)) };
  });
}
