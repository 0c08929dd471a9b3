/**
 * The Python that stands between a process and its program: limits first, then it waits, then the program.
 *
 * @module
 */

/**
 * Run by `python3 -I -c`; told memory, file size and prelude as arguments. Its standard
 * error tells its number as the outside knows it, a zero byte, and then how it ended.
 */
export const LAUNCHER = `
import sys, os, resource, builtins, types, linecache, traceback, tokenize
control = os.dup(2)
os.dup2(1, 2)
memory, files, prelude = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.argv[:] = ["program.py"]
try:
    os.setsid()
except OSError:
    pass
if os.getuid() == 0:
    try:
        os.chown(".", 65534, 65534)
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    except OSError:
        pass
try:
    import ctypes
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no new privileges
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # ends with its parent
    for name in [n for n in sys.modules if n.split(".")[0] in ("ctypes", "_ctypes")]:
        del sys.modules[name]
except Exception:
    pass
def limit(kind, value):
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        pass
limit(resource.RLIMIT_CORE, 0)
limit(resource.RLIMIT_FSIZE, files)
limit(resource.RLIMIT_NOFILE, 64)
limit(resource.RLIMIT_NPROC, 64)
if prelude:
    exec(compile(prelude, "prelude.py", "exec"), {"__name__": "prelude"})
limit(resource.RLIMIT_AS, memory)
try:
    self = os.readlink("/proc/self")
except OSError:
    self = str(os.getpid())
os.write(control, self.encode() + b"\\0")
parts = []
while part := os.read(0, 65536):
    parts.append(part)
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
os.close(null)
seconds, _, program = b"".join(parts).partition(b"\\n")
limit(resource.RLIMIT_CPU, int(seconds))
sys.path.insert(0, os.getcwd())
sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
sys.stderr.reconfigure(line_buffering=True, errors="backslashreplace")
main = types.ModuleType("__main__")
main.__builtins__ = builtins
sys.modules["__main__"] = main
def report(text, write=os.write):
    write(control, text.encode("utf-8", "backslashreplace")[:4000])
try:
    exec(compile(program.decode(), "program.py", "exec"), main.__dict__)
except SystemExit as e:
    if e.code not in (None, 0):
        report("SystemExit: " + str(e.code))
except BaseException as e:
    report(traceback.format_exception_only(type(e), e)[-1].strip())
for stream in (sys.stdout, sys.stderr):
    try:
        stream.flush()
    except Exception:
        pass
os._exit(0)
`;
