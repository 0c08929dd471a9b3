/**
 * Objects in workers: graphs block the thread that runs them, so whoever wants to stay live keeps them in another one.
 * `startWorker` starts a module that calls `serve`, and gives back the object served, every method asynchronous.
 *
 * Web workers and `worker_threads` speak through Comlink, which carries calls, callbacks and errors.
 *
 * @module
 */
import { type Endpoint, expose, proxy, type Remote, transfer, wrap } from "comlink";
import { isNative } from "./runtime.ts";

/** A served object, and the worker that holds it. */
export interface WorkerHandle<T> {
  /** The object: each method returns a promise. */
  readonly remote: Remote<T>;
  /** Ends the worker at once, whatever it is doing, and frees its memory. Calls under way never settle. */
  terminate(): Promise<void>;
}

/** What Node's workers and ports have in common. */
interface NodePort {
  postMessage(message: unknown, transferred?: readonly unknown[]): void;
  on(event: "message", listener: (data: unknown) => void): void;
  off(event: "message", listener: (data: unknown) => void): void;
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

/** What a started worker can do besides: hold the process open, or not. */
interface NodeWorkerPort extends NodePort {
  ref(): void;
  unref(): void;
}

/**
 * The endpoint of a worker that keeps the process alive as long as a call is under way, and no longer: one that only
 * waits must not keep a finished program open, and a program that waits for an answer must not end without it.
 * Comlink's calls carry an id, which comes back with the answer.
 */
function callingEndpoint(worker: NodeWorkerPort): Endpoint {
  const endpoint = asEndpoint(worker);
  const calls = new Set<unknown>();
  worker.on("message", (data) => {
    if (calls.delete((data as { id?: unknown } | null)?.id) && calls.size === 0) worker.unref();
  });
  return {
    ...endpoint,
    postMessage: (message, transferred) => {
      calls.add((message as { id: unknown }).id);
      worker.ref();
      endpoint.postMessage(message, transferred);
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
    return { remote: wrap<T>(worker), terminate: async () => worker.terminate() };
  }
  const { Worker: NodeWorker } = await workerThreads();
  const worker = new NodeWorker(url);
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve()); // `serve` says that it is there
    worker.once("error", reject);
  });
  const remote = wrap<T>(callingEndpoint(worker as unknown as NodeWorkerPort));
  worker.unref();
  return {
    remote,
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** Offers an object's methods to whoever started this worker. */
export async function serve(object: object): Promise<void> {
  if (!isNative()) {
    expose(object);
    return;
  }
  const { parentPort } = await workerThreads();
  if (!parentPort) throw new TypeError("Cannot serve: this module does not run in a worker");
  expose(object, asEndpoint(parentPort as unknown as NodePort));
  parentPort.postMessage("ready");
}

/** A callback that a worker may call: `remote.run(callback(report))`. */
export function callback<F extends (...parameters: never[]) => unknown>(call: F): F {
  return proxy(call) as F;
}

/** A result that moves to the other side instead of being copied: its buffers cannot be used here any more. */
export function moved<T extends object>(result: T, buffers: readonly ArrayBufferLike[]): T {
  return transfer(result, buffers as ArrayBuffer[]);
}
