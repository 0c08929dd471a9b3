/** A program for the tests: a call with a callback, and then nothing that keeps it alive. */
import { callback, startWorker } from "../worker.ts";

const { remote } = await startWorker<{ count(report: (i: number) => void): Promise<string> }>(
  new URL("./sleeper.ts", import.meta.url),
);
const seen: number[] = [];
const answer = await remote.count(callback((i: number) => void seen.push(i)));
console.log(...seen, answer);
