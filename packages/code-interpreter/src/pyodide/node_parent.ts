/** The thread that started this worker, in Node. @platform node */
import { parentPort } from "node:worker_threads";
import type { Answer, Task } from "./protocol.ts";

/** Calls back with each task. */
export function nodeParent(listener: (task: Task) => void): (answer: Answer) => void {
  const port = parentPort!;
  port.on("message", listener);
  return (answer) => port.postMessage(answer);
}
