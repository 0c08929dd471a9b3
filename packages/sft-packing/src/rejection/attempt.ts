/**
 * Waiting for what may fail or never answer.
 *
 * @module
 */

/** How often, how long and how far apart. */
export interface Patience {
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
}

/** The longest delay that timers take: 2³¹ − 1 ms. */
const LONGEST = 2 ** 31 - 1;

/**
 * Runs `work` with a signal of its own, for at most `ms` milliseconds. When the time is up, or `outer` is aborted, the
 * signal is aborted and the wait ends, whether `work` heeds it or not.
 */
export async function withTimeout<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  ms: number,
  outer: AbortSignal,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  let stop: (reason: unknown) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      inner.abort(reason);
      reject(reason);
    };
  });
  const onAbort = () => stop(outer.reason);
  outer.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () => stop(new DOMException(`No answer within ${ms} ms`, "TimeoutError")),
    Math.min(ms, LONGEST),
  );
  try {
    return await Promise.race([stopped, (async () => work(inner.signal))()]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onAbort);
    stopped.catch(() => {});
  }
}

/** Waits; throws the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(ms, LONGEST),
    );
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** What an exception says. */
export function messageOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.message : String(error);
}
