/** The thread that started this worker, in Node. @platform node */
import { parentPort } from "node:worker_threads";
import type { Answer, Task } from "./protocol.ts";

/** Calls back with each task. */
export function nodeParent(
  listener: (task: Task, port: { postMessage(answer: Answer, transferred: Transferable[]): void }) => void,
): void {
  const port = parentPort!;
  port.on("message", (task: Task) =>
    listener(task, { postMessage: (answer, transferred) => port.postMessage(answer, transferred as ArrayBuffer[]) }),
  );
}
