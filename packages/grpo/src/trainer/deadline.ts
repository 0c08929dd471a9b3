/**
 * Waiting no longer than agreed.
 *
 * @module
 */

/**
 * Runs `task` and waits for it at most `milliseconds`. Its signal aborts when the time is over, or when `parent` aborts;
 * a task that does not listen is left behind. A task that never gives the thread back cannot be interrupted at all.
 */
export async function withDeadline<T>(
  task: (signal: AbortSignal) => T | Promise<T>,
  milliseconds: number,
  parent?: AbortSignal,
): Promise<T> {
  parent?.throwIfAborted();
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abandon: (() => void) | undefined;
  const cut = new Promise<never>((_, reject) => {
    const stop = (reason: unknown) => {
      controller.abort(reason);
      reject(reason);
    };
    abandon = () => stop(parent?.reason);
    parent?.addEventListener("abort", abandon, { once: true });
    // A timer of 2³¹ milliseconds (25 days) or more would go off at once.
    if (milliseconds < 2 ** 31) {
      timer = setTimeout(() => stop(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
    }
  });
  try {
    return await Promise.race([cut, (async () => await task(controller.signal))()]);
  } finally {
    clearTimeout(timer);
    if (abandon) parent?.removeEventListener("abort", abandon);
  }
}
