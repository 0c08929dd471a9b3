/** A worker in Node. @platform node */
import { Worker } from "node:worker_threads";
import type { Answer, Port } from "./protocol.ts";

/** Starts it; while it has nothing to do it keeps nobody from ending. */
export function startNodePort(url: URL): Port {
  const worker = new Worker(url);
  let open = 0;
  return {
    post(task): void {
      if (open++ === 0) worker.ref();
      worker.postMessage(task);
    },
    listen(answered, failed): void {
      worker.on("message", (answer: Answer) => {
        if (--open === 0) worker.unref();
        answered(answer);
      });
      worker.on("error", failed);
      worker.on("exit", (code) => failed(new Error(`Cannot encode: a worker ended with code ${code}`)));
    },
    terminate: () => void worker.terminate(),
  };
}
