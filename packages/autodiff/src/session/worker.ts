/**
 * Objects in workers: graphs block the thread that runs them, so whoever wants to stay live keeps them in another one.
 * `startWorker` starts a module that calls `serve`, and gives back the object served, every method asynchronous.
 *
 * Web workers and `worker_threads` speak through Comlink, which carries calls, callbacks and errors.
 *
 * @module
 */
import { type Endpoint, expose, proxy, type Remote, releaseProxy, transfer, wrap } from "comlink";
import { isNative } from "./runtime.ts";

/** A served object, and the worker that holds it. */
export interface WorkerHandle<T> {
  /** The object: each method returns a promise. */
  readonly remote: Remote<T>;
  /**
   * Ends the worker at once, whatever it is doing, and frees its memory. Calls under way and calls made afterwards
   * reject with `cause`. Default: an error that says that the worker was terminated.
   */
  terminate(cause?: Error): Promise<void>;
}

/** What Node's workers and ports have in common. */
interface NodePort {
  postMessage(message: unknown, transferred?: readonly unknown[]): void;
  on(event: "message", listener: (data: unknown) => void): void;
  off(event: "message", listener: (data: unknown) => void): void;
}

/** A worker as the thread that started it sees it, in Node's words. */
interface WorkerPort extends Pick<NodePort, "postMessage"> {
  on(event: "message" | "error" | "exit", listener: (data: unknown) => void): void;
  ref(): void;
  unref(): void;
}

/** Node's message ports with the interface of the web's. */
function asEndpoint(port: NodePort): Endpoint {
  const listeners = new Map<unknown, (data: unknown) => void>();
  return {
    postMessage: (message, transferred) => port.postMessage(message, transferred ?? []),
    addEventListener: (_type, listener) => {
      const forward = (data: unknown) => {
        const event = { data } as MessageEvent;
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      };
      listeners.set(listener, forward);
      port.on("message", forward);
    },
    removeEventListener: (_type, listener) => {
      const forward = listeners.get(listener);
      if (forward) port.off("message", forward);
      listeners.delete(listener);
    },
  };
}

/** Loaded only where there is Node's API, so that bundlers for browsers never see it. */
async function workerThreads(): Promise<typeof import("node:worker_threads")> {
  return await import("node:worker_threads");
}

/**
 * Starts a worker. The module must call {@linkcode serve}. Rejects when the module cannot be loaded.
 *
 * ```ts no-run
 * import { startWorker } from "@gradus/autodiff";
 * const { remote, terminate } = await startWorker<{ add(a: number, b: number): number }>(new URL("./adder.ts", import.meta.url));
 * console.log(await remote.add(1, 2));
 * await terminate();
 * ```
 */
export async function startWorker<T>(url: URL): Promise<WorkerHandle<T>> {
  if (!isNative()) {
    const worker = new Worker(url, { type: "module" });
    return handle<T>(asWorkerPort(worker), () => worker.terminate());
  }
  const { Worker: NodeWorker } = await workerThreads();
  const worker = new NodeWorker(url);
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve()); // `serve` says that it is there
    worker.once("error", reject);
  });
  return handle<T>(worker as unknown as WorkerPort, () => worker.terminate());
}

/** A web worker with the interface of Node's. */
function asWorkerPort(worker: Worker): WorkerPort {
  return {
    postMessage: (message, transferred) => worker.postMessage(message, [...(transferred ?? [])] as Transferable[]),
    on(event, listener): void {
      if (event === "message") worker.addEventListener(event, ({ data }) => listener(data));
      if (event === "error")
        worker.addEventListener(event, ({ error, message }) => listener(error ?? new Error(message)));
    },
    ref() {},
    unref() {},
  };
}

function handle<T>(worker: WorkerPort, end: () => unknown): WorkerHandle<T> {
  const port = accountable(worker);
  return {
    remote: wrap<T>(asEndpoint(port)),
    terminate: async (cause = new Error("Cannot go on: the worker was terminated")) => {
      port.end(cause);
      await end();
    },
  };
}

/** Closes the ports of callbacks that were never sent: an open one keeps the program alive. */
function discard(transferred: readonly unknown[] = []): void {
  for (const port of transferred) if (port instanceof MessagePort) port.close();
}

/**
 * A worker's port that knows which calls are under way. The worker keeps the process alive while it works and not while
 * it waits (Deno drops an unreferenced worker in the middle of a call), and its end rejects the calls that wait for it
 * and those that come after.
 */
function accountable(worker: WorkerPort): NodePort & { end(cause: Error): void } {
  const listeners = new Set<(data: unknown) => void>();
  const pending = new Set<string>();
  let cause = new Error("Cannot go on: the worker ended");
  let ended = false;
  const settle = (id: string): void => {
    pending.delete(id);
    if (pending.size === 0 && !ended) worker.unref(); // whoever waits for its end holds it by itself
  };
  const receive = (message: unknown): void => {
    settle((message as { id: string }).id);
    for (const listener of listeners) listener(message);
  };
  worker.on("message", (message) => {
    if (!ended) receive(message);
  });
  worker.on("error", (error) => {
    if (!ended) cause = error as Error;
  });
  const reject = (): void => {
    const { name, message, stack } = cause;
    // What Comlink sends for an error that was thrown.
    const value = { isError: true, value: { name, message, stack } };
    for (const id of [...pending]) receive({ id, type: "HANDLER", name: "throw", value });
  };
  const end = (): void => {
    ended = true;
    reject();
  };
  worker.on("exit", end);
  worker.unref();
  return {
    postMessage(message, transferred): void {
      const { id } = message as { id?: string };
      if (id === undefined) {
        worker.postMessage(message, transferred);
        return;
      }
      pending.add(id);
      if (ended) {
        discard(transferred);
        queueMicrotask(reject);
        return;
      }
      worker.ref();
      try {
        worker.postMessage(message, transferred);
      } catch (error) {
        discard(transferred);
        settle(id); // what cannot be copied was never sent: nobody will answer
        throw error;
      }
    },
    on: (_event, listener) => void listeners.add(listener),
    off: (_event, listener) => void listeners.delete(listener),
    end(reason): void {
      if (!ended) cause = reason;
      end();
    },
  };
}

/**
 * The object, with callbacks that end with the call they were given to: an open one keeps the caller's program alive.
 * A call is answered when its callbacks have come back: they travel by ports of their own, which the answer could overtake.
 */
function releasingCallbacks<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      return async (...parameters: unknown[]): Promise<unknown> => {
        const calls = new Set<Promise<unknown>>();
        const watched = parameters.map((parameter) => {
          if (typeof parameter !== "function") return parameter;
          return (...values: unknown[]) => {
            const call: Promise<unknown> = Promise.resolve(parameter(...values)).finally(() => calls.delete(call));
            call.catch(() => {}); // whoever called may wait for it and see
            calls.add(call);
            return call;
          };
        });
        try {
          return await method.apply(target, watched);
        } finally {
          await Promise.allSettled(calls);
          for (const parameter of parameters)
            if (typeof parameter === "function") (parameter as unknown as Remote<object>)[releaseProxy]();
        }
      };
    },
  });
}

/** Offers an object's methods to whoever started this worker. */
export async function serve(object: object): Promise<void> {
  const served = releasingCallbacks(object);
  if (!isNative()) {
    expose(served);
    return;
  }
  const { parentPort } = await workerThreads();
  if (!parentPort) throw new TypeError("Cannot serve: this module does not run in a worker");
  expose(served, asEndpoint(parentPort as unknown as NodePort));
  parentPort.postMessage("ready");
}

/**
 * A callback that a worker may call until it has answered: `remote.run(callback(report))`. It reports and returns
 * nothing: a worker that waited for it could wait for a call that comes after its own.
 */
export function callback<P extends readonly unknown[]>(
  call: (...parameters: P) => unknown,
): (...parameters: P) => void {
  return proxy((...parameters: P): void => void call(...parameters)) as (...parameters: P) => void;
}

/** A result that moves to the other side instead of being copied: its buffers cannot be used here any more. */
export function moved<T extends object>(result: T, buffers: readonly ArrayBufferLike[]): T {
  return transfer(result, buffers as ArrayBuffer[]);
}
