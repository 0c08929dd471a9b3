/** What a pool and its workers say to each other. */
import type { EncodedBatch, EncodeOptions } from "../tokenizer.ts";

/** What a worker is told. */
export type Task =
  | { kind: "load"; json: string }
  | { kind: "encode"; task: number; texts: readonly string[]; options: EncodeOptions };

/** What a worker says: `loaded`, then an answer to each task. */
export interface Answer {
  task: number;
  batch?: EncodedBatch;
  error?: string;
}

/** A worker, in Node or on the web. */
export interface Port {
  post(task: Task): void;
  listen(answered: (answer: Answer) => void, failed: (error: Error) => void): void;
  terminate(): void;
}

/** The address of a file in this folder, as a source or built. */
export function sibling(name: string, base: string): URL {
  return new URL(`./${name}.${base.endsWith(".ts") ? "ts" : "js"}`, base);
}
