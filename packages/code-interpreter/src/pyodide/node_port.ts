/** A worker in Node. @platform node */
import { Worker } from "node:worker_threads";
import type { Answer, Port } from "./protocol.ts";

/** Starts it. What it keeps in JavaScript's heap is bounded, too: WebAssembly's memory and files are not part of that. */
export function startNodePort(url: URL): Port {
  const worker = new Worker(url, { env: {}, resourceLimits: { maxOldGenerationSizeMb: 256 } });
  return {
    post: (task) => worker.postMessage(task),
    listen(answered, failed): void {
      worker.on("message", (answer: Answer) => answered(answer));
      worker.on("error", failed);
      worker.on("exit", (code) => failed(new Error(`a worker ended with code ${code}`)));
    },
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
