/**
 * A slot with Pyodide in a worker. A program that runs too long is stopped inside; one that cannot be (a single long
 * operation of C code) ends with its worker, and so does one whose memory has grown much, because that never shrinks.
 *
 * @module
 */
import type { Slot, SlotResult, SlotTask } from "../pool.ts";
import type { EngineOptions } from "./engine.ts";
import { type Answer, type Port, sibling } from "./protocol.ts";

/** What `node_port.ts` exports; it is loaded by its address, so that nothing else ever looks for it. */
interface NodeModule {
  startNodePort(url: URL): Port;
}

/** How long a program may go on after its time, while it is being stopped from inside. */
const GRACE_MS = 250;

/** How long Pyodide may take to start; where one of its files is missing it waits for ever. */
const START_MS = 120_000;

/** Growth of the memory beyond the image at which the worker is replaced: putting it back costs 1 ms for 16 MB. */
const GROWTH_BYTES = 64 << 20;

/** Starts workers with Python in them; those after the first need not compile it again. */
export function pyodideSlots(options: EngineOptions): () => Promise<Slot> {
  let compiled: WebAssembly.Module | undefined;
  return async () => {
    const slot = new PyodideSlot(await startPort());
    compiled = await slot.start({ ...options, compiled });
    return slot;
  };
}

async function startPort(): Promise<Port> {
  const url = sibling("worker", import.meta.url);
  if (typeof Worker === "undefined") {
    const { startNodePort } = (await import(sibling("node_port", import.meta.url).href)) as NodeModule;
    return startNodePort(url);
  }
  const worker = new Worker(url, { type: "module" });
  return {
    post: (task) => worker.postMessage(task),
    listen(answered, failed): void {
      worker.onmessage = ({ data }) => answered(data as Answer);
      worker.onerror = (event) => {
        event.preventDefault();
        failed(new Error(event.message));
      };
    },
    hold() {},
    terminate: () => worker.terminate(),
  };
}

class PyodideSlot implements Slot {
  readonly #port: Port;
  #imageBytes = 0;
  #settle: ((answer: Answer | Error) => void) | undefined;
  spent = false;

  constructor(port: Port) {
    this.#port = port;
    port.listen(
      (answer) => this.#settle?.(answer),
      (error) => {
        this.spent = true;
        this.#settle?.(error);
      },
    );
  }

  async start(options: EngineOptions): Promise<WebAssembly.Module> {
    const timer = setTimeout(() => this.#settle?.(new Error(`not ready after ${START_MS} ms`)), START_MS);
    const answer = await this.#ask({ kind: "start", options });
    clearTimeout(timer);
    if (answer instanceof Error || answer.kind !== "ready") {
      this.close();
      const reason = answer instanceof Error ? answer.message : answer.kind === "failed" ? answer.message : "";
      throw new Error(`Cannot start Pyodide from ${options.pyodide}: ${reason}`);
    }
    this.#imageBytes = answer.imageBytes;
    return answer.compiled;
  }

  async run({ program, timeLimitMs, signal }: SlotTask): Promise<SlotResult> {
    const start = performance.now();
    let aborted = false;
    const end = (): void => {
      this.spent = true;
      this.#port.terminate();
      this.#settle?.(new Error("terminated"));
    };
    const abort = (): void => {
      aborted = true;
      end();
    };
    const timer = setTimeout(end, timeLimitMs + GRACE_MS);
    signal?.addEventListener("abort", abort, { once: true });
    const answer = await this.#ask({ kind: "run", program, timeLimitMs });
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    if (aborted) throw signal?.reason;
    const durationMs = performance.now() - start;
    if (answer instanceof Error || answer.kind !== "result") {
      this.spent = true;
      const timedOut = durationMs >= timeLimitMs;
      const error = timedOut
        ? `TimeoutError: stopped after ${timeLimitMs} ms`
        : `SystemError: the interpreter died: ${answer instanceof Error ? answer.message : answer.kind}`;
      return { output: "", truncated: false, error, timedOut, durationMs };
    }
    const { output, outputBytes, error, timedOut, memoryBytes } = answer.result;
    if (memoryBytes > this.#imageBytes + GROWTH_BYTES) this.spent = true;
    return {
      output: new TextDecoder().decode(output),
      truncated: outputBytes > output.length,
      error,
      timedOut,
      durationMs,
    };
  }

  close(): void {
    this.spent = true;
    this.#port.terminate();
    this.#settle?.(new Error("closed"));
  }

  #ask(task: Parameters<Port["post"]>[0]): Promise<Answer | Error> {
    return new Promise((resolve) => {
      this.#settle = (answer) => {
        this.#settle = undefined;
        this.#port.hold(false);
        resolve(answer);
      };
      this.#port.hold(true);
      this.#port.post(task);
    });
  }
}
