/**
 * The Python around a program: what is taken away before, and what is told after.
 *
 * @module
 */

/** Where the runner says how a program ended: `/dev/outcome`. */
export const OUTCOME_DEVICE = "outcome";

/**
 * Run once, before the image is taken. Modules that lead to JavaScript or to foreign functions are made unimportable;
 * this is for the clear error, the doors are what holds. Then come the prelude and the runner.
 */
export const PREPARE = `
import sys, os, builtins
for _name in [n for n in sys.modules if n.split(".")[0] in ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core", "asyncio", "ssl", "_ssl")]:
    del sys.modules[_name]
for _name in ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core", "_ctypes", "ctypes", "_ssl", "_posixsubprocess"):
    sys.modules[_name] = None
sys.meta_path[:] = [f for f in sys.meta_path if not getattr(f, "__module__", getattr(type(f), "__module__", "")).startswith("_pyodide") and not type(f).__module__.startswith("_pyodide")]
sys.breakpointhook = sys.displayhook
os.makedirs("/program", exist_ok=True)
os.chdir("/program")
os.environ.clear()
os.environ.update(HOME="/program", PATH="", LANG="C.UTF-8")
sys.argv[:] = ["program.py"]
sys.path[:] = ["/program"] + [p for p in sys.path if p]
sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
sys.stderr.reconfigure(line_buffering=True, errors="backslashreplace")
`;

/** Defines the runner, which reads the program from standard input; afterwards that is at its end. */
export const RUNNER = `
def _run():
    import sys, os, types, builtins
    from traceback import format_exception_only
    parts = []
    while part := os.read(0, 65536):
        parts.append(part)
    def report(text):
        with open("/dev/outcome", "wb", 0) as f:
            f.write(text.encode("utf-8", "backslashreplace")[:4000])
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    try:
        exec(compile(b"".join(parts).decode(), "program.py", "exec"), main.__dict__)
    except SystemExit as e:
        if e.code not in (None, 0):
            report("SystemExit: " + str(e.code))
    except BaseException as e:
        report(format_exception_only(type(e), e)[-1].strip())
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
import traceback, linecache, tokenize
`;
