/**
 * The doors of WebAssembly. A program inside can reach the outside through the imports of its module and in no other
 * way, whatever it does to its own memory. Once the interpreter is sealed each import is one of four kinds: those that a
 * computation needs stay open, those that ask how late it is also look at the deadline, those that would give a resource
 * answer that there is none, and all others end the program. Nothing that handles JavaScript objects stays open.
 *
 * @module
 */

/** Thrown through WebAssembly's stack, where nothing can catch it: the program is over. */
export class Stop {
  /** `"time"`, `"exit"`, `"abort"` or the name of a closed door. */
  readonly reason: string;
  /** Exit code, for `"exit"`. */
  readonly code: number;
  constructor(reason: string, code = 0) {
    this.reason = reason;
    this.code = code;
  }
}

/** What the doors look at while a program runs. */
export interface Watch {
  /** Closed for good when the interpreter is ready. */
  sealed: boolean;
  /** `performance.now()` at which the program has to stop. */
  deadline: number;
}

type Import = (...values: never[]) => unknown;

const OPEN = new Set(
  `__call_sighandler __syscall_chdir __syscall_chmod __syscall_dup __syscall_dup3 __syscall_faccessat
  __syscall_fadvise64 __syscall_fallocate __syscall_fchdir __syscall_fchmod __syscall_fchmodat2 __syscall_fcntl64
  __syscall_fdatasync __syscall_fstat64 __syscall_fstatfs64 __syscall_ftruncate64 __syscall_getcwd __syscall_getdents64
  __syscall_getuid32_js __syscall_ioctl __syscall_lstat64 __syscall_mkdirat __syscall_newfstatat __syscall_openat
  __syscall_poll __syscall_readlinkat __syscall_renameat __syscall_rmdir __syscall_stat64 __syscall_statfs64
  __syscall_symlinkat __syscall_truncate64 __syscall_umask_js __syscall_unlinkat __syscall_utimensat
  _PyEM_TrampolineCall_JS _emscripten_get_progname _emscripten_runtime_keepalive_clear _gmtime_js _localtime_js
  _mktime_js _mmap_js _msync_js _munmap_js _timegm_js _tzset_js clock_res_get emscripten_date_now
  emscripten_runtime_keepalive_pop emscripten_runtime_keepalive_push environ_get environ_sizes_get fd_close
  fd_fdstat_get fd_pread fd_pwrite fd_read fd_seek fd_sync random_get`.split(/\s+/),
);

/** Open, and called by everything that waits or writes. */
const WATCHED = new Set(["clock_time_get", "emscripten_get_now", "fd_write"]);

const ENOSYS = 52;
const EAI_FAIL = -4;

/** Answers of closed doors that a program asks politely: -errno of a system call that is not there, or "none". */
const ABSENT = new Map<string, unknown>([
  ..."accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmsg sendmsg sendto socket pipe mknodat fchownat fchown32"
    .split(" ")
    .map((name): [string, number] => [`__syscall_${name}`, -ENOSYS]),
  ["_setitimer_js", -ENOSYS],
  ["_emscripten_system", -ENOSYS],
  ["_dlopen_js", 0],
  ["_dlsym_js", 0],
  ["_emscripten_lookup_name", 0],
  ["getaddrinfo", EAI_FAIL],
  ["getnameinfo", EAI_FAIL],
  ["getprotobyname", 0],
  ["can_run_sync_js", 0],
  ["_maybe_connect_async", null],
  ["_maybe_recvfrom_async", null],
  ["_maybe_sendto_async", null],
  ["_maybe_poll_async", null],
  ["_try_fcntl64", 0],
  ["_try_shutdown", 0],
]);

/**
 * Puts a guard before every imported function, in place: side modules get the same table.
 *
 * @param imports `env` and `wasi_snapshot_preview1` as Emscripten would pass them.
 * @param watch Read at each call.
 * @param maxBytes The memory may not grow beyond this.
 */
export function guardImports(imports: Record<string, Record<string, unknown>>, watch: Watch, maxBytes: number): void {
  for (const table of [imports.env, imports.wasi_snapshot_preview1])
    for (const name of Object.keys(table)) {
      const original = table[name];
      if (typeof original !== "function") continue;
      const guarded = guard(name, original as Import, watch, maxBytes);
      if (guarded !== original) table[name] = Object.assign(guarded, { sig: (original as { sig?: string }).sig });
    }
}

function guard(name: string, original: Import, watch: Watch, maxBytes: number): Import {
  if (OPEN.has(name)) return original;
  if (WATCHED.has(name))
    return (...values: never[]) => {
      if (performance.now() > watch.deadline) throw new Stop("time");
      return original(...values);
    };
  if (name === "_Py_CheckEmscriptenSignals_Helper")
    return () => {
      if (performance.now() > watch.deadline) throw new Stop("time");
      return 0;
    };
  if (name === "emscripten_resize_heap")
    return (...values: never[]) => ((values[0] as number) >>> 0 > maxBytes ? 0 : original(...values));
  if (name === "emscripten_get_heap_max") return () => maxBytes;
  if (name === "exit" || name === "proc_exit")
    return (...values: never[]) => {
      if (watch.sealed) throw new Stop("exit", values[0] as number);
      return original(...values);
    };
  if (name === "_abort_js" || name === "__assert_fail")
    return (...values: never[]) => {
      if (watch.sealed) throw new Stop("abort");
      return original(...values);
    };
  const absent = ABSENT.get(name);
  return (...values: never[]) => {
    if (!watch.sealed) return original(...values);
    if (absent !== undefined) return absent;
    throw new Stop(name);
  };
}
